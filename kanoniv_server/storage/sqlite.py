"""One SQLite file: a thread that writes, in groups, and a few that read. `store` says what is written and read.

Every change is on the disk when it is acknowledged (WAL, synchronous=FULL); one flush serves all that were waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from shlex import quote
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.storage import batch
from kanoniv_server.storage.failures import LOCK_MS, PATIENCE, unavailable, within
from kanoniv_server.storage.migrating import SECONDS, migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

T = TypeVar("T")

_READERS = 4
_WRITES = "kanoniv_writes"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
)


class SqliteDatabase:
    """A file, opened and migrated. Made by `open_sqlite`; belongs to one event loop."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path, self._engine, self._writing = path, engine, _writing(engine)
        self._file = _identity(path)
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[batch.Item | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="kanoniv-read")
        self._writer = Thread(target=self._write_on, name="kanoniv-write", daemon=True)
        self._closed = False
        self._writer.start()

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask in a reading transaction. Raises: StorageError."""
        if self._closed:
            raise _closed()
        return await within(self._ask(question))

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        def asked() -> T:
            self._require_same_file()
            with self._engine.connect() as connection:
                return question(connection)

        return await self._loop.run_in_executor(self._readers, asked)

    async def write(self, tenant: str, work: batch.Work) -> Any:  # noqa: ARG002 - one file has one writer for all
        """Make a change; it is durable when this returns. Raises: StorageError, and the change's own refusal."""
        if self._closed:
            raise _closed()
        if self._queue.qsize() >= batch.WAITING:
            raise StorageError("storage", detail="the database: too many changes are waiting")
        item = batch.Item(work, self._loop.create_future())
        self._queue.put(item)
        return await within(_outcome(item))

    async def close(self) -> None:
        """Write what is queued, then let the file go."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        with contextlib.suppress(StorageError):
            await within(asyncio.to_thread(self._writer.join, 2 * PATIENCE), 2 * PATIENCE)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _write_on(self) -> None:
        going = True
        while going:
            waiting = [self._queue.get()]
            with contextlib.suppress(Empty):
                while len(waiting) < batch.MOST:
                    waiting.append(self._queue.get_nowait())
            going = None not in waiting
            # whoever was told that there is no answer has not asked any more
            items = [one for one in waiting if one is not None and not one.future.done()]
            if items:
                self._commit(items)

    def _commit(self, items: list[batch.Item]) -> None:
        try:
            self._require_same_file()
            with self._writing.begin() as connection:
                outcomes = batch.together(connection, [item.work for item in items])
            self._tell(batch.settle, items, outcomes)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told and the thread goes on
            refusal = error if isinstance(error, StorageError) else unavailable(error)
            self._tell(batch.refuse, items, refusal)

    def _tell(self, how: Callable[..., None], items: list[batch.Item], what: object) -> None:
        # a loop that has ended has nobody waiting in it
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(how, items, what)

    def _require_same_file(self) -> None:
        """Acknowledge nothing that would be in a file without a name. Raises: StorageError."""
        if _identity(self._path) != self._file:
            detail = f"the database: {self._path} was removed or replaced"
            raise StorageError("storage", detail=detail, fix="put it back, or start again")


async def _outcome(item: batch.Item) -> Any:
    return await item.future


def _closed() -> StorageError:
    return StorageError("storage", detail="the database: it is closed")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - before every batch
    except OSError:
        return None
    return status.st_dev, status.st_ino


async def open_sqlite(path: Path) -> SqliteDatabase:
    """Open a file, made 0600 when it is not there, and bring its tables up to date. Raises: StorageError."""
    engine = await asyncio.to_thread(_prepare, path)
    return SqliteDatabase(path, engine)


def _prepare(path: Path) -> Engine:
    try:
        _make(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        detail = f"the database: cannot open {path}: {error.strerror or error}"
        raise StorageError("storage", detail=detail) from None
    # others that start at the same time are waited for, longer than a change would wait
    first = _engine(path, SECONDS * 1000)
    try:
        with _writing(first).begin() as connection:
            migrate(connection)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - also what a file that is no database makes of the driver
        raise unavailable(error) from None
    finally:
        first.dispose()
    return _engine(path, LOCK_MS)


def _make(path: Path) -> None:
    """Make the file when it is not there. Raises: OSError, StorageError when others may write it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    # an API key is a row in it, so whoever writes it may do everything
    if status.st_mode & 0o022:
        detail, fix = f"the database: others may write it, {path}", f"chmod 600 {quote(str(path))}"
        raise StorageError("storage", detail=detail, fix=fix)
    if status.st_uid not in {0, os.geteuid()}:
        raise StorageError("storage", detail=f"the database: {path} belongs to another user")


def _engine(path: Path, patience: int) -> Engine:
    # check_same_thread: a connection is one thread's at a time, because the pool hands it to one
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": patience / 1000},
        pool_timeout=PATIENCE,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _: object) -> None:
    # transactions are begun by `_begin` alone: the driver would begin them late, and not for tables
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        row = connection.execute(f"PRAGMA {pragma}").fetchone()
        if pragma.startswith("journal_mode") and row != ("wal",):
            raise OSError("this file system has no shared memory, which SQLite's log needs")


def _writing(engine: Engine) -> Engine:
    return engine.execution_options(**{_WRITES: True})


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
