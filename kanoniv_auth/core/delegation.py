"""Issuing: one key gives another a part of its authority (docs/spec/token.md §1.2; bundles: §5). Not proving."""

from __future__ import annotations

from kanoniv_auth.core.caveats import check_caveats
from kanoniv_auth.core.chain import MAX_LINKS, Chain, Link
from kanoniv_auth.core.encoding import b64u, unb64u
from kanoniv_auth.core.errors import (
    ChainTooDeep,
    KeyInvalid,
    ScopeViolation,
    TokenExpired,
    TokenParseError,
)
from kanoniv_auth.core.keys import KeyPair, check_public
from kanoniv_auth.core.payload import (
    ROOT_ID,
    check_name,
    check_scopes,
    encode_payload,
    link_id,
    link_message,
)
from kanoniv_auth.core.scopes import covers
from kanoniv_auth.core.token import BUNDLE_PREFIX, MAX_TOKEN, PREFIX, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.caveats import Caveat

_JTI_BYTES = 16
# what the longest proof, or a bundle's seed, needs beside the links
MAX_GRANT = MAX_TOKEN - 512


def issue(  # noqa: PLR0913 - keyword-only, each one a field of the link
    issuer: KeyPair,
    delegate: bytes,
    *,
    parent: Chain | None,
    scopes: tuple[str, ...],
    now: int,
    ttl: int | None,
    entropy: bytes,
    caveats: Iterable[Caveat] = (),
    name: str | None = None,
) -> Chain:
    """Sign one link from `issuer` to the public key `delegate`; its `text` is a grant until the delegate seals it.

    parent: chain whose holder is `issuer`, None when `issuer` is a root · scopes: sorted, unique, in the
    grammar · now: unix seconds · ttl: seconds, None for none, cut to the parent's expiry · entropy: 16
    random bytes.
    Raises: ScopeViolation (widened), ChainTooDeep, TokenExpired (the parent's), KeyInvalid,
    TokenParseError.
    """
    if parent is not None:
        check_parent(parent, issuer, scopes, now)
    if len(entropy) != _JTI_BYTES or (ttl is not None and ttl < 1):
        raise TokenParseError(
            "parse", detail="a link needs 16 bytes of entropy, and a second to live"
        )
    # nothing is signed that no verifier takes; a scope with a quote in it would even be two scopes
    check_scopes(scopes)
    aud, rows, jti = check_public(delegate), check_caveats(caveats), b64u(entropy)
    exp, prev = expiry(parent, now, ttl), ROOT_ID if parent is None else parent.id
    iss = b64u(issuer.public) if parent is None else None
    label = None if name is None else check_name(name)
    payload = encode_payload(b64u(aud), iss, scopes, rows, now, exp, jti, label)
    signature = issuer.sign(link_message(prev, payload))
    link = Link(link_id(prev, payload), issuer.public, aud, scopes, rows, now, exp, jti, label)
    head = PREFIX if parent is None else parent.text + "."
    text = head + b64u(signature + payload)
    if len(text) > MAX_GRANT:
        raise TokenParseError("too_large", size=len(text), limit=MAX_GRANT)
    return Chain(parent, link, text)


def check_parent(parent: Chain, issuer: KeyPair, scopes: tuple[str, ...], now: int) -> None:
    """Refuse what `issuer` cannot delegate. Raises: KeyInvalid, ChainTooDeep, TokenExpired, ScopeViolation."""
    if parent.holder != issuer.public:
        raise KeyInvalid("bad_key", detail="this key does not hold the parent token")
    if parent.depth > parent.deepest:
        raise ChainTooDeep(
            "too_deep", depth=parent.depth + 1, limit=min(parent.deepest + 1, MAX_LINKS)
        )
    if parent.expires_at is not None and parent.expires_at <= now:
        raise TokenExpired("expired", at=parent.expires_at, now=now)
    for scope in scopes:
        if not covers(parent.granted, scope):
            raise ScopeViolation("widened", link=parent.depth, scope=scope, have=parent.scopes)


def expiry(parent: Chain | None, now: int, ttl: int | None) -> int | None:
    """When a new link ends, unix seconds: after `ttl` seconds, and with its parent at the latest."""
    limit = None if parent is None else parent.expires_at
    if ttl is None:
        return limit
    return now + ttl if limit is None else min(now + ttl, limit)


def bundle(seed: bytes, chain: Chain) -> str:
    """Pack an ephemeral holder's seed with its links, to move both to another machine. Secret.

    Raises: KeyInvalid when the seed is not the holder's.
    """
    if KeyPair(seed).public != chain.holder:
        raise KeyInvalid("bad_key", detail="this key does not hold the chain")
    return BUNDLE_PREFIX + b64u(seed) + "." + chain.text.removeprefix(PREFIX)


def parse_bundle(text: str) -> tuple[KeyPair, str]:
    """Take a bundle apart: the holder's key and the grant text, which is not verified here.

    Raises: TokenParseError, KeyInvalid.
    """
    if not text.startswith(BUNDLE_PREFIX) or len(text) > MAX_TOKEN:
        raise TokenParseError("parse", detail="not a bundle")
    seed, _, links = text[len(BUNDLE_PREFIX) :].partition(".")
    grant = parse(PREFIX + links)
    if grant.proof is not None:
        raise TokenParseError("parse", detail="a bundle with a proof")
    return KeyPair(unb64u(seed)), grant.text
