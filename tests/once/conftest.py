"""The four memories, made in the same way: `open_once()` gives a new one over the same things used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kanoniv_auth.once.memory import MemoryOnce
from kanoniv_auth.once.port import Once
from kanoniv_auth.once.redis import RedisOnce
from kanoniv_auth.once.sqlite import SqliteOnce
from tests.support.postgres import Postgres
from tests.support.redis import Redis

KINDS = ["memory", "sqlite", "redis", "postgres"]
Opener = Callable[[], Once]


@pytest.fixture(params=KINDS)
def open_once(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one more memory of the same kind, over what the others have seen; for `memory` that is the same one."""
    if request.param == "memory":
        one = MemoryOnce()
        yield lambda: one
        return
    made, opened = opener(address(request, tmp_path)), list[Once]()

    def open_one() -> Once:
        opened.append(made())
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()  # type: ignore[attr-defined]


@pytest.fixture(params=KINDS[1:])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a memory that processes share."""
    return address(request, tmp_path)


def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "once.db")
    if request.param == "postgres":
        database = request.getfixturevalue("postgres")
        assert isinstance(database, Postgres)
        return tables(database.database())
    server = request.getfixturevalue("redis")
    assert isinstance(server, Redis)
    server.empty()
    return server.url


def tables(where: str) -> str:
    """Make the service's tables in an empty database; its address."""
    from kanoniv_server.storage.opening import open_store  # noqa: PLC0415 - heavy; each racer imports this file

    async def make() -> None:
        await (await open_store(where)).close()

    asyncio.run(make())
    return where


def opener(where: str) -> Opener:
    """How one more memory is opened over what an address means."""
    if where.startswith("postgresql"):
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - as above

        from kanoniv_server.storage.once import PostgresOnce  # noqa: PLC0415 - as above

        return lambda: PostgresOnce(make_url(where))
    return lambda: RedisOnce(where) if where.startswith("unix://") else SqliteOnce(where)
