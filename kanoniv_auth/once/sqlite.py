"""What was used, in one SQLite file: for the processes of one machine. It outlives them, and a power cut.

Times are the wall clock's, because processes and restarts share them. Calls that wait together are one transaction.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
import stat
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING

from kanoniv_auth.once.port import cannot_tell, entry

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 1.8  # seconds for a lock, whoever holds it
# Entries are kept this long after their end, so that a clock that jumps ahead and comes back finds them again.
GRACE = 3600
_SWEEP = 200  # entries taken away with one transaction, more than it can bring
_BATCH = 100
_FIX = "see whether its disk is there, has room and is writable; then try again"
_MARK = b""  # entries are 32 bytes long; this one's end is that of the last one forgotten
_FORM = """CREATE TABLE IF NOT EXISTS spent (
    entry BLOB NOT NULL PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID"""
_INDEX = "CREATE INDEX IF NOT EXISTS spent_until ON spent (until)"
_SPEND = """INSERT INTO spent (entry, until) VALUES (?, ?)
    ON CONFLICT (entry) DO UPDATE SET until = excluded.until WHERE spent.until <= ?"""
_OLD = "SELECT entry, until FROM spent WHERE until <= ? AND entry <> ? ORDER BY until LIMIT ?"
_REMEMBER = """INSERT INTO spent (entry, until) VALUES (?, ?)
    ON CONFLICT (entry) DO UPDATE SET until = max(until, excluded.until)"""


class _Asked:
    """One call that waits for its turn. answer: None until a transaction has settled it."""

    __slots__ = ("answer", "entry", "ttl")

    def __init__(self, entry: bytes, ttl: int) -> None:
        self.entry, self.ttl = entry, ttl
        self.answer: bool | None = None


class SqliteOnce:
    """path: the file, made 0600 when it is not there, in a folder that is · clock: unix seconds.

    Raises: StorageError when the file cannot be used, or when others may read or write it.
    """

    def __init__(self, path: str, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._file = _made(path)
        self._inherited: list[sqlite3.Connection | None] = []
        self._begin()
        try:
            self._opened(time.monotonic() + PATIENCE)
        except sqlite3.Error as error:
            cannot_tell(f"{path}: {error}", _FIX)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._connection: sqlite3.Connection | None = None
        self._turn, self._queue_lock = threading.Lock(), threading.Lock()
        self._queue: dict[_Asked, None] = {}  # in the order of asking

    def spend(self, namespace: str, key: bytes, ttl: int) -> bool:
        """Use a key up; see `port.Once`. True and False are on the disk when they are returned."""
        asked = _Asked(entry(namespace, key, ttl), ttl)
        deadline = time.monotonic() + PATIENCE
        if self._process != os.getpid():
            # forked: neither the connection nor a lock that another thread held may be used here, or closed
            self._inherited.append(self._connection)
            self._begin()
        with self._queue_lock:
            self._queue[asked] = None
        try:
            return self._in_turn(asked, deadline)
        except (sqlite3.Error, OSError) as error:
            cannot_tell(f"{self._path}: {error}", _FIX)
        finally:
            with self._queue_lock:
                self._queue.pop(asked, None)

    def _in_turn(self, asked: _Asked, deadline: float) -> bool:
        if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            cannot_tell(f"{self._path} is held by another thread", _FIX)
        try:
            # who had the turn before may have settled this one as well
            while asked.answer is None:
                self._settle(deadline)
        except sqlite3.Error:
            self._drop()
            raise
        finally:
            self._turn.release()
        return asked.answer

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            self._drop()

    def _settle(self, deadline: float) -> None:
        """Settle whoever waits, in one transaction. Raises: sqlite3.Error, OSError, StorageError."""
        connection = self._opened(deadline)
        left = max(0.001, deadline - time.monotonic())
        connection.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            with self._queue_lock:
                batch = list(islice(self._queue, _BATCH))
            now = self._clock()
            self._sweep(connection, now)
            answers = [
                connection.execute(_SPEND, (one.entry, now + one.ttl, now)).rowcount == 1
                for one in batch
            ]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        with self._queue_lock:
            for one, answer in zip(batch, answers, strict=True):
                one.answer = answer
                self._queue.pop(one, None)

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        mark = connection.execute("SELECT until FROM spent WHERE entry = ?", (_MARK,)).fetchone()
        # written so that a clock that says NaN fails it
        if not now >= (mark[0] if mark else 0):
            cannot_tell("the clock went back", "set this machine's clock right, or wait")
        old = connection.execute(_OLD, (now - GRACE, _MARK, _SWEEP)).fetchall()
        if old:
            connection.execute(_REMEMBER, (_MARK, old[-1][1]))
            connection.executemany("DELETE FROM spent WHERE entry = ?", [(one,) for one, _ in old])

    def _opened(self, deadline: float) -> sqlite3.Connection:
        """Return the connection, made when there is none; of the very file that this began with."""
        try:
            found = os.lstat(self._path)
        except OSError as error:
            cannot_tell(f"{self._path}: {error.strerror}", _FIX)
        if (found.st_dev, found.st_ino) != self._file:
            cannot_tell(f"{self._path} is not the file it was", "start this process again")
        if self._connection is None:
            self._connection = _connected(self._path, deadline)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                pass  # what cannot be closed is not used again


def _made(path: str) -> tuple[int, int]:
    """Make the file when it is not there, private from the start; returns which file it is."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        cannot_tell(f"{path}: {error}", _FIX)
    try:
        status = os.fstat(fd)
    finally:
        os.close(fd)
    if not stat.S_ISREG(status.st_mode):
        cannot_tell(f"{path} is not a regular file", "name another file")
    if status.st_mode & 0o077:
        cannot_tell(f"{path} is open to others", f"chmod 600 {shlex.quote(path)}")
    return status.st_dev, status.st_ino


def _connected(path: str, deadline: float) -> sqlite3.Connection:
    while True:
        left = deadline - time.monotonic()
        # one thread at a time uses it; transactions are begun by hand
        connection = sqlite3.connect(
            path, timeout=max(0.001, left), isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # a commit that was acknowledged outlives a power cut as well as a kill
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(_FORM)
            connection.execute(_INDEX)
        except sqlite3.Error as error:
            connection.close()
            # two that change the journal's mode at once do not wait for each other
            if left <= 0 or "locked" not in str(error):
                raise
            time.sleep(0.01)
        else:
            return connection
