"""What was used, in this process alone: for one process that verifies, and for tests. Gone when it ends."""

from __future__ import annotations

import heapq
import threading
import time
from typing import TYPE_CHECKING

from kanoniv_auth.once.port import cannot_tell, entry

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1 << 20  # entries, of about 200 bytes


class MemoryOnce:
    """Bounded: when it is full it refuses rather than forgets what is still alive.

    clock: seconds that should never go back; when they do, behind something forgotten, that is an error and no answer.
    """

    def __init__(self, *, limit: int = LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._alive: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []  # a heap: what ends first stands first
        self._forgotten = float("-inf")
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._alive)

    def spend(self, namespace: str, key: bytes, ttl: int) -> bool:
        """Use a key up; see `port.Once`."""
        name = entry(namespace, key, ttl)
        with self._lock:
            now = self._clock()
            # written so that a clock that says NaN fails it
            if not now >= self._forgotten:
                cannot_tell("the clock went back", "wait until it has caught up")
            self._forget(now)
            if name in self._alive:
                return False
            if len(self._alive) >= self._limit:
                cannot_tell(
                    f"{self._limit} entries are alive, which is all there is room for",
                    "ask less often, or give it more room",
                )
            heapq.heappush(self._ends, (now + ttl, name))
            self._alive.add(name)
            return True

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            self._forgotten, name = heapq.heappop(self._ends)
            self._alive.remove(name)
