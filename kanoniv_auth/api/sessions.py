"""The authority of one coding session: what a person gives it, changes and takes back.

One token a session, signed by the home's own root, for an agent with a name. Whoever asks for it reads the file
again each time, so what a person changes counts from the next tool call on.
"""

from __future__ import annotations

import time

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.delegation import mint
from kanoniv_auth.api.orders import Order
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import no_token, read_links
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import AuthError, TokenExpired, UsageError
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import prove
from kanoniv_auth.store import keystore, sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.store.home import Home

AGENT = "claude-code"
# what a coding agent's host tells the processes it starts; of all foreign variables the only one that is read
VARIABLE = "CLAUDE_CODE_SESSION_ID"
_FIX = "a person starts one by typing, such as: /kanoniv:delegate code.edit,test.run 4h"
_EXPIRED = "a person gives it more time by typing: /kanoniv:ttl 2h"


class Session(Record):
    """One session's authority, proven.

    expires_at: unix seconds · ttl_remaining: seconds, below zero when it is over · id: of the token's last link, hex
    """

    __slots__ = ("session", "name", "agent_did", "scopes", "expires_at", "ttl_remaining", "id")

    session: str
    name: str
    agent_did: str
    scopes: tuple[str, ...]
    expires_at: int
    ttl_remaining: int
    id: str

    def __init__(self, session_id: str, chain: Chain, now: int) -> None:
        end = chain.expires_at
        if end is None:  # a person may have put another token there
            raise UsageError("usage", detail="a session has an end, its token has none", fix=_FIX)
        name = chain.links[-1].name or AGENT
        left = end - now
        self._fill(session_id, name, chain.holder_did, chain.scopes, end, left, chain.id.hex())


def named(environ: Mapping[str, str]) -> str | None:
    """The session that this process belongs to, as a coding agent's host says it; None outside of one."""
    return environ.get(VARIABLE) or None


def load(home: Home, session_id: str) -> str | None:
    """Read a session's token, anew each time; None when it has none. It is not verified here.

    Raises: UsageError, TokenParseError, KeyPermissions, StorageError: an unusable one is no reason to use another.
    """
    return sessions.read_text(home, session_id)


def start(
    home: Home,
    session_id: str,
    scopes: str | Iterable[str],
    ttl: str | float | None = None,
    name: str = AGENT,
    *,
    root_did: str | None = None,
) -> Session:
    """Give a session authority, in place of what it may have had.

    ttl: default 4 h; a session has an end, so not `never` · name: registered agent, made the first time · root_did:
    roots that will be asked, so that no token is made that they refuse. Raises: AuthError, before anything is kept.
    """
    return _give(home, session_id, Order(scopes, ttl, name=name), "start", root_did)


def change_scopes(
    home: Home, session_id: str, scopes: str | Iterable[str], *, root_did: str | None = None
) -> Session:
    """Give a session other scopes, for the time that it has left. Raises: AuthError, before anything is kept."""
    old = show(home, session_id)
    if old.ttl_remaining <= 0:
        now = old.expires_at - old.ttl_remaining
        raise TokenExpired("expired", at=old.expires_at, now=now, fix=_EXPIRED)
    order = Order(scopes, old.ttl_remaining, name=old.name)
    return _give(home, session_id, order, "scopes", root_did)


def change_ttl(
    home: Home, session_id: str, ttl: str | float, *, root_did: str | None = None
) -> Session:
    """Let a session last this long from now, with the scopes it has; one that has ended goes on.

    Raises: AuthError, before anything is kept.
    """
    old = show(home, session_id)
    return _give(home, session_id, Order(old.scopes, ttl, name=old.name), "ttl", root_did)


def show(home: Home, session_id: str) -> Session:
    """What a session may do, even when its time is over; nothing is believed that this home's root did not sign.

    Raises: UsageError (no_token), SignatureInvalid and the other refusals of a token but `expired`.
    """
    text = load(home, session_id)
    if text is None:
        raise no_token("this session has no token", _FIX)
    now = int(time.time())
    ends = [link.expires_at for link in read_links(text) if link.expires_at is not None]
    alive = min([now, *[end - 1 for end in ends]])
    proven = prove(
        text,
        roots=_own_root(home),
        audience=None,
        now=max(0, alive),
        once=None,
        revoked=revocations.known(home),
        cache=None,
    )
    return Session(session_id, proven.chain, now)


def end(home: Home, session_id: str) -> bool:
    """Take a session's authority away; False when it had none. Raises: UsageError, StorageError."""
    if not sessions.remove(home, session_id):
        return False
    audit_log.record(home, "delegate", result="ok", verb="end", session=session_id)
    return True


def _own_root(home: Home) -> TrustedRoots:
    return TrustedRoots(keys=(keystore.read_root(home.root_key).public,))


def _give(home: Home, session_id: str, order: Order, verb: str, root_did: str | None) -> Session:
    sessions.check_id(session_id)
    try:
        if order.ttl is None:
            raise UsageError("usage", detail="a session has an end", fix="give a time such as 8h")
        root, now = keystore.read_root(home.root_key), int(time.time())
        if root_did is not None:
            trusted_roots(home, None, root_did).require(root.public, now)
        made = mint(home, order, root)
        sessions.write(home, session_id, made.text)
    except AuthError as error:
        audit_log.record_denial(
            home, "delegate", error, None, scopes=",".join(order.scopes), session=session_id
        )
        raise
    chain = made.chain
    audit_log.record(
        home,
        "delegate",
        result="ok",
        agent=chain.holder_did,
        name=order.name,
        scopes=",".join(chain.scopes),
        ttl=format_ttl(order.ttl),
        id=chain.id.hex(),
        verb=verb,
        session=session_id,
    )
    return Session(session_id, made.chain, now)
