"""One transaction, with what it has locked and read already. Not a connection: the database's module makes that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from kanoniv_auth.core.audit import START, line_hash, write_line
from kanoniv_auth.core.errors import StorageError
from kanoniv_server.storage.schema import audit, tenants

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kanoniv_server.domain.values import AuditEvent

# built once: building a statement costs more than running it
_TENANT = (
    select(tenants.c.id, tenants.c.root)
    .where(tenants.c.name == bindparam("name"))
    .with_for_update()
)
_END = (
    select(audit.c.seq, audit.c.line)
    .where(audit.c.tenant_id == bindparam("tenant_id"))
    .order_by(audit.c.seq.desc())
    .limit(1)
)
_APPENDED = audit.insert().inline()


class Session:
    """A transaction that changes something. A tenant is locked first, so that its chain and list have one writer."""

    __slots__ = ("_ends", "_tenants", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.forget()

    def forget(self) -> None:
        """Read everything again: a part of the transaction was undone."""
        self._tenants: dict[str, tuple[int, bytes]] = {}
        self._ends: dict[int, tuple[int, str]] = {}

    def tenant(self, name: str) -> tuple[int, bytes]:
        """Lock a tenant until the end; its number and its root. Raises: StorageError when there is none."""
        found = self._tenants.get(name)
        if found is None:
            row = self.connection.execute(_TENANT, {"name": name}).one_or_none()
            if row is None:
                raise StorageError("storage", detail=f"there is no tenant {name}")
            found = self._tenants[name] = (row.id, row.root)
        return found

    def record(self, tenant_id: int, event: AuditEvent) -> None:
        """Append an event to a tenant's audit chain. The tenant is locked."""
        seq, prev = self._ends.get(tenant_id) or self._end(tenant_id)
        line = write_line(seq + 1, event.at, prev, 0, event.what)
        row = {"tenant_id": tenant_id, "seq": seq + 1, "line": line}
        self.connection.execute(_APPENDED, row)
        self._ends[tenant_id] = (seq + 1, line_hash(line))

    def _end(self, tenant_id: int) -> tuple[int, str]:
        last = self.connection.execute(_END, {"tenant_id": tenant_id}).one_or_none()
        return (0, START) if last is None else (last.seq, line_hash(last.line))
