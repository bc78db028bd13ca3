"""The three memories, made in the same way: `open_once()` gives a new one over the same things used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kanoniv_auth.once.memory import MemoryOnce
from kanoniv_auth.once.port import Once
from kanoniv_auth.once.redis import RedisOnce
from kanoniv_auth.once.sqlite import SqliteOnce
from tests.support.redis import Redis

KINDS = ["memory", "sqlite", "redis"]
Opener = Callable[[], Once]


@pytest.fixture(params=KINDS)
def open_once(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one more memory of the same kind, over what the others have seen; for `memory` that is the same one."""
    if request.param == "memory":
        one = MemoryOnce()
        return lambda: one
    return opener(address(request, tmp_path))


@pytest.fixture(params=KINDS[1:])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a memory that processes share."""
    return address(request, tmp_path)


def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "once.db")
    server = request.getfixturevalue("redis")
    assert isinstance(server, Redis)
    server.empty()
    return server.url


def opener(where: str) -> Opener:
    return lambda: RedisOnce(where) if where.startswith("unix://") else SqliteOnce(where)
