"""`verify`: may the holder of this token do this, now? The configured roots, the clock and core's one verifier."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import revocations
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import check_scope
from kanoniv_auth.core.verification import prove as core_prove, verify as core_verify
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.keys import KeyPair
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

    def __init__(self, token: VerifiedToken, now: int) -> None:
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
) -> Verification:
    """Check that a token's holder may do `action` now, by a chain of signatures from a trusted root.

    token: default the innermost `delegated` block's, else `$KANONIV_TOKEN`, else the one made last · root, root_did:
    the trusted root; default `$KANONIV_ROOT_DID` or `$KANONIV_ROOT_PUB`, else the roots of `$KANONIV_HOME` ·
    audience: this verifier's own name, default `$KANONIV_AUDIENCE` · context: facts for `context` caveats.
    Raises: AuthError; never returns False.
    """
    home = find_home(os.environ)
    return checked(
        action,
        load_token() if token is None else token,
        home,
        roots=trusted_roots(home, root, root_did),
        audience=own_audience(audience),
        context=context,
    )


def checked(
    action: str,
    token: str,
    home: Home,
    *,
    roots: TrustedRoots,
    audience: str | None,
    context: Mapping[str, str] | None = None,
) -> Verification:
    """As `verify`, with all of it given: nothing comes from the environment, and nothing is recorded."""
    access = Access(check_scope(action), context=context)
    now = int(time.time())
    verified = core_verify(
        token,
        roots=roots,
        audience=audience,
        access=access,
        now=now,
        once=None,  # this process has no memory of nonces, so a pop is refused
        revoked=revocations.known(home),
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
    verified = core_prove(
        load_token() if token is None else token,
        roots=trusted_roots(home, None, root_did),
        audience=own_audience(audience),
        now=now,
        once=None,
        revoked=revocations.known(home),
        cache=None,
    )
    return Verification(verified, now)
