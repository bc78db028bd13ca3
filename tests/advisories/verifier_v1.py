"""The reader of version 1 that is attacked, with plain arguments, and its verdict as one word."""

from __future__ import annotations

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.legacy_v1 import VerifiedV1, prove_v1, verify_v1
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import NOW, ROOT
from tests.advisories.verifier import word_for

# by its key or by its DID: the published attack on one root works for a verifier that compares labels
PINS = (TrustedRoots(keys=[ROOT.public]), TrustedRoots(dids=[ROOT.did]))


def read(
    token: object,
    action: str = "deploy.staging",
    *,
    roots: TrustedRoots = PINS[0],
    audience: str | None = None,
    now: int = NOW,
    revoked: Revocations | None = None,
    access: Access | None = None,
) -> VerifiedV1:
    return verify_v1(
        token,  # type: ignore[arg-type]
        roots=roots, audience=audience, access=access or Access(action), now=now, revoked=revoked,
    )  # fmt: skip


def verdict_v1(token: object, action: str = "deploy.staging") -> str:
    """The word that every way to ask agrees on: pinned by key or by DID, for an action or for none."""
    words = [word_for(lambda pin=pin: read(token, action, roots=pin)) for pin in PINS]  # type: ignore[misc]
    proven = word_for(
        lambda: prove_v1(token, roots=PINS[0], audience=None, now=NOW, revoked=None)  # type: ignore[arg-type]
    )
    if words[0] not in ("scope", "caveat"):
        words.append(proven)
    return (
        words[0]
        if len(set(words)) == 1
        else f"by key {words[0]}, by DID {words[1]}, prove {proven}"
    )
