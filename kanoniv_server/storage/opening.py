"""Which database an address means, and the store in it, ready for use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kanoniv_auth.core.errors import UsageError
from kanoniv_server.storage.memory import MemoryStore
from kanoniv_server.storage.store import SqlStore

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from kanoniv_server.domain.ports import Store

IN_MEMORY = "memory:"
_FIX = "sqlite:///kanoniv.db, postgresql://user@host/name, or memory: for a trial"


async def open_store(address: str) -> Store:
    """Open a store, its tables up to date.

    address: `sqlite:///FILE`, `postgresql://…` (also with `+aiosqlite`, `+asyncpg`), or `memory:`, which is lost with
    the process. Raises: UsageError, which does not show the address, as it may hold a password; StorageError.
    """
    if address == IN_MEMORY:
        return MemoryStore()
    url = _url(address)
    # neither driver is loaded for the other's sake
    if url.get_backend_name() == "sqlite":
        from kanoniv_server.storage.sqlite import open_sqlite  # noqa: PLC0415

        return SqlStore(await open_sqlite(_file(url)))
    from kanoniv_server.storage.postgres import open_postgres  # noqa: PLC0415

    return SqlStore(await open_postgres(_asynchronous(url)))


def sqlite_path(address: str) -> Path | None:
    """Tell the file that an address means, None when it means no file. Raises: UsageError."""
    if address == IN_MEMORY:
        return None
    url = _url(address)
    return _file(url) if url.get_backend_name() == "sqlite" else None


def postgres_url(address: str) -> URL | None:
    """Give the address of a PostgreSQL as its driver takes it, None when it is another one. Raises: UsageError."""
    if address == IN_MEMORY:
        return None
    url = _url(address)
    return None if url.get_backend_name() == "sqlite" else _asynchronous(url)


def _asynchronous(url: URL) -> URL:
    return url.set(drivername="postgresql+asyncpg")


def _file(url: URL) -> Path:
    # absolute from now on: a process may change its directory
    return Path(url.database or "").absolute()


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise UsageError("usage", detail="this is no database address", fix=_FIX) from None
    if url.drivername in {"sqlite", "sqlite+aiosqlite"}:
        if not url.database or url.database == ":memory:" or url.query or url.host:
            detail = "an address of SQLite names a file, and nothing else"
            raise UsageError("usage", detail=detail, fix=_FIX)
        return url
    if url.drivername in {"postgresql", "postgres", "postgresql+asyncpg"}:
        return url
    raise UsageError("usage", detail=f"no database is called {url.drivername}", fix=_FIX)
