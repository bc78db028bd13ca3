"""An issuer that rotates, is slow, lies or is gone: keys are asked for rarely, and never trusted for too long."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import OidcRefused, StorageError, UsageError
from kanoniv_server.domain.issuers import check_issuer
from kanoniv_server.oidc.fetching import LARGEST, PATIENCE, Numbers, fetch, usable
from kanoniv_server.oidc.jwks import COOLDOWN, FRESH, OLDEST, IssuerKeys
from tests.support.issuer import IssuerProcess


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def outcome(keys: IssuerKeys, kid: str) -> str:
    try:
        await keys.key(kid)
    except (OidcRefused, StorageError) as error:
        return error.slug
    return "known"


def test_a_flood_of_unknown_kids_asks_once(issuer: IssuerProcess) -> None:
    clock = Clock()

    async def flood() -> None:
        keys = IssuerKeys(issuer.url, clock=clock)
        found = await asyncio.gather(*(outcome(keys, f"kid-{n}") for n in range(500)))
        assert set(found) == {"oidc"}
        assert issuer.fetches() == 1
        assert await outcome(keys, "key-1") == "known"
        # until it may be asked again, nobody knows whether the issuer has this key by now: 503, never a yes
        clock.now += COOLDOWN - 0.001
        found = await asyncio.gather(*(outcome(keys, f"kid-{n}") for n in range(500)))
        assert set(found) == {"storage"}
        assert issuer.fetches() == 1
        clock.now += 0.001
        found = await asyncio.gather(*(outcome(keys, f"kid-{n}") for n in range(500)))
        assert set(found) == {"oidc"}
        assert issuer.fetches() == 2
        for _ in range(10):
            clock.now += COOLDOWN / 10
            await outcome(keys, "another")
        assert issuer.fetches() == 3

    asyncio.run(flood())


def test_a_rotation_in_the_middle_is_followed(issuer: IssuerProcess) -> None:
    clock = Clock()

    async def follow() -> None:
        keys = IssuerKeys(issuer.url, clock=clock)
        assert await outcome(keys, "key-1") == "known"
        second = issuer.rotate()
        clock.now += COOLDOWN
        assert await outcome(keys, second) == "known"
        assert await outcome(keys, "key-1") == "known"
        third = issuer.rotate(keep=False)
        clock.now += COOLDOWN
        assert await outcome(keys, third) == "known"
        # what the issuer has taken away is gone with the next good answer
        assert await outcome(keys, "key-1") != "known"
        assert issuer.fetches() == 3

    asyncio.run(follow())


def test_a_withdrawn_key_goes_after_five_minutes(issuer: IssuerProcess) -> None:
    clock = Clock()

    async def renew() -> None:
        keys = IssuerKeys(issuer.url, clock=clock)
        assert await outcome(keys, "key-1") == "known"
        issuer.rotate(keep=False)
        clock.now += FRESH - 1
        assert await outcome(keys, "key-1") == "known"
        assert issuer.fetches() == 1
        clock.now += 1
        assert await outcome(keys, "key-1") == "oidc"
        assert issuer.fetches() == 2

    asyncio.run(renew())


@pytest.mark.parametrize("how", ["dead", "junk", "empty", "error", "big", "flood", "slow"])
def test_kept_keys_outlive_an_endpoint_that_fails_and_unknown_ones_are_503(
    issuer: IssuerProcess, how: str
) -> None:
    clock = Clock()

    async def fail() -> None:
        keys = IssuerKeys(issuer.url, clock=clock)
        assert await outcome(keys, "key-1") == "known"
        issuer.serve("well" if how == "slow" else how, seconds=4 if how == "slow" else 0)
        clock.now += COOLDOWN
        begun = time.monotonic()
        assert await outcome(keys, "unknown") == "storage"
        assert time.monotonic() - begun < PATIENCE + 1
        assert keys.state()
        clock.now += OLDEST - COOLDOWN - 1
        assert await outcome(keys, "key-1") == "known"
        clock.now += 1
        assert await outcome(keys, "key-1") == "storage"
        issuer.serve("well")
        clock.now += COOLDOWN
        # a question that still hangs is not doubled; when it has ended, the next one is good
        assert keys._thread is not None
        await asyncio.to_thread(keys._thread.join, 10)
        assert await outcome(keys, "key-1") == "known"
        assert keys.state() is None

    asyncio.run(fail())


def test_while_an_answer_is_slow_known_keys_do_not_wait_for_it(issuer: IssuerProcess) -> None:
    clock = Clock()

    async def wait() -> None:
        keys = IssuerKeys(issuer.url, clock=clock)
        assert await outcome(keys, "key-1") == "known"
        issuer.serve("well", seconds=1.5)
        clock.now += COOLDOWN
        waiting = asyncio.create_task(outcome(keys, "unknown"))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        for _ in range(100):
            assert await outcome(keys, "key-1") == "known"
        assert time.monotonic() - begun < 0.5
        assert await waiting == "oidc"

    asyncio.run(wait())


def test_a_redirect_is_not_followed(issuer: IssuerProcess) -> None:
    with IssuerProcess() as other:
        issuer.serve("redirect", to=f"{other.url}/.well-known/jwks")
        with pytest.raises(StorageError, match="HTTP 302"):
            fetch(issuer.url)
        issuer.serve("redirect", to="file:///etc/passwd")
        with pytest.raises(StorageError, match="HTTP 302"):
            fetch(issuer.url)
        issuer.serve("redirect", to=f"{issuer.url}/.well-known/jwks")
        with pytest.raises(StorageError, match="HTTP 302"):
            fetch(issuer.url)
        assert other.fetches() == 0


def test_ten_megabytes_are_not_read(issuer: IssuerProcess) -> None:
    issuer.serve("big")
    with pytest.raises(StorageError, match=f"more than {LARGEST} bytes"):
        fetch(issuer.url)


def test_drops_that_come_for_ever_end(issuer: IssuerProcess) -> None:
    issuer.serve("flood")
    begun = time.monotonic()
    with pytest.raises(StorageError, match="no whole answer in 2 seconds"):
        fetch(issuer.url)
    assert PATIENCE <= time.monotonic() - begun < PATIENCE + 1


def test_nobody_there_is_503_and_says_where(issuer: IssuerProcess) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StorageError, match=f"the keys of {address} cannot be had"):
            fetch(address)


def test_a_look_up_that_never_ends_holds_one_thread_and_nobody_longer_than_said() -> None:
    clock, asked, release = Clock(), [], threading.Event()

    def hang(issuer: str) -> Numbers:
        asked.append(issuer)
        release.wait(30)
        return {}

    async def wait() -> None:
        keys = IssuerKeys("https://issuer.example", fetch=hang, clock=clock)
        begun = time.monotonic()
        found = await asyncio.gather(*(outcome(keys, f"kid-{n}") for n in range(50)))
        assert set(found) == {"storage"}
        assert time.monotonic() - begun < PATIENCE + 1
        clock.now += COOLDOWN
        assert await outcome(keys, "kid") == "storage"
        assert len(asked) == 1

    try:
        asyncio.run(wait())
    finally:
        release.set()


def test_who_stops_waiting_does_not_end_it_for_the_others(issuer: IssuerProcess) -> None:
    issuer.serve("well", seconds=0.5)

    async def leave() -> None:
        keys = IssuerKeys(issuer.url)
        first = asyncio.create_task(outcome(keys, "key-1"))
        second = asyncio.create_task(outcome(keys, "key-1"))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await second == "known"
        assert issuer.fetches() == 1

    asyncio.run(leave())


def test_a_defect_of_the_fetch_is_503_too() -> None:
    def burst(issuer: str) -> Numbers:
        raise RuntimeError(issuer)

    keys = IssuerKeys("https://issuer.example", fetch=burst)
    assert asyncio.run(outcome(keys, "kid")) == "storage"


@pytest.mark.parametrize(
    "text",
    [
        "http://issuer.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://issuer.example",
        "file:///etc/passwd",
        "https://user@issuer.example",
        "https://user:pw@issuer.example",
        "https://issuer.example/",
        "https://issuer.example?x=1",
        "https://issuer.example#x",
        "https://issuer.example\\@evil.example",
        "https://",
        "https://issuer.example:99999",
        "https://issuer.example:0",
        "https://iss uer.example",
        "https://issuer.example/..",
        "https://issuer.example//x",
        "https://issuer.example/" + "x" * 200,
        "https://issuer.example\n",
        "HTTPS://issuer.example",
        "https://issuer.example:65536",
        "http://[::1]:8000",
        "https://[::1",
        "issuer.example",
        "",
    ],
)
def test_an_issuer_that_is_no_plain_https_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check_issuer(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com/octo-enterprise",
        "https://token.actions.octo.ghe.com",
        "https://ghes.example:8443/_services/token",
        "http://127.0.0.1:8000",
        "http://localhost:8000",
    ],
)
def test_github_and_this_machine_are_issuers(text: str) -> None:
    assert check_issuer(text) == text


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"keys":{}}', b'{"keys":[1,null,"a",[]]}', b"[" * 100_000, b"\xff\xfe",
     b'{"keys":[' + b",".join([b"{}"] * 65) + b"]}", b'{"keys":[{"kid":{},"kty":"RSA"}]}',
     b'{"keys":[{"kid":"a","kty":"RSA","n":1,"e":2}]}',
     b'{"keys":[{"kid":"a","kty":"RSA","n":"====","e":"AQAB"}]}'],
)  # fmt: skip
def test_junk_has_no_usable_key(data: bytes) -> None:
    assert usable(data) == {}


GOOD_N = b64u(
    rsa.generate_private_key(65537, 2048).public_key().public_numbers().n.to_bytes(256, "big")
)
GOOD = {"kid": "good", "kty": "RSA", "alg": "RS256", "use": "sig", "n": GOOD_N, "e": "AQAB"}
ODD: dict[str, dict[str, Any]] = {
    "key_ops is a number": {"key_ops": 5},
    "key_ops is nothing": {"key_ops": None},
    "key_ops is true": {"key_ops": True},
    "key_ops is a text": {"key_ops": "sign verify"},
    "key_ops is an object": {"key_ops": {"verify": 1}},
    "key_ops of lists": {"key_ops": [["verify"], {"verify": 1}]},
    "key_ops without verify": {"key_ops": ["sign", 5]},
    "kty is unknown": {"kty": "AKP"},
    "kty is a list": {"kty": ["RSA"]},
    "alg is an object": {"alg": {}},
    "use is a list": {"use": ["sig"]},
    "n of other letters": {"n": "\u00fc" * 342},
    "n is a half pair": {"n": "\ud800" * 342},
    "e is a list": {"e": [1, 0, 1]},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kid", ["odd", "good"])
def test_an_odd_key_spoils_no_other(odd: dict[str, Any], first: bool, kid: str) -> None:
    rows = [{**GOOD, "kid": kid, **odd}, GOOD]
    data = json.dumps({"keys": rows if first else rows[::-1]}).encode()
    assert usable(data) == {"good": (GOOD_N, "AQAB")}


def test_a_number_without_end_spoils_no_other() -> None:
    odd = '{"kid":"odd","kty":"RSA","n":%s,"e":-1e999999}' % ("9" * 10000)
    data = f'{{"keys":[{odd},{json.dumps(GOOD)}],"x":{"1" * 5000}}}'.encode()
    assert usable(data) == {"good": (GOOD_N, "AQAB")}


def test_a_key_that_the_library_refuses_spoils_no_other() -> None:
    """Whatever passes our own look at an entry and is none all the same is that entry's trouble."""
    clock = Clock()
    found = {"odd": ("AQ", "AQAB"), "good": (GOOD_N, "AQAB")}

    async def look() -> None:
        keys = IssuerKeys("https://issuer.example", fetch=lambda _: found, clock=clock)
        assert await outcome(keys, "good") == "known"
        assert keys.state() is None
        clock.now += COOLDOWN
        assert await outcome(keys, "odd") == "oidc"
        # an answer without any is no answer: what is kept goes on
        del found["good"]
        clock.now += COOLDOWN
        assert await outcome(keys, "another") == "storage"
        assert await outcome(keys, "good") == "known"

    asyncio.run(look())
