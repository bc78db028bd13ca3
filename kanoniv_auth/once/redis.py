"""What was used, in Redis: for several machines. SET NX EX, and no answer but Redis's own.

Redis itself must not forget: it is refused when it may evict entries that are alive. What it loses when it is restarted
without its append-only file, or when a replica takes over, nobody here can see: run it with `appendonly yes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.port import cannot_tell, entry

if TYPE_CHECKING:
    from typing import Any

    from redis import Redis

PREFIX = b"kanoniv:once:"
PATIENCE = 1.0  # seconds for connecting, and for each answer
_FIX = "see whether Redis is there and reachable, and takes writes; then try again"


class RedisOnce:
    """url: `redis://`, `rediss://` or `unix://`. Nothing is asked of Redis before the first `spend`.

    Raises: StorageError for a URL that is not readable, and where the `redis` package is not installed.
    """

    def __init__(self, url: str) -> None:
        self._redis = _client(url)

    def spend(self, namespace: str, key: bytes, ttl: int) -> bool:
        """Use a key up; see `port.Once`."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - in the extra [server] alone

        name = PREFIX + entry(namespace, key, ttl)
        try:
            answer = self._redis.set(name, b"", nx=True, ex=ttl)
        except StorageError:
            raise
        except (RedisError, OSError, ValueError) as error:
            # the text of an error of the client may hold an address, never a password; its kind is enough
            cannot_tell(f"Redis: {type(error).__name__}", _FIX)
        return answer is True

    def close(self) -> None:
        """Let the connections go."""
        self._redis.close()


def _client(url: str) -> Redis:
    try:
        from redis import Redis  # noqa: PLC0415 - in the extra [server] alone
        from redis.backoff import NoBackoff  # noqa: PLC0415 - as above
        from redis.retry import Retry  # noqa: PLC0415 - as above
    except ImportError:
        cannot_tell("the redis package is not installed", "pip install 'kanoniv-auth[server]'")
    try:
        return Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # asked again after an answer was lost, a first use would look like a second
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=_greet,
            decode_responses=False,
        )
    except (ValueError, TypeError):
        # neither the URL nor the client's words about it: a password may stand there
        cannot_tell("the URL of Redis is not readable", "write redis://HOST:PORT/NUMBER")


def _greet(connection: Any) -> None:
    """Of every new connection: ask whether Redis may throw away what is alive."""
    connection.on_connect()
    connection.send_command("INFO", "memory")
    said = connection.read_response()
    lines = (said if isinstance(said, bytes) else str(said).encode()).decode("latin-1").splitlines()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    if facts.get("maxmemory") != "0" and facts.get("maxmemory_policy") != "noeviction":
        connection.disconnect()  # or the pool would take it for one that was greeted
        cannot_tell(
            "Redis may evict entries that are alive",
            "set maxmemory-policy noeviction in Redis",
        )
