"""Issuing: a caller asks, the tenant's root signs, the ledger knows it before anybody else does."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from kanoniv_auth.core import delegation as core
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import KeyInvalid, ScopeViolation, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_did_key
from kanoniv_auth.core.scopes import covers, parse_scopes
from kanoniv_server.domain.keys import checked_name
from kanoniv_server.domain.values import ISSUE, AuditEvent, Caller, Delegation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.core.caveats import Caveat
    from kanoniv_auth.core.chain import Chain
    from kanoniv_server.domain.ports import Signer, Store
    from kanoniv_server.domain.values import Tenant

# for the link's jti, and for a key when one is to be made
ENTROPY = 16 + 32
# whether 32 bytes are a key never changes, and to find out takes longer than all else of a grant; who may have one is
# asked each time
_key_of = lru_cache(4096)(parse_did_key)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, in the grammar. ttl: seconds, None for never · to: public key, None to make a key for it."""

    scopes: tuple[str, ...]
    ttl: int | None
    to: bytes | None = None
    name: str | None = None
    caveats: tuple[Caveat, ...] = ()

    @classmethod
    def read(
        cls,
        scopes: str | Iterable[str],
        ttl: str | float | None,
        *,
        to: str | None = None,
        name: str | None = None,
    ) -> Order:
        """Read what was sent. ttl: `4h`, seconds, `never`; 4 h when None · to: `did:key:…`. Raises: UsageError."""
        try:
            key = None if to is None else _key_of(to)
        except KeyInvalid as error:
            fix = "give the did:key that kanoniv-auth whoami prints where the key is"
            raise UsageError("usage", detail=str(error), fix=fix) from None
        label = None if name is None else checked_name(name)
        return cls(parse_scopes(scopes), parse_ttl(ttl), key, label)


@dataclass(frozen=True, slots=True)
class Issued:
    """What was made, and is durably known.

    text: a grant, or a bundle, which holds a private key · is_bundle: which of the two · cut: it ends before the
    asked TTL would
    """

    text: str = field(repr=False)
    chain: Chain
    is_bundle: bool
    cut: bool


def require_right(caller: Caller, right: str) -> None:
    """Refuse a caller without a right. Raises: ScopeViolation (scope)."""
    if right not in caller.rights:
        raise ScopeViolation("scope", need=right, have=tuple(sorted(caller.rights)))


def require_root(tenant: Tenant, signer: Signer) -> None:
    """Refuse to sign one tenant's chains with another's root. Raises: KeyInvalid."""
    if signer.root != tenant.root:
        detail = f"this root key is not the one of tenant {tenant.name}, {tenant.root_did}"
        raise KeyInvalid("bad_key", detail=detail)


async def issue(
    order: Order,
    *,
    caller: Caller,
    tenant: Tenant,
    signer: Signer,
    store: Store,
    now: int,
    entropy: bytes,
    noted: Mapping[str, str] | None = None,
) -> Issued:
    """Sign a link for a key of the receiver's own (a grant) or for one made here (a bundle).

    It stands in the ledger and in the audit chain, durably, before it is returned. The TTL is cut to the caller's.
    now: unix seconds · entropy: `ENTROPY` random bytes · noted: what else the audit says.
    Raises: ScopeViolation, Revoked (the receiver's key), KeyInvalid, TokenParseError (too_large), StorageError.
    """
    require_right(caller, ISSUE)
    require_scopes(caller, order.scopes)
    require_root(tenant, signer)
    if len(entropy) != ENTROPY:
        raise ValueError("a link and its key are made of 48 random bytes")
    made, to = None, order.to
    if to is None:
        made = KeyPair.generate(entropy[16:])
        to = made.public
    issuer, parent = signer.issuer(now)
    chain = core.issue(
        issuer,
        to,
        parent=parent,
        scopes=order.scopes,
        now=now,
        ttl=_capped(order.ttl, caller.max_ttl),
        entropy=entropy[:16],
        caveats=order.caveats,
        name=order.name,
    )
    text = chain.text if made is None else core.bundle(made.seed, chain)
    await store.add_delegation(*_record(chain, caller, tenant, now, noted or {}))
    end = chain.links[-1].expires_at
    cut = end is not None and (order.ttl is None or end < now + order.ttl)
    return Issued(text, chain, made is not None, cut)


def require_scopes(caller: Caller, scopes: Iterable[str]) -> None:
    """Refuse a scope that the caller itself does not cover. Raises: ScopeViolation (scope)."""
    if caller.scopes is None:
        return
    allowed = frozenset(caller.scopes)
    for scope in scopes:
        if not covers(allowed, scope):
            raise ScopeViolation("scope", need=scope, have=caller.scopes)


def _capped(ttl: int | None, limit: int | None) -> int | None:
    if ttl is None or limit is None:
        return limit if ttl is None else ttl
    return min(ttl, limit)


def _record(
    chain: Chain, caller: Caller, tenant: Tenant, now: int, noted: Mapping[str, str]
) -> tuple[Delegation, AuditEvent]:
    link, end = chain.links[-1], chain.expires_at
    row = Delegation(link.id, tenant.name, link.aud, link.scopes, link.name, caller.by, now, end)
    what = Happening(
        "issue",
        "ok",
        agent=row.holder_did,
        name=link.name or "",
        details={
            **noted,  # first: nothing noted stands in for what follows
            "by": caller.by,
            "id": link.id.hex(),
            "scopes": ",".join(link.scopes),
            "ttl": format_ttl(None if end is None else end - now),
        },
    )
    return row, AuditEvent(now, what)
