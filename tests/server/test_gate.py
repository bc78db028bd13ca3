"""Limits, room, bodies and lines: what every request meets before and after its route."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.domain.values import ApiKey
from kanoniv_server.web.bodies import LATE, GoneError, read_body
from kanoniv_server.web.limits import Limiter, network
from kanoniv_server.web.problems import LONGEST, Refusal, clean
from tests.support.service import URL, Site, site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


# ------------------------------------------------------------------------------------------- rates


def test_a_limiter_lets_a_burst_in_and_then_its_rate() -> None:
    limiter = Limiter(10, burst=3)
    assert [limiter.spend("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limiter.spend("a", 100.0) == pytest.approx(0.1)
    assert limiter.spend("b", 100.0) == 0.0
    # who is refused pays nothing for it
    assert limiter.spend("a", 100.0) == pytest.approx(0.1)
    assert limiter.spend("a", 100.1) == 0.0
    assert limiter.spend("a", 100.1) > 0
    assert [limiter.spend("a", 200.0) for _ in range(4)][:3] == [0.0, 0.0, 0.0]
    assert limiter.spend("a", 200.0) > 0


def test_a_rate_holds_over_time_whatever_the_rhythm() -> None:
    limiter, passed = Limiter(50), 0
    for tick in range(20000):
        passed += limiter.spend("a", 1000 + tick / 1000) == 0.0
    assert 20 * 50 <= passed <= 20 * 50 + 100


def test_no_rate_is_no_limit() -> None:
    limiter = Limiter(0)
    assert {limiter.spend("a", 1.0) for _ in range(1000)} == {0.0}


def test_more_names_than_there_is_room_for_share_one_place() -> None:
    limiter = Limiter(1, burst=1, most=10)
    assert [limiter.spend(f"n{n}", 5.0) for n in range(10)] == [0.0] * 10
    assert limiter.spend("new", 5.0) == 0.0
    assert limiter.spend("newer", 5.0) > 0
    # those who had a place keep it, and who has been silent makes room
    assert limiter.spend("n3", 5.0) > 0
    assert limiter.spend("newest", 100.0) == 0.0
    assert limiter.spend("another", 100.0) == 0.0


def test_one_holder_of_an_ipv6_network_is_one() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") != network("2001:db9::1")
    assert network("::ffff:192.0.2.1") == "192.0.2.1" == network("192.0.2.1")
    assert network("no address:") == "no address:"


async def test_addresses_and_keys_have_limits_of_their_own(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="memory:", rate="2", open_rate="1") as here:
        answers = [await here.get("/v1/tenant") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].json()["type"] == "urn:kanoniv:error:limited"
        # who guesses keys is counted as somebody unknown, and does not even get a 401 any more
        assert (await here.get("/v1/audit", "unknown")).status_code == 429
        # a key was let in before the address had used up its own; from now on it has nothing to do with it
        other = httpx.ASGITransport(here.app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=other, base_url=URL) as client:
            got = [
                (await client.get("/v1/audit", headers=here.header("read"))).status_code
                for _ in range(6)
            ]
            assert got[:4] == [200] * 4
            assert 429 in got[4:]
            assert (await client.get("/v1/tenant")).status_code == 200
        published = await here.post("/verify", {"token": "x", "scope": "y"})
        assert (published.status_code, published.json()["ok"]) == (429, False)


async def test_guesses_do_not_reach_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(tmp_path, database_url="memory:", open_rate="1") as here:
        asked = 0
        find = here.service.store.api_key

        async def count(digest: bytes) -> ApiKey | None:
            nonlocal asked
            asked += 1
            return await find(digest)

        monkeypatch.setattr(here.service.store, "api_key", count)
        statuses = [(await here.get("/v1/audit", "unknown")).status_code for _ in range(50)]
        assert set(statuses) == {401, 429}
        assert asked <= 2


# -------------------------------------------------------------------------------------------- room


async def test_more_at_once_than_there_is_room_for_is_told_to_wait(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="memory:", concurrency="3") as here:
        gate = asyncio.Event()

        async def slow() -> int:
            await gate.wait()
            return 0

        assert isinstance(here.service.probes, dict)
        here.service.probes["slow"] = slow
        waiting = [asyncio.create_task(here.get("/readyz")) for _ in range(3)]
        await asyncio.sleep(0.05)
        for path in ("/healthz", "/v1/tenant"):
            answer = await here.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["type"] == "urn:kanoniv:error:busy"
        gate.set()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
        assert (await here.get("/healthz")).status_code == 200
        assert "kanoniv_shed_total 2.0" in (await here.get("/metrics", "all")).text


# ------------------------------------------------------------------------------------------ bodies


def arriving(*parts: dict[str, Any]) -> Any:
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    return receive


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts_to_its_limit_and_not_beyond() -> None:
    scope: dict[str, Any] = {"headers": [], "state": {}}
    assert await read_body(scope, arriving(part(b"ab"), part(b""), part(b"c", False)), 3) == b"abc"
    with pytest.raises(Refusal) as caught:
        await read_body(scope, arriving(part(b"ab"), part(b"cd")), 3)
    assert caught.value.status == 413
    with pytest.raises(Refusal) as caught:
        await read_body(scope, arriving(part(b"abcd", False)), 3)
    assert caught.value.status == 413


@pytest.mark.parametrize("length", [b"65537", b"9" * 5000, b"-1", b"", b"x", "٣".encode()])
async def test_a_length_that_is_too_long_or_none_is_refused_unread(length: bytes) -> None:
    scope = {"headers": [(b"content-length", length)], "state": {}}
    with pytest.raises(Refusal) as caught:
        await read_body(scope, arriving())
    assert caught.value.status == 413


async def test_a_body_that_is_late_or_whose_sender_has_gone() -> None:
    scope: dict[str, Any] = {"headers": [], "state": {LATE: True}}
    with pytest.raises(Refusal) as caught:
        await read_body(scope, arriving(part(b"a")))
    assert caught.value.status == 408
    with pytest.raises(GoneError):
        await read_body({"headers": []}, arriving(part(b"a"), {"type": "http.disconnect"}))


# -------------------------------------------------------------------------- lines, and what is not in them


async def test_a_request_is_one_line_of_what_we_say_ourselves(here: Site) -> None:
    answer = await here.client.get(
        "/v1/delegations?limit=7",
        headers={**here.header("read"), "x-request-id": "evil", "user-agent": "evil"},
    )
    await here.client.request("EVIL", "/evil?evil=1", headers={"cookie": "evil"})
    line, other = here.lines()[-2:]
    assert set(line) == {"time", "event", "method", "route", "status", "ms", "key", "id"}
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/delegations", 200)
    assert line["id"] == answer.headers["x-request-id"]
    assert len(line["key"]) == 16
    assert (other["method"], other["route"], other["status"]) == ("-", "-", 404)
    assert "evil" not in json.dumps(here.lines())


async def test_a_defect_is_500_and_says_only_where_it_is(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("kas_secret " + here.keys["all"])

    monkeypatch.setattr(here.service.store, "delegations", broken)
    answer = await here.get("/v1/delegations", "read")
    assert answer.status_code == 500
    shown = answer.text + json.dumps(here.lines())
    assert "secret" not in shown
    assert here.keys["all"] not in shown
    (line,) = [one for one in here.lines() if one["event"] == "defect"]
    assert line["kind"].startswith("RuntimeError at test_gate.py:")
    assert line["id"] in answer.json()["instance"]


@pytest.mark.parametrize("method", ["add_delegation", "delegations", "api_key", "revocation_list"])
async def test_a_store_that_is_away_is_503_and_keeps_its_words_to_itself(
    here: Site, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StorageError("storage", detail="postgres://user:hunter2@10.0.0.1 refused")

    monkeypatch.setattr(here.service.store, method, away)
    asked = {
        "add_delegation": here.post("/v1/delegations", {"scopes": ["a"]}, "issue"),
        "delegations": here.get("/v1/delegations", "read"),
        "api_key": here.get("/v1/audit", "read"),
        "revocation_list": here.get("/v1/revocations"),
    }
    for name, request in asked.items():
        if name != method:
            request.close()
    answer = await asked[method]
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"]
    assert "hunter2" not in answer.text
    assert "10.0.0.1" not in answer.text
    (line,) = [one for one in here.lines() if one["event"] == "trouble"]
    assert "refused" in line["detail"]


async def test_a_refusal_that_cannot_be_written_down_is_still_a_refusal(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StorageError("storage", detail="gone")

    monkeypatch.setattr(here.service.store, "audit_append", away)
    assert (await here.get("/v1/audit", "issue")).status_code == 403
    assert [one for one in here.lines() if one["event"] == "unrecorded"]


def test_sentences_are_one_short_line_without_tokens() -> None:
    token = "kd2." + "A" * 300
    assert clean(f"a\nb\x1b[31m {token} c\u2028d") == "a b [31m kd2.… c d"
    assert len(clean("x" * 10**6)) <= LONGEST + 1
    assert "AAAA" not in clean("x" * 1590 + token)
    assert clean(f"kas_{'B' * 43}") == "kas_…"
