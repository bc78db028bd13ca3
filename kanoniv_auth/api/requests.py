"""What to ask the holder of a root key for: the scopes a token has now, and one more. Nothing is sent or granted."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import revocations
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import KeyInvalid, UsageError
from kanoniv_auth.core.keys import check_did, did, did_key, parse_did_key
from kanoniv_auth.core.proof import Seal, read_proof
from kanoniv_auth.core.scopes import check_scope, covers, parse_scopes
from kanoniv_auth.core.token import parse
from kanoniv_auth.core.verification import read_chain
from kanoniv_auth.store import agents
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home


class ScopeRequest(Record):
    """A command for somebody else, in parts.

    scopes: all that the new grant should have · ttl: as it is typed · did_key, agent_did: of the key it is for ·
    root_did: who would have to grant it, None when that is not known · audience: of the token now, "" for none ·
    held: the token grants it already
    """

    __slots__ = ("scopes", "ttl", "did_key", "agent_did", "root_did", "audience", "held")

    scopes: tuple[str, ...]
    ttl: str
    did_key: str
    agent_did: str
    root_did: str | None
    audience: str
    held: bool

    def __init__(
        self,
        scopes: tuple[str, ...],
        ttl: int | None,
        key: bytes,
        *,
        root_did: str | None,
        audience: str = "",
        held: bool = False,
    ) -> None:
        typed = "never" if ttl is None else f"{ttl}s"
        if ttl is not None and parse_ttl(format_ttl(ttl)) == ttl:
            typed = format_ttl(ttl)  # which says only the two largest units
        self._fill(scopes, typed, did_key(key), did(key), root_did, audience, held)


def request_scope(
    scope: str,
    token: str | None,
    *,
    agent: str | None = None,
    ttl: str | None = None,
    root_did: str | None = None,
) -> ScopeRequest:
    """Say what a root would have to grant so that a token's holder has one scope more.

    token: expired or not; None asks for this scope alone, for the key of a registered agent · ttl: default 4h ·
    root_did: who is asked, default the token's root.
    Raises: UsageError, Revoked, and what the links of a token are refused for.
    """
    home, now = find_home(os.environ), int(time.time())
    wanted, seconds = check_scope(scope), parse_ttl(ttl)
    asked = None if root_did is None else _label(root_did)
    if token is None:
        return ScopeRequest((wanted,), seconds, _agent_key(home, agent), root_did=asked)
    unverified = parse(token)
    chain = read_chain(unverified, trusted_roots(home), now, None)
    revoked = revocations.known(home)
    if revoked is not None:
        # its root took this back: whoever is to grant it again must not do so without knowing
        revoked.enforce(chain)
    proof = None if unverified.proof is None else read_proof(unverified.proof)
    alive = chain.expires_at is None or now < chain.expires_at
    scopes = parse_scopes({*chain.scopes, wanted})
    return ScopeRequest(
        scopes,
        seconds,
        chain.holder,
        root_did=asked or chain.root_did,
        audience=proof.audience if isinstance(proof, Seal) else "",
        held=alive and covers(chain.granted, wanted) and asked in (None, chain.root_did),
    )


def _label(text: str) -> str:
    try:
        return check_did(text) if text.startswith("did:agent:") else did(parse_did_key(text))
    except KeyInvalid as error:
        fix = "give the DID of a root, or leave --from out"
        raise UsageError("usage", detail=str(error), fix=fix) from None


def _agent_key(home: Home, name: str | None) -> bytes:
    key = None if name is None else agents.find_key(home, name)
    if key is None:
        detail = "without a token it cannot be said whose key to ask for, nor which scopes it has"
        fix = "name a token with --token-file, or a registered agent with -a NAME"
        raise UsageError("no_token", detail=detail, fix=fix)
    return key.public
