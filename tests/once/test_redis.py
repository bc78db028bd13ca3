"""The memory in Redis: a server that is gone, hangs, forgets or may not write is an error, not an answer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import Signals

import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.redis import PREFIX, RedisOnce
from tests.advisories.attacker import honest
from tests.advisories.verifier import once_over
from tests.support.redis import Redis

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def once(own_redis: Redis) -> Iterator[RedisOnce]:
    once = RedisOnce(own_redis.url)
    yield once
    once.close()


def refused(once: RedisOnce, match: str = "Redis") -> None:
    """It cannot tell, says so within two seconds, and so does a verifier who asks it."""
    began = time.monotonic()
    with pytest.raises(StorageError, match=match) as caught:
        once.spend("pop", b"k", 60)
    assert time.monotonic() - began < 2.0
    assert caught.value.facts["fix"]
    word = once_over(honest().pop(), once=lambda key, ttl: once.spend("pop", key, ttl))
    assert word == "storage"


def test_gone_and_back(own_redis: Redis, once: RedisOnce) -> None:
    assert once.spend("pop", b"before", 60)
    own_redis.stop()
    refused(once, "ConnectionError")
    own_redis.start()
    assert once.spend("pop", b"after", 60)


def test_killed(own_redis: Redis, once: RedisOnce) -> None:
    assert once.spend("pop", b"before", 60)
    own_redis.stop(Signals.SIGKILL)
    refused(once, "ConnectionError")


def test_never_there() -> None:
    refused(RedisOnce("unix:///nowhere/at/all"))
    refused(RedisOnce("redis://127.0.0.1:1/0"))


def test_a_server_that_hangs(own_redis: Redis, once: RedisOnce) -> None:
    assert once.spend("pop", b"k", 60)
    own_redis.send(Signals.SIGSTOP)
    refused(once, "TimeoutError")
    refused(RedisOnce(own_redis.url), "TimeoutError")
    own_redis.send(Signals.SIGCONT)
    assert not once.spend("pop", b"k", 60)


def configure(server: Redis, *words: str) -> None:
    line = b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in ("CONFIG", "SET", *words))
    assert server._ask(b"*%d\r\n%s" % (len(words) + 2, line)) == b"+OK\r\n"


def keys(server: Redis) -> bytes:
    return server._ask(b"DBSIZE\r\n")


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random"]
)
def test_a_server_that_may_evict(own_redis: Redis, once: RedisOnce, policy: str) -> None:
    configure(own_redis, "maxmemory", "100mb", "maxmemory-policy", policy)
    for _ in range(3):  # not only on the first connection
        refused(once, "evict")
    assert keys(own_redis) == b":0\r\n"
    configure(own_redis, "maxmemory-policy", "noeviction")
    assert once.spend("pop", b"k", 60)


def test_a_server_that_is_full(own_redis: Redis, once: RedisOnce) -> None:
    assert once.spend("pop", b"before", 60)
    configure(own_redis, "maxmemory-policy", "noeviction", "maxmemory", "1")
    refused(once, "OutOfMemory")
    configure(own_redis, "maxmemory", "0")
    assert not once.spend("pop", b"before", 60)


def test_a_replica_takes_no_writes(own_redis: Redis, once: RedisOnce) -> None:
    assert own_redis._ask(b"REPLICAOF 127.0.0.1 1\r\n") == b"+OK\r\n"
    refused(once, "ReadOnly")


def test_a_server_that_wants_a_password(own_redis: Redis) -> None:
    configure(own_redis, "requirepass", "letmein")
    refused(RedisOnce(own_redis.url), "AuthenticationError|NoPermission|AuthenticationRequired")
    url = own_redis.url.replace("unix://", "unix://:wrong@")
    with pytest.raises(StorageError) as caught:
        RedisOnce(url).spend("pop", b"k", 60)
    assert "wrong" not in f"{caught.value}{caught.value.facts}"
    assert RedisOnce(own_redis.url.replace("unix://", "unix://:letmein@")).spend("pop", b"k", 60)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://secret@x",
        "redis://:se:cret@x:port/0",
        "redis://x:99999999/0",
        "redis://[secret/",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        RedisOnce(url).spend("pop", b"k", 60)
    assert "cret" not in f"{caught.value}{caught.value.facts}"
    assert caught.value.__cause__ is None


def test_an_entry_ends_by_itself(own_redis: Redis, once: RedisOnce) -> None:
    assert once.spend("pop", b"k", 60)
    name = own_redis._ask(b"RANDOMKEY\r\n")
    assert name.startswith(b"$45\r\n" + PREFIX)
    body = name.split(b"\r\n", 1)[1].removesuffix(b"\r\n")
    left = own_redis._ask(b"*2\r\n$3\r\nTTL\r\n$%d\r\n%s\r\n" % (len(body), body))
    assert 58 <= int(left[1:]) <= 60


def test_redis_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys\nimport kanoniv_auth.once.redis, kanoniv_auth.once.port, kanoniv_auth.once.memory\n"
        "assert not {'redis', 'sqlite3'} & set(sys.modules)\n"
        "sys.modules['redis'] = None\n"
        "try: kanoniv_auth.once.redis.RedisOnce('redis://x')\n"
        "except Exception as error: assert 'kanoniv-auth[server]' in error.facts['fix'], error\n"
        "else: raise SystemExit('made one')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)
