"""The one verifier: may the holder of this token do this, now? docs/spec/token.md §2, step for step.

Every argument is given: no clock, no environment, no store. It returns what was proven, or raises.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.caveats import enforce
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.errors import (
    AudienceMismatch,
    ChainTooDeep,
    HolderUnproven,
    ScopeViolation,
    SignatureInvalid,
    TokenExpired,
)
from kanoniv_auth.core.payload import ROOT_ID, link_message, read_payload, split_link
from kanoniv_auth.core.proof import (
    MAX_SEAL,
    POP_MEMORY,
    POP_WINDOW,
    Pop,
    Seal,
    pop_message,
    read_proof,
    seal_message,
)
from kanoniv_auth.core.scopes import covers, require
from kanoniv_auth.core.token import PREFIX, VerifiedToken, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.access import Access
    from kanoniv_auth.core.cache import Cache
    from kanoniv_auth.core.chain import Link
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.core.token import UnverifiedToken

CLOCK_SKEW = 30


def verify(
    token: str,
    *,
    roots: TrustedRoots,
    audience: str | None,
    access: Access,
    now: int,
    once: Callable[[bytes, int], bool] | None,
    revoked: Revocations | None,
    cache: Cache | None,
) -> VerifiedToken:
    """Decide whether the holder of `token` may do `access` (steps 0–10).

    roots: the pinned roots · audience: this verifier's own name, None when it has none · now: unix seconds
    · once: (key, seconds) → True the first time within that time; None refuses every pop · revoked: lists
    by root · cache: signatures checked before; decisions are never cached.
    Returns: what was proven.
    Raises: a subclass of AuthError whose slug names the first step that failed.
    """
    verified = _prove(token, roots, audience, access, now, once, revoked, cache)
    chain = verified.chain
    # (10) the access: covered by the last link's scopes, and every caveat of the chain holds
    require(chain.granted, access.action, chain.scopes)
    if chain.caveats:
        enforce(chain.caveats, access, audience, now)
    return verified


def prove(
    token: str,
    *,
    roots: TrustedRoots,
    audience: str | None,
    now: int,
    once: Callable[[bytes, int], bool] | None,
    revoked: Revocations | None,
    cache: Cache | None,
    request: Access | None = None,
) -> VerifiedToken:
    """Check whose token it is, and that it is alive (steps 0–9): for minting, listings, `whoami`.

    Not a permission: no scope is asked for. Arguments, result and errors as for `verify`. request: what a pop has to
    prove, such as what its holder asks about its own links; a pop is refused without one.
    """
    return _prove(token, roots, audience, request, now, once, revoked, cache)


def read_parent(
    token: str,
    *,
    roots: TrustedRoots,
    now: int,
    revoked: Revocations | None,
    cache: Cache | None = None,
) -> Chain:
    """Check the links of a token or grant (steps 0, 2–5, 7, 9) and leave its proof aside.

    For whoever is about to prove the holder's key by using it: delegating further, signing, accepting a
    grant.
    Raises: as `verify`.
    """
    _require_seconds(now)
    chain = read_chain(parse(token), roots, now, cache)
    _require_past(chain, now)
    if revoked is not None:
        revoked.enforce(chain)
    _require_unexpired(chain, now)
    return chain


def _prove(  # noqa: PLR0917 - verify's arguments, handed on
    token: str,
    roots: TrustedRoots,
    audience: str | None,
    access: Access | None,
    now: int,
    once: Callable[[bytes, int], bool] | None,
    revoked: Revocations | None,
    cache: Cache | None,
) -> VerifiedToken:
    _require_seconds(now)
    # (1) a hit saves decoding and signatures, nothing else: all that can change between two calls runs below
    verified = cache.get(token) if cache is not None else None
    known = verified is not None
    if verified is None:
        chain = cache.chain_of(token) if cache is not None else None
        if chain is not None:
            proof = read_proof(token[len(chain.text) + 1 :])
        else:
            # (0) size, prefix, number of links, proof: before anything is hashed
            unverified = parse(token)
            proof = read_proof(unverified.proof)
            # (2) (3) (4) (5) root and links, in order
            chain = read_chain(unverified, roots, now, cache)
        verified = VerifiedToken(chain, proof)
    chain, proof = verified.chain, verified.proof
    # (2) the root is one of the pinned ones, now
    roots.require(chain.links[0].issuer, now)
    # (4) no link is from the future
    _require_past(chain, now)
    # (6) the proof is signed by the key that the last link names
    if not known:
        _check_proof(chain, proof, audience, access)
    # (7) nothing in the chain is revoked by its root
    if revoked is not None:
        revoked.enforce(chain)
    # (8) what the proof says of itself: time, audience, one use
    _enforce_proof(chain, proof, audience, now, once)
    if cache is not None and not known:
        cache.add(token, verified)
    # (9) no link has expired
    _require_unexpired(chain, now)
    return verified


def read_chain(
    unverified: UnverifiedToken, roots: TrustedRoots, now: int, cache: Cache | None
) -> Chain:
    """Check the links of a token in order, root first (steps 2–5), going on from the longest prefix known.

    Raises: as `verify`.
    """
    chain = cache.longest(unverified.text) if cache is not None else None
    if chain is not None:
        # (2) the pins may have changed since; asked before a link below, as it is without a cache
        roots.require(chain.root, now)
    for text in unverified.links[0 if chain is None else chain.depth :]:
        signature, payload = split_link(text)
        if chain is None:
            # (2) `iss` only selects among the pinned roots; the rest waits for the signature
            link = read_payload(payload, ROOT_ID, None)
            roots.require(link.issuer, now)
            _check_signature(0, link.issuer, signature, link_message(ROOT_ID, payload))
            _check_bounds(None, link)
            chain = Chain(None, link, PREFIX + text)
            continue
        # (3) the signature over the bytes as sent, by the key that the link before names; decoded only then
        holder = chain.links[-1]
        _check_signature(chain.depth, holder.aud, signature, link_message(holder.id, payload))
        link = read_payload(payload, holder.id, holder.aud)
        # (4) bounds
        _check_bounds(chain, link)
        # (5) narrowing
        _check_narrowing(chain, link)
        chain = Chain(chain, link, f"{chain.text}.{text}")
    assert chain is not None  # noqa: S101 - parse() gives at least one link
    return chain


def _check_signature(index: int, key: bytes, signature: bytes, message: bytes) -> None:
    try:
        sodium.verify(key, signature, message)
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where=f"link {index}") from None


def _check_bounds(parent: Chain | None, link: Link) -> None:
    index = 0 if parent is None else parent.depth
    if link.expires_at is not None and link.expires_at <= link.issued_at:
        raise SignatureInvalid("bad_bounds", where=f"link {index}")
    if parent is not None and index > parent.deepest:
        raise ChainTooDeep("too_deep", depth=index + 1, limit=parent.deepest + 1)


def _check_narrowing(parent: Chain, link: Link) -> None:
    for scope in link.scopes:
        if not covers(parent.granted, scope):
            raise ScopeViolation("widened", link=parent.depth, scope=scope, have=parent.scopes)
    # a link without an expiry under a parent that has one would outlive it
    limit = parent.expires_at
    if limit is not None and (link.expires_at is None or link.expires_at > limit):
        raise SignatureInvalid("outlives_parent", link=parent.depth)


def _check_proof(
    chain: Chain, proof: Seal | Pop, audience: str | None, access: Access | None
) -> None:
    if isinstance(proof, Seal):
        message, where = seal_message(chain.id, proof.expires_at, proof.audience), "seal"
    elif access is None:
        raise HolderUnproven(
            "holder_unproven", detail="a pop proves one request, and none was named"
        )
    else:
        # action, audience and arguments are the verifier's own: nothing of the request is read from the token
        message, where = (
            pop_message(
                chain.id,
                proof.issued_at,
                proof.nonce,
                audience=audience or "",
                action=access.action,
                args_sha256=access.args_sha256,
            ),
            "pop",
        )
    try:
        sodium.verify(chain.holder, proof.signature, message)
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where=where) from None


def _enforce_proof(
    chain: Chain,
    proof: Seal | Pop,
    audience: str | None,
    now: int,
    once: Callable[[bytes, int], bool] | None,
) -> None:
    if isinstance(proof, Seal):
        until = chain.expires_at
        if proof.expires_at > (now + MAX_SEAL if until is None else until):
            raise SignatureInvalid("bad_bounds", where="seal")
        if proof.expires_at <= now:
            # a seal that ended with its chain: the chain is what has to be renewed
            _require_unexpired(chain, now)
            raise TokenExpired("proof_expired", at=proof.expires_at, now=now)
        if proof.audience != (audience or ""):
            raise AudienceMismatch("audience", want=audience or "", got=proof.audience)
        return
    if abs(now - proof.issued_at) > POP_WINDOW:
        raise TokenExpired("proof_expired", at=proof.issued_at + POP_WINDOW, now=now)
    if once is None:
        raise HolderUnproven(
            "holder_unproven", detail="this verifier cannot remember a pop, so it takes none"
        )
    if not once(chain.holder + proof.nonce, POP_MEMORY):
        raise HolderUnproven("replayed")


def _require_seconds(now: object) -> None:
    # a NaN compares false with every bound, and so would pass them all
    if type(now) is not int:
        raise TypeError("now is whole seconds")


def _require_past(chain: Chain, now: int) -> None:
    if chain.latest_iat > now + CLOCK_SKEW:
        raise TokenExpired("not_yet_valid", at=chain.latest_iat, now=now)


def _require_unexpired(chain: Chain, now: int) -> None:
    if chain.expires_at is not None and chain.expires_at <= now:
        raise TokenExpired("expired", at=chain.expires_at, now=now)
