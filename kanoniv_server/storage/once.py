"""What was used once, in PostgreSQL: for several processes without Redis. One row each, durable when it is answered.

`spend` blocks, as the port says: a thread with an event loop and connections of its own asks for it. Times are the
database's, which is one clock for all.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy import text

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.port import cannot_tell, entry
from kanoniv_server.storage.failures import PATIENCE, within
from kanoniv_server.storage.postgres import connections

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

# Rows are kept this long after their end, so that a clock that jumps ahead and comes back finds them again.
GRACE = 3600
_SWEEP = 2000  # rows taken away at a time
_EVERY = 10.0  # seconds, while there is less than that to take away
_MOST = 4  # connections, and as many for a moment: the service asks with 16 threads
_FIX = "see whether the database is there, reachable, and takes writes; then try again"
# the empty entry is no key's: its end is that of the last one forgotten
# of two at the same time the second waits for the first, and then sees its row
_SPEND = text("""
WITH now AS (SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint AS ms),
mark AS (SELECT coalesce(max(until), 0) AS ms FROM spent WHERE entry = ''::bytea),
put AS (
    INSERT INTO spent (entry, until)
    SELECT CAST(:entry AS bytea), now.ms + CAST(:ttl AS bigint) FROM now, mark WHERE now.ms >= mark.ms
    ON CONFLICT (entry) DO UPDATE SET until = excluded.until WHERE spent.until <= (SELECT ms FROM now)
    RETURNING 1
) SELECT (SELECT count(*) FROM put) AS first, now.ms >= mark.ms AS sane FROM now, mark""")
_FORGET = text("""
WITH now AS (SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint AS ms),
gone AS (
    DELETE FROM spent WHERE entry IN (
        SELECT entry FROM spent WHERE entry <> ''::bytea AND until <= (SELECT ms FROM now) - CAST(:grace AS bigint)
        ORDER BY until LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING until
), marked AS (
    INSERT INTO spent (entry, until) SELECT ''::bytea, max(until) FROM gone HAVING count(*) > 0
    ON CONFLICT (entry) DO UPDATE SET until = greatest(spent.until, excluded.until)
) SELECT count(*) FROM gone""")


class PostgresOnce:
    """url: of a database whose tables are there. Nothing is asked of it before the first `spend`."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._inherited: list[object] = []
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: AsyncEngine | None = None
        self._thread: threading.Thread | None = None
        self._next_sweep = 0.0
        self._sweeping: asyncio.Task[None] | None = None

    def spend(self, namespace: str, key: bytes, ttl: int) -> bool:
        """Use a key up; see `port.Once`. Blocks, for two seconds at most. Not for an event loop's own thread."""
        name = entry(namespace, key, ttl)
        if self._process != os.getpid():
            # forked: the thread is not here, and the parent's connections may not be used, or closed
            self._inherited.append((self._loop, self._engine, self._thread))
            self._begin()
        with self._starting:
            if self._closed:
                cannot_tell("it is closed", "start the service again")
            loop, engine = self._running()
            going = asyncio.run_coroutine_threadsafe(self._ask(engine, name, ttl), loop)
        try:
            first, sane = going.result(PATIENCE + 1)
        except StorageError as error:
            cannot_tell(str(error.facts.get("detail", "no answer")), _FIX)
        except (TimeoutError, asyncio.TimeoutError, asyncio.CancelledError):
            going.cancel()
            cannot_tell("the database does not answer", _FIX)
        if not sane:
            cannot_tell("the database's clock went back", "set its machine's clock right, or wait")
        return bool(first)

    async def _ask(self, engine: AsyncEngine, name: bytes, ttl: int) -> tuple[int, bool]:
        row = await within(_put(engine, name, ttl))
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + _EVERY
            self._sweeping = asyncio.create_task(self._sweep(engine))
        return row

    async def _sweep(self, engine: AsyncEngine) -> None:
        """Forget what has ended long ago. What fails here is done the next time."""
        try:
            if await within(_forget(engine)) == _SWEEP:
                self._next_sweep = 0.0
        except StorageError:
            return

    def _running(self) -> tuple[asyncio.AbstractEventLoop, AsyncEngine]:
        if self._loop is None or self._engine is None:
            # each statement is a transaction: one way there and back
            self._engine = connections(self._url, _MOST, isolation_level="AUTOCOMMIT")
            self._loop = asyncio.new_event_loop()
            run = self._loop.run_forever
            self._thread = threading.Thread(target=run, name="kanoniv-spent", daemon=True)
            self._thread.start()
        return self._loop, self._engine

    def close(self) -> None:
        """Let the connections go, and end the thread. Who asks afterwards is refused."""
        with self._starting:
            self._closed = True
            loop, engine, thread = self._loop, self._engine, self._thread
            self._loop = self._engine = self._thread = None
        if loop is None or engine is None or thread is None or self._process != os.getpid():
            return
        try:
            asyncio.run_coroutine_threadsafe(self._end(engine), loop).result(2 * PATIENCE)
        except (StorageError, TimeoutError, asyncio.TimeoutError):
            pass  # a server that is gone has let them go already
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        if not thread.is_alive():
            loop.close()

    async def _end(self, engine: AsyncEngine) -> None:
        if self._sweeping is not None:
            await asyncio.wait((self._sweeping,))
        await within(engine.dispose())


async def _put(engine: AsyncEngine, name: bytes, ttl: int) -> tuple[int, bool]:
    async with engine.connect() as connection:
        row = (await connection.execute(_SPEND, {"entry": name, "ttl": ttl * 1000})).one()
    return row.first, row.sane


async def _forget(engine: AsyncEngine) -> int:
    given: dict[str, Any] = {"grace": GRACE * 1000, "most": _SWEEP}
    async with engine.connect() as connection:
        return int((await connection.execute(_FORGET, given)).scalar_one())
