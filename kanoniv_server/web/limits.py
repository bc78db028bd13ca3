"""How many requests somebody may make: GCRA, one number for each caller. Not who that is: `callers` says.

The count of this process always holds. With Redis, all processes share one for what has an API key; when Redis does
not answer, this process's own is what is left of it: a limit keeps a service alive, it lets nobody in.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 65536
_SWEEP = 1.0
_OTHERS = "*"


class Limiter:
    """At most `rate` a second, and `burst` at once, for each name; all are one when there are too many names.

    rate: a second, 0 for no limit · burst: of requests · most: names
    """

    __slots__ = ("_burst", "_gap", "_most", "_swept", "_times")

    def __init__(self, rate: float, burst: float | None = None, most: int = _MOST) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._burst = self._gap * ((2 * rate if burst is None else burst) - 1)
        self._most = most
        self._times: dict[str, float] = {}
        self._swept = 0.0

    def spend(self, name: str, now: float) -> float:
        """Count one request; the seconds to wait when it is too many, else 0. now: monotonic seconds."""
        gap, times = self._gap, self._times
        if not gap:
            return 0.0
        due = times.get(name)
        if due is None:
            if len(times) >= self._most:
                name = self._sweep(name, now)
                times = self._times
            due = times.get(name, now)
        due = max(due, now)
        wait = due - now - self._burst
        if wait > 0:
            return wait
        times[name] = due + gap
        return 0.0

    def is_over(self, name: str, now: float) -> bool:
        """Whether one more would be too many; counts nothing. now: monotonic seconds."""
        due = self._times.get(name)
        return due is not None and due - now > self._burst

    def _sweep(self, name: str, now: float) -> str:
        """Forget who has been silent; when that makes no room, newcomers share one place."""
        if now - self._swept >= _SWEEP:
            self._swept = now
            self._times = {one: due for one, due in self._times.items() if due > now}
        return name if len(self._times) < self._most else _OTHERS


class Shared(Protocol):
    """A count for all processes."""

    async def spend(self, name: str) -> float:
        """Count one request; the seconds to wait, else 0. Never raises: 0 when it cannot tell."""
        ...


class Limits:
    """Both limits of the service. address: for who shows no key · key: for each API key · shared: with other processes.

    clock: monotonic seconds
    """

    __slots__ = ("_address", "_clock", "_key", "_shared")

    def __init__(
        self,
        *,
        address: Limiter,
        key: Limiter,
        clock: Callable[[], float],
        shared: Shared | None = None,
    ) -> None:
        self._address, self._key, self._shared, self._clock = address, key, shared, clock

    def by_address(self, address: str) -> float:
        """Count a request of somebody unknown; the seconds to wait, else 0."""
        return self._address.spend(network(address), self._clock())

    def by_key(self, key_id: str) -> float:
        """Count a request with a key in this process; the seconds to wait, else 0."""
        return self._key.spend(key_id, self._clock())

    def is_over(self, key_id: str | None, address: str) -> bool:
        """Whether one more is too many in this process; counts nothing. key_id: None for who shows no key."""
        if key_id is None:
            return self._address.is_over(network(address), self._clock())
        return self._key.is_over(key_id, self._clock())

    async def by_key_everywhere(self, key_id: str) -> float:
        """Count a request with a key in all processes; the seconds to wait, else 0."""
        wait = self.by_key(key_id)
        if wait or self._shared is None:
            return wait
        return await self._shared.spend(key_id)


def network(address: str) -> str:
    """Whose address this is: whoever has one IPv6 address has 2^64 of them."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or found.packed[:8].hex())
