"""`ports.Store` over a database: which statements answer which question. How a transaction is run is the database's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kanoniv_server.storage import changes, questions, revoking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from kanoniv_server.domain.ports import SignList
    from kanoniv_server.domain.values import (
        ApiKey,
        AuditEvent,
        AuditLine,
        Counts,
        Delegation,
        Page,
        Tenant,
    )
    from kanoniv_server.storage.batch import Work

T = TypeVar("T")


class Database(Protocol):
    """Runs statements: several readers, and changes that are durable when awaited."""

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask."""
        ...

    async def write(self, tenant: str, work: Work) -> Any:
        """Change, for one tenant."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class SqlStore:
    """The service's store in SQLite or PostgreSQL; `ports.Store` says what each method promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tenant(self, name: str) -> Tenant | None:
        """Find a tenant."""
        found = await self._database.read(partial(questions.all_tenants, name=name))
        return found[0] if found else None

    async def tenants(self) -> tuple[Tenant, ...]:
        """All tenants, by name."""
        return await self._database.read(questions.all_tenants)

    async def add_tenant(self, tenant: Tenant, key: ApiKey, event: AuditEvent) -> bool:
        """Make a tenant with its first API key."""
        work = partial(changes.add_tenant, tenant=tenant, key=key, event=event)
        return bool(await self._database.write(tenant.name, work))

    async def api_key(self, digest: bytes) -> ApiKey | None:
        """Find a key that works."""
        return await self._database.read(partial(questions.api_key, digest=digest))

    async def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """All keys of a tenant."""
        return await self._database.read(partial(questions.keys_of, tenant=tenant))

    async def add_api_key(self, key: ApiKey, event: AuditEvent) -> None:
        """Keep a new key."""
        await self._database.write(key.tenant, partial(changes.add_api_key, key=key, event=event))

    async def revoke_api_key(self, tenant: str, key_id: str, event: AuditEvent) -> bool:
        """Let a key work no more."""
        work = partial(changes.revoke_api_key, tenant=tenant, key_id=key_id, event=event)
        return bool(await self._database.write(tenant, work))

    async def add_delegation(self, row: Delegation, event: AuditEvent) -> None:
        """Write down a link. Raises: Revoked."""
        await self._database.write(
            row.tenant, partial(changes.add_delegation, row=row, event=event)
        )

    async def delegation(self, tenant: str, link_id: bytes) -> Delegation | None:
        """Find one link."""
        return await self._database.read(
            partial(questions.delegation, tenant=tenant, link_id=link_id)
        )

    async def delegations(
        self,
        tenant: str,
        *,
        holder_did: str | None = None,
        active_at: int | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Page[Delegation]:
        """List links, newest first."""
        question = partial(
            questions.some_delegations,
            tenant=tenant,
            holder_did=holder_did,
            active_at=active_at,
            limit=limit,
            before=before,
        )
        return await self._database.read(question)

    async def add_revocations(
        self,
        tenant: str,
        *,
        ids: Iterable[bytes] = (),
        keys: Iterable[bytes] = (),
        sign: SignList,
        event: AuditEvent | None,
        now: int,
    ) -> str:
        """Revoke, and sign the list."""
        asked = (tuple(ids), tuple(keys))
        work = partial(revoking.add, tenant=tenant, asked=asked, sign=sign, event=event, now=now)
        return str(await self._database.write(tenant, work))

    async def revocation_list(self, tenant: str) -> str | None:
        """Give the newest signed list."""
        return await self._database.read(partial(questions.revocation_list, tenant=tenant))

    async def audit_append(self, tenant: str, event: AuditEvent) -> None:
        """Write down what changed nothing else."""
        await self._database.write(tenant, partial(changes.record, tenant=tenant, event=event))

    async def audit_page(
        self,
        tenant: str,
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Page[AuditLine]:
        """Read the audit chain."""
        question = partial(
            questions.audit_page, tenant=tenant, limit=limit, before=before, after=after
        )
        return await self._database.read(question)

    async def counts(self, tenant: str, *, now: int) -> Counts:
        """Count what a tenant has."""
        return await self._database.read(partial(questions.counts, tenant=tenant, now=now))

    async def version(self) -> int:
        """Tell whether revocations have changed."""
        return await self._database.read(questions.version)

    async def close(self) -> None:
        """End."""
        await self._database.close()
