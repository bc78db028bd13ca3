"""PostgreSQL, for more than one machine: a pool, and for each tenant the changes that wait in one transaction.

Not because of the locks, which hold between machines too: without it, one flush to the disk would be one change,
as a tenant's chain has one writer at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.storage import batch
from kanoniv_server.storage.failures import LOCK_MS, PATIENCE, unavailable, within
from kanoniv_server.storage.migrating import SECONDS, migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

# any number, the same in every version: who migrates holds it
_MIGRATING = 0x6B64_3200
_SETTINGS = {
    "application_name": "kanoniv-auth-server",
    "lock_timeout": f"{LOCK_MS}",
    "statement_timeout": f"{LOCK_MS + 300}",
    "idle_in_transaction_session_timeout": "10000",
    # stands above what the server, the database and the role say: what we acknowledge is on the disk
    "synchronous_commit": "on",
}


class PostgresDatabase:
    """A pool of connections, and what waits for one. Made by `open_postgres`; belongs to one event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: dict[str, list[batch.Item]] = {}
        self._going: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask in a transaction that is undone. Raises: StorageError."""
        if self._closed:
            raise _closed()
        return await within(self._ask(question))

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            return await connection.run_sync(question)

    async def write(self, tenant: str, work: batch.Work) -> Any:
        """Make a change; it is durable when this returns. Raises: StorageError, and the change's own refusal."""
        if self._closed:
            raise _closed()
        waiting = self._waiting.setdefault(tenant, [])
        if len(waiting) >= batch.WAITING:
            raise StorageError("storage", detail="the database: too many changes are waiting")
        item = batch.Item(work, asyncio.get_running_loop().create_future())
        waiting.append(item)
        if tenant not in self._going:
            self._going[tenant] = asyncio.create_task(self._write_on(tenant))
        return await within(_outcome(item))

    async def close(self) -> None:
        """Write what is queued, then let the connections go."""
        self._closed = True
        if self._going:
            await asyncio.wait(self._going.values(), timeout=2 * PATIENCE)
        try:
            await within(self._engine.dispose())
        except StorageError:
            return  # a server that is gone has let them go already

    async def _write_on(self, tenant: str) -> None:
        waiting = self._waiting[tenant]
        try:
            while waiting:
                items = [one for one in waiting[: batch.MOST] if not one.future.done()]
                del waiting[: batch.MOST]
                if items:
                    await self._commit(items)
        finally:
            del self._going[tenant], self._waiting[tenant]

    async def _commit(self, items: list[batch.Item]) -> None:
        works = [item.work for item in items]
        try:
            outcomes = await within(self._run(works))
        except StorageError as error:
            batch.refuse(items, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            batch.refuse(items, unavailable(error))
        else:
            batch.settle(items, outcomes)

    async def _run(self, works: list[batch.Work]) -> list[batch.Outcome]:
        async with self._engine.begin() as connection:
            return await connection.run_sync(batch.together, works)


async def _outcome(item: batch.Item) -> Any:
    return await item.future


def _closed() -> StorageError:
    return StorageError("storage", detail="the database: it is closed")


def connections(url: URL, most: int, **options: Any) -> AsyncEngine:
    """Make a pool, of `most` connections and as many for a moment; none is there before it is asked for."""
    return create_async_engine(
        url,
        pool_size=most,
        max_overflow=most,
        pool_timeout=LOCK_MS / 1000,
        pool_pre_ping=True,
        connect_args={"timeout": LOCK_MS / 1000, "server_settings": _SETTINGS},
        **options,
    )


async def open_postgres(url: URL) -> PostgresDatabase:
    """Connect, and bring the tables up to date; of several processes at once, one does. Raises: StorageError."""
    engine = connections(url, 8)
    try:
        await within(_reach(engine))
        await within(_migrate(engine), SECONDS)
    except BaseException:
        await engine.dispose()
        raise
    return PostgresDatabase(engine)


async def _reach(engine: AsyncEngine) -> None:
    async with engine.connect():
        pass


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        limit = f"{SECONDS}s"
        await connection.execute(text(f"SET LOCAL lock_timeout = '{limit}'"))
        await connection.execute(text(f"SET LOCAL statement_timeout = '{limit}'"))
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
        await connection.run_sync(migrate)
