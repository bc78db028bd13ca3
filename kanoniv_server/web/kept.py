"""Answers that cost a walk over everything: one walk at a time of each, and a fifth of the time at most.

Who asks while it is going on gets its answer; so does who asks before four times as long has passed as it took.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from kanoniv_auth.core.errors import AuthError
from kanoniv_server.web.problems import limited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

# requests that wait for one walk: each of them takes one of the places that all have
WAITING = 8
_REST = 4.0
_MOST = 4096


class Kept:
    """What was found, by name; belongs to one event loop. clock: seconds, never backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[str, tuple[float, Any]] = {}
        self._walks: dict[str, asyncio.Task[Any]] = {}
        self._waiting: dict[str, int] = {}

    async def get(self, name: str, walk: Callable[[], Awaitable[T]]) -> T:
        """Give what `walk` finds, or has found. Raises: Refusal (limited) when too many wait, and what it raises."""
        known = self._found.get(name)
        if known is not None and self._clock() < known[0]:
            found: T = known[1]
            return found
        waiting = self._waiting.get(name, 0)
        if waiting >= WAITING:
            raise limited(1)
        going = self._walks.get(name)
        if going is None:
            going = self._walks[name] = asyncio.create_task(self._walk(name, walk))
            going.add_done_callback(_seen)
        self._waiting[name] = waiting + 1
        try:
            # whoever goes away does not end it for the others
            answer: T = await asyncio.shield(going)
        except AuthError as error:
            # to each an error of its own: a traceback is grown, not shared
            raise type(error)(error.slug, **error.facts) from None
        finally:
            self._waiting[name] -= 1
            if not self._waiting[name]:
                del self._waiting[name]
        return answer

    async def _walk(self, name: str, walk: Callable[[], Awaitable[T]]) -> T:
        began = self._clock()
        try:
            found = await walk()
        finally:
            del self._walks[name]
        if len(self._found) >= _MOST:
            self._found.clear()
        now = self._clock()
        self._found[name] = (now + _REST * (now - began), found)
        return found


def _seen(walk: asyncio.Task[Any]) -> None:
    # when nobody waits any more, what it raises is nobody's
    if not walk.cancelled():
        walk.exception()
