"""The reader of version 1 tokens: what their signatures prove, and nothing of what merely stands beside them.

docs/spec/version-1.md §2, step for step. Version 1 was made for another verifier, which believed most of what is
refused here; nothing above `verify` and `prove` accepts such a token.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.caveats import check_caveats, enforce
from kanoniv_auth.core.chain import Chain, Link
from kanoniv_auth.core.errors import (
    AudienceMismatch,
    CaveatViolation,
    HolderUnproven,
    ScopeViolation,
    SignatureInvalid,
    TokenExpired,
    TokenParseError,
)
from kanoniv_auth.core.keys import did
from kanoniv_auth.core.legacy_v1_form import (
    content_hash,
    message_of,
    read_v1,
)
from kanoniv_auth.core.rfc3339 import parse_time
from kanoniv_auth.core.scopes import MAX_SCOPES, check_wire, covers, require
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import CLOCK_SKEW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.access import Access
    from kanoniv_auth.core.caveats import Caveat
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.core.legacy_v1_form import Fields, SignedLink
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.roots import TrustedRoots

_TOLERANCE = 1  # milliseconds: the published issuer cuts the signed expiry to whole ones, and not the unsigned


class VerifiedV1(Value):
    """A version 1 chain from a trusted root to its holder, whose key came with it.

    chain: the links, without a text: nothing can be sealed or delegated from it · holder: the key that was sent along ·
    raw: the links as they were written, for the writer
    """

    __slots__ = ("chain", "holder", "raw")

    chain: Chain
    holder: KeyPair
    raw: tuple[Fields, ...]

    def __init__(self, chain: Chain, holder: KeyPair, raw: tuple[Fields, ...]) -> None:
        self._fill(chain, holder, raw)

    @property
    def agent_did(self) -> str:
        """`did:agent:` label of the holder."""
        return self.chain.holder_did

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return self.chain.root_did

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the holder may do, sorted: the signed scopes, whatever the top level says."""
        return self.chain.scopes

    @property
    def expires_at(self) -> int | None:
        """Earliest signed expiry, unix seconds; None when no link has one."""
        return self.chain.expires_at

    @property
    def sealed_until(self) -> None:
        """None: version 1 has no seal."""
        return

    @property
    def audience(self) -> str:
        """Empty: version 1 names no verifier."""
        return ""

    @property
    def chain_depth(self) -> int:
        """Number of links."""
        return self.chain.depth


class Grants(Value):
    """What one link gives. scopes: sorted · until: milliseconds, None for no expiry · caveats: in our own form."""

    __slots__ = ("scopes", "until", "caveats")

    scopes: tuple[str, ...]
    until: int | None
    caveats: tuple[Caveat, ...]

    def __init__(
        self, scopes: tuple[str, ...], until: int | None, caveats: tuple[Caveat, ...]
    ) -> None:
        self._fill(scopes, until, caveats)


def verify_v1(
    token: str,
    *,
    roots: TrustedRoots,
    audience: str | None,
    access: Access,
    now: int,
    revoked: Revocations | None,
) -> VerifiedV1:
    """Decide whether the holder of a version 1 token may do `access` (steps 0–10).

    Arguments and errors as `verification.verify`; the slug names the first step that failed.
    """
    verified = prove_v1(token, roots=roots, audience=audience, now=now, revoked=revoked)
    chain = verified.chain
    # (10) the access
    require(chain.granted, access.action, chain.scopes)
    enforce(chain.caveats, access, audience, now)
    return verified


def prove_v1(
    token: str,
    *,
    roots: TrustedRoots,
    audience: str | None,
    now: int,
    revoked: Revocations | None,
) -> VerifiedV1:
    """Check whose token it is, and that it is alive (steps 0–9). Not a permission. Errors as `verify_v1`."""
    if type(now) is not int:
        raise TypeError("now is whole seconds")  # a NaN would pass every bound
    # (0) size, base64url, JSON; (1) form
    found = read_v1(token)
    if found.key is None or found.key.did != found.agent_did:
        # whoever holds a child token has its parent's links, too: they count for who has the last one's key
        detail = "a version 1 token counts together with its holder's key, and this one is without"
        raise HolderUnproven("holder_unproven", detail=detail, version=1)
    # (2) the root
    roots.require(found.links[0].key, now)
    chain = read_chain(found.links, found.key.public, now)
    # (6) the holder of the last link is who presents it, and the top level claims no more than was signed
    if found.links[-1].delegate_did != found.agent_did:
        detail = "the token names another holder than its last link"
        raise HolderUnproven("holder_unproven", detail=detail, version=1)
    _check_claims(found.scopes, found.expires_at, chain, _earliest(found.links))
    # (7) nothing in the chain is revoked by its root
    if revoked is not None:
        revoked.enforce(chain)
    # (8) version 1 names no verifier, so one that has a name is not meant
    if audience is not None:
        fix = "make a token for this verifier: kanoniv-auth delegate -s SCOPE --audience NAME"
        raise AudienceMismatch("audience", want=audience, got="", fix=fix)
    # (9) time
    if chain.expires_at is not None and chain.expires_at <= now:
        raise TokenExpired("expired", at=chain.expires_at, now=now)
    return VerifiedV1(chain, found.key, tuple([link.raw for link in found.links]))


