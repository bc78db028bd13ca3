"""`verify`: may the holder of this token do this, now? The configured roots, the clock and core's one verifier."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.scopes import check_scope
from kanoniv_auth.core.token import is_v1
from kanoniv_auth.core.verification import prove as core_prove, verify as core_verify
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.errors import StorageError
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.core.legacy_v1 import VerifiedV1
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.core.token import VerifiedToken
    from kanoniv_auth.store.home import Home


class Verification(Record):
    """A token that passed. Also read as `result["agent_did"]`.

    valid: always True, a refusal raises · expires_at: unix seconds of the earliest end, chain's or seal's ·
    ttl_remaining: seconds, None with no end · chain_depth: number of links · name: the issuer's label, or None
    """

    __slots__ = (
        "valid", "agent_did", "root_did", "scopes", "expires_at", "ttl_remaining", "chain_depth",
        "name", "audience",
    )  # fmt: skip

    valid: bool
    agent_did: str
    root_did: str
    scopes: tuple[str, ...]
    expires_at: int | None
    ttl_remaining: int | None
    chain_depth: int
    name: str | None
    audience: str

    def __init__(self, token: VerifiedToken | VerifiedV1, now: int) -> None:
        ends = [at for at in (token.expires_at, token.sealed_until) if at is not None]
        expires_at = min(ends, default=None)
        self._fill(
            True,
            token.agent_did,
            token.root_did,
            token.scopes,
            expires_at,
            None if expires_at is None else expires_at - now,
            token.chain_depth,
            token.chain.links[-1].name,
            token.audience,
        )


def own_audience(audience: str | None) -> str | None:
    """This verifier's own name: the argument, else `$KANONIV_AUDIENCE`; None when it has none.

    Raises: UsageError for an empty one, which must not turn a named verifier into a nameless one.
    """
    if audience is not None:
        if not audience.strip():
            fix = "name this verifier, or leave the audience out"
            raise UsageError("usage", detail="the audience is empty", fix=fix)
        return audience
    named = os.environ.get("KANONIV_AUDIENCE")
    if named is not None and not named.strip():
        fix = "set it to this verifier's name, or unset it"
        raise UsageError("usage", detail="KANONIV_AUDIENCE is set and empty", fix=fix)
    return named


def verify(
    action: str,
    token: str | None = None,
    *,
    root: KeyPair | str | os.PathLike[str] | None = None,
    root_did: str | None = None,
    audience: str | None = None,
    context: Mapping[str, str] | None = None,
    require_audit: bool = False,
    max_staleness: str | float | None = None,
) -> Verification:
    """Check that a token's holder may do `action` now, by a chain of signatures from a trusted root.

    token: default the innermost `delegated` block's, else `$KANONIV_TOKEN`, else the one made last · root, root_did:
    the trusted root; default `$KANONIV_ROOT_DID` or `$KANONIV_ROOT_PUB`, else the roots of `$KANONIV_HOME` ·
    audience: this verifier's own name, default `$KANONIV_AUDIENCE` · context: facts for `context` caveats ·
    require_audit: refuse what cannot be written to the audit log; without, that is a RuntimeWarning · max_staleness:
    refuse (stale) unless the root's revocation list is here and was signed within that time, `1h` or seconds.
    Raises: AuthError; never returns False.
    """
    found, failed = decide(
        action,
        token,
        root=root,
        root_did=root_did,
        audience=audience,
        context=context,
        require_audit=require_audit,
        max_staleness=max_staleness,
    )
    if failed is not None:
        from warnings import warn  # noqa: PLC0415 - where a disk is full

        warn(str(audit_log.not_recorded(failed)["note"]), RuntimeWarning, stacklevel=2)
    return found


def decide(
    action: str,
    token: str | None = None,
    *,
    root: KeyPair | str | os.PathLike[str] | None = None,
    root_did: str | None = None,
    audience: str | None = None,
    context: Mapping[str, str] | None = None,
    require_audit: bool = False,
    max_staleness: str | float | None = None,
) -> tuple[Verification, StorageError | None]:
    """As `verify`; also returns why an allowed action could not be recorded, None when it was."""
    home, scope = find_home(os.environ), check_scope(action)
    staleness = revocations.checked_staleness(max_staleness)
    text = load_token() if token is None else token
    try:
        found = checked(
            scope,
            text,
            home,
            roots=trusted_roots(home, root, root_did),
            audience=own_audience(audience),
            context=context,
            version_1=True,
            max_staleness=staleness,
        )
    except AuthError as error:
        audit_log.record_denial(
            home, "verify", error, text, proves=True, required=require_audit, scope=scope
        )
        raise
    failed = audit_log.record(
        home,
        "verify",
        result="allowed",
        agent=found.agent_did,
        name=found.name,
        required=require_audit,
        scope=scope,
    )
    return found, failed


def checked(
    action: str,
    token: str,
    home: Home,
    *,
    roots: TrustedRoots,
    audience: str | None,
    context: Mapping[str, str] | None = None,
    version_1: bool = False,
    max_staleness: int | None = None,
) -> Verification:
    """As `verify`, with all of it given: nothing comes from the environment, and nothing is recorded.

    version_1: take a token of the published product, too · max_staleness: as `revocations.known` has it.
    """
    access = Access(check_scope(action), context=context)
    now, revoked = int(time.time()), revocations.known(home, max_staleness)
    if version_1 and is_v1(token):
        from kanoniv_auth.core.legacy_v1 import verify_v1  # noqa: PLC0415 - `json` and 700 lines

        old = verify_v1(
            token, roots=roots, audience=audience, access=access, now=now, revoked=revoked
        )
        return Verification(old, now)
    verified = core_verify(
        token,
        roots=roots,
        audience=audience,
        access=access,
        now=now,
        once=None,  # this process has no memory of nonces, so a pop is refused
        revoked=revoked,
        cache=None,
    )
    return Verification(verified, now)


def prove(
    token: str | None = None, *, root_did: str | None = None, audience: str | None = None
) -> Verification:
    """Check whose token it is and that it is alive, without asking for an action: not a permission.

    Arguments and errors as for `verify`.
    """
    home, now = find_home(os.environ), int(time.time())
    text = load_token() if token is None else token
    roots, name = trusted_roots(home, None, root_did), own_audience(audience)
    revoked = revocations.known(home)
    if is_v1(text):
        from kanoniv_auth.core.legacy_v1 import prove_v1  # noqa: PLC0415 - as above

        old = prove_v1(text, roots=roots, audience=name, now=now, revoked=revoked)
        return Verification(old, now)
    verified = core_prove(
        text, roots=roots, audience=name, now=now, once=None, revoked=revoked, cache=None
    )
    return Verification(verified, now)
