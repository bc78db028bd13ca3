"""Changes, as statements in a session: tenants, API keys, the ledger. Revocations: `revoking`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, or_, select, update

from kanoniv_auth.core.errors import Revoked
from kanoniv_server.storage.schema import (
    KEY,
    LINK,
    api_keys,
    delegations,
    revocations,
    tenants,
)

if TYPE_CHECKING:
    from kanoniv_server.domain.values import ApiKey, AuditEvent, Delegation, Tenant
    from kanoniv_server.storage.session import Session
_r, _asked = revocations.c, bindparam
# each side of the "or" names the whole primary key: else SQLite would look through all that the tenant has revoked
_REVOKED = (
    select(_r.entry)
    .where(
        or_(
            *[
                (_r.tenant_id == _asked("tenant_id"))
                & (_r.kind == kind)
                & (_r.entry == _asked(name))
                for kind, name in ((LINK, "id"), (KEY, "holder"), (KEY, "root"))
            ]
        )
    )
    .limit(1)
)
_ISSUED = delegations.insert().inline()


def add_tenant(session: Session, tenant: Tenant, key: ApiKey, event: AuditEvent) -> bool:
    """Make a tenant with its first key; False when the name is taken."""
    taken = select(tenants.c.id).where(tenants.c.name == tenant.name)
    if session.connection.execute(taken).one_or_none() is not None:
        return False
    row = {"name": tenant.name, "root": tenant.root, "created_at": tenant.created_at}
    session.connection.execute(tenants.insert(), row)
    add_api_key(session, key, event)
    return True


def add_api_key(session: Session, key: ApiKey, event: AuditEvent) -> None:
    """Keep a new key."""
    tenant_id, _ = session.tenant(key.tenant)
    row = {
        "digest": key.digest,
        "id": key.id,
        "tenant_id": tenant_id,
        "label": key.label,
        "rights": ",".join(sorted(key.rights)),
        "scopes": None if key.scopes is None else ",".join(key.scopes),
        "max_ttl": key.max_ttl,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
    session.connection.execute(api_keys.insert(), row)
    session.record(tenant_id, event)


def revoke_api_key(session: Session, tenant: str, key_id: str, event: AuditEvent) -> bool:
    """Let a key work no more; False when there is none such that works."""
    tenant_id, _ = session.tenant(tenant)
    this = (api_keys.c.tenant_id == tenant_id) & (api_keys.c.id == key_id)
    working = update(api_keys).where(this, api_keys.c.revoked_at.is_(None))
    if session.connection.execute(working.values(revoked_at=event.at)).rowcount == 0:
        return False
    session.record(tenant_id, event)
    return True


def add_delegation(session: Session, row: Delegation, event: AuditEvent) -> None:
    """Write a link down, unless it is revoked before it was known. Raises: Revoked."""
    tenant_id, root = session.tenant(row.tenant)
    facts = {"tenant_id": tenant_id, "holder": row.holder, "root": root, "id": row.id}
    found = session.connection.execute(_REVOKED, facts).one_or_none()
    if found is not None:
        raise Revoked("revoked", what=found.entry.hex())
    written = {
        "id": row.id,
        "tenant_id": tenant_id,
        "holder": row.holder,
        "holder_did": row.holder_did,
        "scopes": ",".join(row.scopes),
        "name": row.name,
        "issued_by": row.by,
        "issued_at": row.issued_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
    session.connection.execute(_ISSUED, written)
    session.record(tenant_id, event)


def record(session: Session, tenant: str, event: AuditEvent) -> None:
    """Append an event that changed nothing else."""
    session.record(session.tenant(tenant)[0], event)
