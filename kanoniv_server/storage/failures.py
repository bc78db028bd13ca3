"""What a database can do to us, as one refusal; and the longest that anybody waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError as PoolTimeout,
)

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.core.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

T = TypeVar("T")

PATIENCE = 2.0  # seconds
# of the database's own waiting for a lock, so that its answer comes before our patience ends
LOCK_MS = 1200
_LONGEST = 200
_FIX = "see whether the database is there, reachable, and has space; then try again"


def unavailable(error: BaseException) -> StorageError:
    """Turn a failure of the database into our refusal: its first line, without statements or values."""
    # SQLite ends a transaction by itself when the disk is full; what would undo it fails then, and the first counts
    behind: BaseException | None = error
    while behind is not None:
        error = behind if isinstance(behind, DBAPIError) else error
        behind = behind.__context__
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(said).strip() or type(said).__name__
    # SQLAlchemy puts the driver's class in front; PostgreSQL puts values into the lines after the first
    line = text.splitlines()[0].rpartition(">: ")[2]
    return StorageError("storage", detail=f"the database: {redact(line)[:_LONGEST]}", fix=_FIX)


def is_of_the_database(error: BaseException) -> bool:
    """Tell a database that does not work from a statement that it has refused for its own sake."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    kinds = (OperationalError, InterfaceError, InternalError, DisconnectionError, PoolTimeout)
    # PostgreSQL's time limits and deadlocks arrive as plain DBAPIError
    return isinstance(error, (*kinds, OSError)) or type(error) is DBAPIError


async def within(work: Coroutine[Any, Any, T], seconds: float = PATIENCE) -> T:
    """Await the database for so long and no longer; what hangs on is left behind, and ends by itself.

    Raises: StorageError, and what the work raises as its own.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        task.add_done_callback(_seen)
        raise StorageError(
            "storage", detail=f"the database: no answer in {seconds:g} seconds", fix=_FIX
        )
    try:
        return task.result()
    except (SQLAlchemyError, OSError, TimeoutError, asyncio.TimeoutError) as error:
        raise unavailable(error) from None


def _seen(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
