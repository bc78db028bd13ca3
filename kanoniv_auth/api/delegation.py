"""`delegate` and `accept`: authority is handed on, and taken up. Key, clock, entropy and store meet core's `issue`."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import agents as named, audit_log, current, revocations
from kanoniv_auth.api.orders import Delegated, Order, checked_audience
from kanoniv_auth.api.roots import signing_root, trusted_roots
from kanoniv_auth.core.delegation import issue, parse_bundle
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import AuthError, KeyInvalid, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_did_key
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.token import BUNDLE_PREFIX
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import read_parent
from kanoniv_auth.store import agents, files, keystore, tokens
from kanoniv_auth.store.home import Home, find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.revocation import Revocations

    Path = str | os.PathLike[str]

_ROOM = 1 << 14  # bytes: the longest token


class _Issuer(Value):
    """Who signs the new link: the root itself, or the holder of a parent chain; and what is revoked here."""

    __slots__ = ("key", "parent", "revoked")

    key: KeyPair
    parent: Chain | None
    revoked: Revocations | None

    def __init__(self, key: KeyPair, parent: Chain | None, revoked: Revocations | None) -> None:
        self._fill(key, parent, revoked)


def delegate(  # noqa: PLR0913 - the product's published signature
    scopes: str | Iterable[str],
    ttl: str | float | None = None,
    *,
    to: str | None = None,
    name: str | None = None,
    root: KeyPair | Path | None = None,
    parent: str | None = None,
    parent_token: str | None = None,
    audience: str | None = None,
    home: Path | None = None,
) -> str:
    """Give an agent a part of one's authority; returns the token, which is also saved as the latest.

    scopes: names, or text with commas · ttl: `4h`, seconds, `never`; default 4 h; never longer than the parent's ·
    to: a did:key or a registered name: returns a grant for that key to accept, and makes no token · name: a
    registered agent (made the first time), same name, same DID · root: the issuing key, its path or text · parent
    (or parent_token): a token held here to delegate from, instead of a root · audience: the one verifier it is for ·
    home: the agent's own directory, which gets its key and token, and nothing else.
    Raises: AuthError, before anything is stored.
    """
    if parent is not None and parent_token is not None:
        msg = "parent and parent_token are one value under two names: give one"
        raise TypeError(msg)
    order = Order(scopes, ttl, to=to, name=name, audience=audience, home=home)
    return place(order, root=root, parent=parent if parent is not None else parent_token).text


def place(
    order: Order,
    *,
    root: KeyPair | Path | None = None,
    parent: str | None = None,
    dry_run: bool = False,
) -> Delegated:
    """Carry out an order, and record it. dry_run: every check, a throw-away key, nothing stored and nothing recorded.

    Raises: AuthError, before anything is stored; StorageError (unrecorded) after.
    """
    home = find_home(os.environ)
    try:
        made = _place(home, order, root=root, parent=parent, dry_run=dry_run)
    except AuthError as error:
        if not dry_run:
            scopes = ",".join(order.scopes)
            audit_log.record_denial(home, "delegate", error, parent, scopes=scopes)
        raise
    if not dry_run:
        record_made(home, "delegate", made)
    return made


def mint(home: Home, order: Order, root: KeyPair) -> Delegated:
    """A root's token for a registered agent, made the first time. The caller keeps it and records it; nobody else does.

    order: with a name. Raises: AuthError.
    """
    now = int(time.time())
    issuer = _Issuer(root, None, revocations.known(home))
    agent = named.registered(home, order.name or "", os.urandom(32))
    chain, token = _mint(issuer, agent, order, now)
    return Delegated(token, chain, is_grant=False, cut=False)


def record_made(home: Home, event: str, made: Delegated) -> None:
    """Write down what was handed on or taken up. Raises: StorageError (unrecorded)."""
    chain = made.chain
    end = chain.expires_at
    # what was issued just now has the time that was given; what was taken up, what is left of it
    start = int(time.time()) if event == "accept" else chain.links[-1].issued_at
    audit_log.record(
        home,
        event,
        result="ok",
        agent=chain.holder_did,
        name=chain.links[-1].name,
        scopes=",".join(chain.scopes),
        ttl=format_ttl(None if end is None else max(0, end - start)),
        id=chain.id.hex(),
    )


def _place(
    home: Home,
    order: Order,
    *,
    root: KeyPair | Path | None,
    parent: str | None,
    dry_run: bool,
) -> Delegated:
    now = int(time.time())
    issuer = _issuer(home, root, parent, now)
    if order.to is not None:
        receiver, label = _receiver(home, order.to)
        chain = _issue(issuer, receiver, order, order.name or label, now)
        return Delegated(chain.text, chain, is_grant=True, cut=is_cut(chain, order, now))
    known = None if order.name is None else agents.find_key(home, order.name)
    agent = KeyPair.generate(os.urandom(32)) if known is None else known
    chain, token = _mint(issuer, agent, order, now)
    if dry_run:
        return Delegated(token, chain, is_grant=False, cut=is_cut(chain, order, now))
    place_in = order.home or home
    if order.name is not None and known is None:
        # only now that nothing can be refused any more is a new name written down
        _check_room(place_in)
        registered = named.registered(home, order.name, agent.seed)
        if registered != agent:  # another process was faster: its key is the name's key
            agent = registered
            chain, token = _mint(issuer, agent, order, now)
    # the key first: a token without its key is useless, a key without a token is harmless
    keystore.save_agent_key(place_in, agent, now)
    path = tokens.save(place_in, chain.id, token, latest=True)
    _repair_pin(home, issuer)
    return Delegated(token, chain, is_grant=False, path=path, cut=is_cut(chain, order, now))


def _check_room(home: Home) -> None:
    """Know that a key and a token can be written. Raises: StorageError."""
    for folder in (home.keys, home.tokens):
        with files.NewFile(f"{folder}/room", room=_ROOM):
            pass


def _mint(issuer: _Issuer, agent: KeyPair, order: Order, now: int) -> tuple[Chain, str]:
    chain = _issue(issuer, agent.public, order, order.name, now)
    return chain, seal(chain, agent, now=now, audience=order.audience)


def _issuer(home: Home, root: KeyPair | Path | None, parent: str | None, now: int) -> _Issuer:
    if parent is None:
        return _Issuer(signing_root(root, home), None, revocations.known(home))
    roots, revoked = trusted_roots(home, root), revocations.known(home)
    chain = read_parent(parent, roots=roots, now=now, revoked=revoked)
    return _Issuer(current.holder_key(home, chain.holder, chain.holder_did), chain, revoked)


def _receiver(home: Home, to: str) -> tuple[bytes, str | None]:
    """Public key and label of whom a grant is for."""
    if to.startswith("did:key:"):
        try:
            return parse_did_key(to), None
        except KeyInvalid as error:
            fix = "ask the receiver for the did:key that kanoniv-auth whoami prints"
            raise UsageError("usage", detail=str(error), fix=fix) from None
    if to.startswith("did:"):
        detail = f"{to} is a label; a grant needs the whole public key"
        raise UsageError(
            "usage", detail=detail, fix="give the receiver's did:key, or a registered name"
        )
    key = agents.find_key(home, to)
    if key is None:
        fix = "give a did:key, or name an agent that kanoniv-auth delegate -n has made here"
        raise UsageError("usage", detail=f"no agent is registered as {to}", fix=fix)
    return key.public, to


def _issue(issuer: _Issuer, receiver: bytes, order: Order, name: str | None, now: int) -> Chain:
    chain = issue(
        issuer.key,
        receiver,
        parent=issuer.parent,
        scopes=order.scopes,
        now=now,
        ttl=order.ttl,
        entropy=os.urandom(16),
        name=name,
    )
    if issuer.revoked is not None:
        # to a key that is revoked, this would be handed out and then refused everywhere
        issuer.revoked.enforce(chain)
    return chain


def is_cut(chain: Chain, order: Order, now: int) -> bool:
    """Whether the parent ends before the asked TTL would."""
    end = chain.links[-1].expires_at
    return end is not None and (order.ttl is None or end < now + order.ttl)


def _repair_pin(home: Home, issuer: _Issuer) -> None:
    """Let `verify` find the local root's public half: homes of the published product have none."""
    if issuer.parent is not None:
        return
    try:
        keystore.repair_pin(home, issuer.key.public)
    except AuthError:
        return  # another root signed, and an unusable local one is no reason to lose the token just made


