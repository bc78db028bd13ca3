"""Redis between processes: who has revoked tells the others, and all count requests together.

Nothing here decides. Without Redis, others notice by themselves (`reach`), and each process counts alone (`limits`).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from kanoniv_auth.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL = "kanoniv:revoked"
_RATE = "kanoniv:rate:"
_PATIENCE = 1.0
_AGAIN = 1.0
# GCRA, by Redis's own clock. KEYS: one name · ARGV: microseconds between requests, and those a burst may be ahead
_SPEND = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local due = tonumber(redis.call('GET', KEYS[1]) or now)
if due < now then due = now end
local wait = due - now - tonumber(ARGV[2])
if wait > 0 then return wait end
due = due + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
return 0
"""


class Count:
    """How many requests somebody may make, in all processes together."""

    __slots__ = ("_arguments", "_kind", "_script")

    def __init__(self, script: Any, kind: str, arguments: tuple[int, int]) -> None:
        self._script, self._kind, self._arguments = script, kind, arguments

    async def spend(self, name: str) -> float:
        """Count one; seconds to wait, 0 also when Redis does not answer: a limit keeps alive, it lets nobody in."""
        if not self._arguments[0]:
            return 0.0
        keys = [f"{_RATE}{self._kind}{name}"]
        try:
            return int(await self._script(keys=keys, args=self._arguments)) / 1_000_000
        except (RedisError, OSError):
            return 0.0


class Nudges:
    """One Redis. rate: requests a second for each name, 0 for no limit. Raises: StorageError for a bad address."""

    def __init__(self, url: str, rate: int, nudge: Callable[[], None]) -> None:
        self._nudge = nudge
        self._task: asyncio.Task[None] | None = None
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError):
            # neither the address nor the client's words about it: a password may stand there
            detail = "the address of Redis is not readable"
            raise StorageError("storage", detail=detail, fix="redis://HOST:PORT/0") from None
        self._script: Any = self._redis.register_script(_SPEND)
        self._keys = self.count("", rate, 2 * rate)

    def start(self) -> None:
        """Listen for what others say."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Stop listening, and let the connections go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def ask(self) -> None:
        """See whether Redis answers. Raises: StorageError."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            detail = f"Redis: {type(error).__name__}"
            raise StorageError("storage", detail=detail, fix="see whether it runs") from None

    async def announce(self) -> None:
        """Tell the others that something was revoked; when that fails they notice a moment later."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(CHANNEL, b"")

    async def spend(self, name: str) -> float:
        """Count a key's request in all processes; seconds to wait, 0 also when Redis does not answer."""
        return await self._keys.spend(name)

    def count(self, kind: str, rate: float, burst: float) -> Count:
        """Make another count. kind: what is counted · rate: a second, 0 for no limit · burst: of requests."""
        gap = int(1_000_000 / rate) if rate else 0
        return Count(self._script, kind, (gap, int(gap * max(0, burst - 1))))

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError):
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        if await channel.get_message(timeout=None) is not None:
                            self._nudge()
            # whatever was said meanwhile is asked for
            self._nudge()
            await asyncio.sleep(_AGAIN)
