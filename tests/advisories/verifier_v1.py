"""The reader of version 1 that is attacked, with plain arguments, and its verdict as one word."""

from __future__ import annotations

from typing import Any

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.legacy_v1 import VerifiedV1, prove_v1, verify_v1
from kanoniv_auth.core.legacy_v1_invocation import verify_invocation
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import NOW, ROOT
from tests.advisories.forge_v1 import ARGS
from tests.advisories.verifier import Once, always_new, word_for

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


def take_call(
    proof: object,
    *,
    tool: str = "resolve",
    args: dict[str, Any] | None = None,
    scope: str | None = None,
    roots: TrustedRoots = PINS[0],
    now: int = NOW,
    once: Once = always_new,
    revoked: Revocations | None = None,
) -> Chain:
    """Take a signed call of a tool whose scope is its name, unless something else is said."""
    return verify_invocation(
        proof, tool=tool, args=ARGS if args is None else args, roots=roots, access=Access(scope or tool), now=now,
        once=once, revoked=revoked,
    )  # fmt: skip


def call_verdict(proof: object, **more: Any) -> str:
    """The word about a signed call."""
    return word_for(lambda: take_call(proof, **more))