def accept(
    text: str,
    *,
    root_did: str | None = None,
    audience: str | None = None,
    home: Path | None = None,
    latest: bool = False,
) -> Delegated:
    """Take up a grant: check it against the trusted roots, seal it with the holder's key, keep the token.

    text: a grant for a key of this home, or a bundle (`kdb2.`), which brings its key · audience: the one verifier
    it is for · latest: make it the token that is used when none is named. Raises: AuthError.
    """
    where, sealed_for = find_home(os.environ, home), checked_audience(audience)
    try:
        made = _accept(where, text.strip(), root_did, sealed_for, latest=latest)
    except AuthError as error:
        audit_log.record_denial(where, "accept", error, text.strip())
        raise
    record_made(where, "accept", made)
    return made


def _accept(
    where: Home, text: str, root_did: str | None, sealed_for: str, *, latest: bool
) -> Delegated:
    now = int(time.time())
    bundled = None
    if text.startswith(BUNDLE_PREFIX):
        bundled, text = parse_bundle(text)
    roots, revoked = trusted_roots(where, None, root_did), revocations.known(where)
    chain = read_parent(text, roots=roots, now=now, revoked=revoked)
    holder = (
        keystore.holder_key(where, chain.holder, chain.holder_did) if bundled is None else bundled
    )
    token = seal(chain, holder, now=now, audience=sealed_for)
    if bundled is not None:
        keystore.save_agent_key(where, bundled, now)
    path = tokens.save(where, chain.id, token, latest=latest)
    return Delegated(token, chain, is_grant=False, path=path)