def read_chain(links: tuple[SignedLink, ...], holder: bytes, now: int) -> Chain:
    """Check the links in order (steps 3–5). holder: the key that holds the last one. Raises: as `verify_v1`."""
    chain: Chain | None = None
    until: int | None = None
    receivers = (*[link.key for link in links[1:]], holder)
    for index, link in enumerate(links):
        # (3) who signs is who was given it, over this payload, below that very parent
        _check_signer(index, link, links[index - 1] if index else None)
        # (4) bounds
        if link.signed_at // 1000 > now + CLOCK_SKEW:
            raise TokenExpired("not_yet_valid", at=link.signed_at // 1000, now=now)
        # (5) what it gives, and that it is no more than its parent gave
        grants = read_grants(link.caveats)
        if grants.until is not None and grants.until <= link.signed_at:
            raise SignatureInvalid("bad_bounds", where=f"link {index}")
        if chain is not None:
            _check_narrowing(chain, until, grants)
        until = grants.until
        made = Link(
            content_hash(link.proof),
            link.key,
            receivers[index],
            grants.scopes,
            grants.caveats,
            link.signed_at // 1000,
            None if until is None else until // 1000,
            "",
            None,
        )
        chain = Chain(chain, made, "")
    assert chain is not None  # noqa: S101 - read_v1 gives at least one link
    return chain


def _check_signer(index: int, link: SignedLink, before: SignedLink | None) -> None:
    where = f"link {index}"
    if not did(link.key) == link.issuer_did == link.signer_did:
        raise SignatureInvalid("bad_signature", where=f"{where}: its key is not its issuer's")
    if before is not None and before.delegate_did != link.issuer_did:
        raise SignatureInvalid(
            "bad_signature", where=f"{where}: its issuer was given nothing by the link before"
        )
    expected = None if before is None else content_hash(before.proof).hex()
    if link.parent_hash != expected:
        raise SignatureInvalid(
            "bad_signature", where=f"{where}: its parent_hash is not its parent's"
        )
    try:
        sodium.verify(link.key, link.signature, message_of(link.proof))
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where=where) from None


def _check_narrowing(parent: Chain, limit: int | None, grants: Grants) -> None:
    for scope in grants.scopes:
        if not covers(parent.granted, scope):
            raise ScopeViolation("widened", link=parent.depth, scope=scope, have=parent.scopes)
    if limit is not None and (grants.until is None or grants.until > limit):
        raise SignatureInvalid("outlives_parent", link=parent.depth)


def read_grants(rows: list[object]) -> Grants:
    """Read the signed caveats of a link: they add up, and one that is not known here cannot hold.

    Raises: TokenParseError (parse), CaveatViolation (unknown_caveat).
    """
    granted: frozenset[str] | None = None
    until: int | None = None
    caveats: list[Caveat] = []
    for row in rows:
        if type(row) is not dict or row.keys() != {"type", "value"} or type(row["type"]) is not str:
            raise TokenParseError("parse", detail="a caveat that is not a type and a value")
        kind, value = row["type"], row["value"]
        if kind == "action_scope":
            scopes = _read_scopes(value)
            granted = scopes if granted is None else _meet(granted, scopes)
        elif kind == "expires_at":
            moment = parse_time(value)
            until = moment if until is None else min(until, moment)
        else:
            caveats.append(_translated(kind, value))
    if not granted:
        # a link without scopes is no grant, least of all one without limits
        raise TokenParseError("parse", detail="a link that gives no scope")
    return Grants(tuple(sorted(granted)), until, check_caveats(caveats))


def _read_scopes(value: object) -> frozenset[str]:
    if type(value) is not list or not 0 < len(value) <= MAX_SCOPES:
        raise TokenParseError("parse", detail="action_scope is not a list of 1–64 scopes")
    return frozenset([check_wire(scope) for scope in value])


def _meet(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """What both lists cover: a library of the published product repeats the parent's caveats before its own."""
    return frozenset(
        [scope for scope in one if covers(other, scope)]
        + [scope for scope in other if covers(one, scope)]
    )


def _translated(kind: str, value: object) -> Caveat:
    """A caveat of ours that holds at most where this one does. Raises: CaveatViolation (unknown_caveat)."""
    caveat: tuple[object, ...] | None = None
    if kind == "resource" and type(value) is str:
        caveat = ("resource", value)
    elif kind == "context" and type(value) is dict and value.keys() == {"key", "value"}:
        caveat = ("context", value["key"], value["value"])
    try:
        if caveat is not None:
            return check_caveats([caveat])[0]  # type: ignore[list-item]
    except TokenParseError:
        pass  # a glob or a text that ours cannot say
    raise CaveatViolation("unknown_caveat", name=kind)


def _earliest(links: tuple[SignedLink, ...]) -> int | None:
    # a child ends no later than its parent, so the last one says it
    return read_grants(links[-1].caveats).until


def _check_claims(
    scopes: tuple[str, ...], expires_at: float | None, chain: Chain, until: int | None
) -> None:
    """Refuse a top level that says more than what is signed: nothing reads it, and somebody edited it."""
    for scope in scopes:
        if not covers(chain.granted, check_wire(scope)):
            raise SignatureInvalid("bad_signature", where="the top level: it claims other scopes")
    if until is not None and expires_at is not None and expires_at * 1000 > until + _TOLERANCE:
        raise SignatureInvalid("bad_signature", where="the top level: it claims a later expiry")
