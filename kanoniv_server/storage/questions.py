"""Reading, as statements on a connection: rows become the domain's values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from kanoniv_server.domain.values import ApiKey, AuditLine, Counts, Delegation, Page, Tenant
from kanoniv_server.storage.schema import (
    api_keys,
    audit,
    delegations,
    revocation_lists,
    revocations,
    tenants,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, ScalarSelect, Select

MOST = 1000


def _number(name: str) -> ScalarSelect[Any]:
    return select(tenants.c.id).where(tenants.c.name == name).scalar_subquery()


def all_tenants(connection: Connection, name: str | None = None) -> tuple[Tenant, ...]:
    """Tenants by name, or the one of that name."""
    query = select(tenants).order_by(tenants.c.name)
    if name is not None:
        query = query.where(tenants.c.name == name)
    return tuple(Tenant(row.name, row.root, row.created_at) for row in connection.execute(query))


def _keys() -> Select[Any]:
    return select(api_keys, tenants.c.name.label("tenant")).join_from(api_keys, tenants)


def _key(row: Row[Any]) -> ApiKey:
    scopes = None if row.scopes is None else tuple(row.scopes.split(","))
    rights = frozenset(row.rights.split(","))
    return ApiKey(
        row.id,
        row.tenant,
        row.label,
        row.digest,
        rights,
        scopes,
        row.max_ttl,
        row.created_at,
        row.revoked_at,
    )


def api_key(connection: Connection, digest: bytes) -> ApiKey | None:
    """Find a key that works."""
    query = _keys().where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _key(row)


def keys_of(connection: Connection, tenant: str) -> tuple[ApiKey, ...]:
    """All keys of a tenant, oldest first."""
    query = _keys().where(tenants.c.name == tenant)
    rows = connection.execute(query.order_by(api_keys.c.created_at, api_keys.c.id))
    return tuple(_key(row) for row in rows)


def _delegation(row: Row[Any], tenant: str) -> Delegation:
    return Delegation(
        row.id,
        tenant,
        row.holder,
        tuple(row.scopes.split(",")),
        row.name,
        row.issued_by,
        row.issued_at,
        row.expires_at,
        row.revoked_at,
        row.at,
    )


def delegation(connection: Connection, tenant: str, link_id: bytes) -> Delegation | None:
    """Find one link."""
    d = delegations.c
    query = select(delegations).where(d.tenant_id == _number(tenant), d.id == link_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _delegation(row, tenant)


def some_delegations(
    connection: Connection,
    tenant: str,
    *,
    holder_did: str | None,
    active_at: int | None,
    limit: int,
    before: int | None,
) -> Page[Delegation]:
    """List links, newest first."""
    d, size = delegations.c, bounded(limit)
    query = select(delegations).where(d.tenant_id == _number(tenant))
    if holder_did is not None:
        query = query.where(d.holder_did == holder_did)
    if active_at is not None:
        query = query.where(
            d.revoked_at.is_(None), d.expires_at.is_(None) | (d.expires_at > active_at)
        )
    if before is not None:
        query = query.where(d.at < before)
    rows = connection.execute(query.order_by(d.at.desc()).limit(size + 1)).all()
    found = tuple(_delegation(row, tenant) for row in rows[:size])
    return Page(found, found[-1].at if len(rows) > size else None)


def bounded(limit: int) -> int:
    """Hold the size of a page to 1…1000."""
    return max(1, min(limit, MOST))


def revocation_list(connection: Connection, tenant: str) -> str | None:
    """Give the newest signed list."""
    lists = revocation_lists.c
    query = select(lists.text).where(lists.tenant_id == _number(tenant))
    return connection.execute(query).scalar_one_or_none()


def audit_page(
    connection: Connection, tenant: str, *, limit: int, before: int | None, after: int | None
) -> Page[AuditLine]:
    """Read the chain: newest first, or oldest first from `after` on."""
    a, size = audit.c, bounded(limit)
    query = select(a.seq, a.line).where(a.tenant_id == _number(tenant))
    if before is not None:
        query = query.where(a.seq < before)
    if after is not None:
        query = query.where(a.seq > after)
    order = a.seq.desc() if after is None else a.seq.asc()
    rows = connection.execute(query.order_by(order).limit(size + 1)).all()
    found = tuple(AuditLine(row.seq, row.line) for row in rows[:size])
    return Page(found, found[-1].seq if len(rows) > size else None)


def counts(connection: Connection, tenant: str, now: int) -> Counts:
    """Count what a tenant has."""
    d, number = delegations.c, _number(tenant)
    alive = d.revoked_at.is_(None)
    going = alive & (d.expires_at.is_(None) | (d.expires_at > now))
    query = select(
        func.count(),
        func.count().filter(going),
        func.count().filter(~alive),
        select(func.count()).where(revocations.c.tenant_id == number).scalar_subquery(),
        select(func.coalesce(func.max(audit.c.seq), 0))
        .where(audit.c.tenant_id == number)
        .scalar_subquery(),
    ).where(d.tenant_id == number)
    return Counts(*connection.execute(query).one())


def version(connection: Connection) -> int:
    """Sum what only ever grows: the lists' seq, and how many API keys work no more."""
    lists = select(func.coalesce(func.sum(revocation_lists.c.seq), 0)).scalar_subquery()
    gone = select(func.count()).where(api_keys.c.revoked_at.is_not(None)).scalar_subquery()
    return int(connection.execute(select(lists + gone)).scalar_one())
