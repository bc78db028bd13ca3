"""How a server of the tests' own is run for a fixture: begun, handed out, taken away; skipped where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import pytest


class Server(Protocol):
    """What can be begun and taken away."""

    def start(self) -> None: ...

    def remove(self) -> None: ...


_Any = TypeVar("_Any", bound=Server)


def running(make: Callable[[], _Any], missing: type[Exception]) -> Iterator[_Any]:
    """Run one. missing: what `make` raises where it is not installed."""
    try:
        server = make()
    except missing as why:
        pytest.skip(str(why))
    try:
        server.start()
        yield server
    finally:
        server.remove()
