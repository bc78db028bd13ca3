"""The short way of POST /v1/verify answers what the long way would, and leaves everything else to it."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kanoniv_auth.core.delegation import parse_bundle
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.core.proof import pop
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.routes.direct import Direct, _access
from tests.support.pair import OPEN, SCOPE, Pair, token_of
from tests.support.service import Process, Site, process, sealed, site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


def question(token: str, scope: str = SCOPE, **more: Any) -> bytes:
    return json.dumps({"token": token, "scope": scope, **more}).encode()


def headers(here: Site, *keys: str) -> list[tuple[bytes, bytes]]:
    own = [(b"authorization", f"Bearer {here.keys[key]}".encode()) for key in keys]
    return [(b"host", b"x"), *own]


def asked(here: Site, body: bytes, *keys: str) -> bytes | None:
    return Direct(here.service).answer(headers(here, *keys), "192.0.2.1", body)


# --------------------------------------------------------------------------------------- the same answer


@pytest.mark.parametrize("keys", [(), ("read",)])
async def test_it_answers_as_the_long_way_does(here: Site, keys: tuple[str, ...]) -> None:
    for scopes in ((SCOPE,), ("a.%2fb", SCOPE, "z")):
        body = question(sealed(await here.bundle(*scopes)))
        long = await here.client.post("/v1/verify", content=body, headers=headers(here, *keys))
        found = asked(here, body, *keys)
        assert found is not None
        head, _, document = found.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        theirs = dict(long.headers)
        assert lines.pop("x-request-id") != theirs.pop("x-request-id")
        assert lines == theirs
        mine, theirs = json.loads(document), long.json()
        assert abs(mine.pop("ttl_remaining") - theirs.pop("ttl_remaining")) <= 1
        assert mine == theirs


async def test_it_is_counted_and_logged_as_any_request(here: Site) -> None:
    body = question(sealed(await here.bundle(SCOPE)))
    before = here.service.metrics.total("/v1/verify")
    asks = headers(here, "read")
    answer = await here.client.post("/v1/verify", content=body, headers=asks)
    assert answer.status_code == 200
    assert asked(here, body, "read") is not None
    assert here.service.metrics.total("/v1/verify") == before + 2
    long, short = [line for line in here.lines() if line.get("route") == "/v1/verify"]
    assert set(long) == set(short)
    assert (short["method"], short["status"], len(short["key"])) == ("POST", 200, 16)
    assert long["key"] == short["key"]
    assert long["id"] != short["id"]


async def test_a_limit_holds_over_both_ways_together(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="memory:", rate="3", open_rate="2") as here:
        body = question(sealed(await here.bundle(SCOPE)))
        found = [asked(here, body) for _ in range(20)]
        assert [one is not None for one in found] == [True] * 4 + [False] * 16
        for _ in range(3):
            assert (await here.get("/v1/tenant", "read")).status_code == 200
        found = [asked(here, body, "read") for _ in range(20)]
        assert sum(one is not None for one in found) == 3
        assert (await here.get("/v1/tenant", "read")).status_code == 429


# ------------------------------------------------------------------------------------- left to the long way


def forms(token: str) -> dict[str, bytes]:
    twice = b'{"token":"x","scope":"a","scope":"b"}'
    return {
        "not json": b"{",
        "not an object": b"[]",
        "no token": b'{"scope":"a"}',
        "a name twice": twice,
        "a number": b'{"token":1,"scope":"a"}',
        "no scope": json.dumps({"token": token, "scop": SCOPE}).encode(),
        "more": question(token, audience="x"),
        "another tenant": question(token, tenant="default"),
        "another scope": question(token, "deploy.prod"),
        "no scope at all": question(token, ""),
        "a cut token": question(token[:-1]),
        "a changed token": question(token[:30] + ("A" if token[30] != "A" else "B") + token[31:]),
        "without its seal": question(token.partition("~")[0]),
        "too long": question(token) + b" " * 70000,
        "not text": b"\xff" * 40,
        "deep": b"[" * 60000,
    }


@pytest.mark.parametrize("name", forms("x" * 40))
async def test_what_is_refused_or_asks_for_more_goes_the_long_way(here: Site, name: str) -> None:
    made = await here.bundle(SCOPE)
    token = sealed(made)
    assert asked(here, question(token)) is not None
    before = here.service.metrics.total("/v1/verify")
    assert asked(here, forms(token)[name]) is None
    # as if nobody had looked
    assert here.service.metrics.total("/v1/verify") == before


async def test_a_bundle_and_a_pop_go_the_long_way(here: Site) -> None:
    made = await here.bundle(SCOPE)
    assert asked(here, question(made["bundle"])) is None
    key, grant = parse_bundle(made["bundle"])
    now, roots = int(time.time()), TrustedRoots(dids=(made["root_did"],))
    chain = read_parent(grant, roots=roots, now=now, revoked=None)
    proof = pop(
        chain, key, action=SCOPE, args_sha256=bytes(32), audience="", now=now, nonce=os.urandom(16)
    )
    assert asked(here, question(proof)) is None


async def test_who_is_not_known_here_goes_the_long_way(here: Site) -> None:
    body = question(sealed(await here.bundle(SCOPE)))
    # a key that was never shown is looked for in the store, which the short way does not ask
    assert asked(here, body, "read") is None
    assert (await here.get("/v1/audit", "read")).status_code == 200
    assert asked(here, body, "read") is not None
    assert asked(here, body, "read", "read") is None
    assert (await here.get("/v1/audit", "other")).status_code == 200
    for key in ("unknown", "revoked", "other"):
        assert asked(here, body, key) is None, key
    found = Direct(here.service).answer([(b"authorization", b"Basic eDp5")], "192.0.2.1", body)
    assert found is None


async def test_what_is_asked_each_time_is_asked_here_too(here: Site) -> None:
    service = here.service
    made = await here.bundle(SCOPE)
    body = question(sealed(made))
    assert asked(here, body) is not None
    for ahead in (86400, -86400):
        object.__setattr__(service, "clock", lambda ahead=ahead: int(time.time()) + ahead)
        assert asked(here, body) is None
    object.__setattr__(service, "clock", lambda: int(time.time()))
    assert asked(here, body) is not None
    service.metrics.going = service.most_at_once
    assert asked(here, body) is None
    service.metrics.going = 0
    clock = service.reach._clock
    service.reach._clock = lambda: time.monotonic() + 60
    with pytest.raises(StorageError):
        service.reach.revoked()
    assert asked(here, body) is None
    service.reach._clock = clock
    assert asked(here, body) is not None
    assert (await here.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")).status_code == 200
    assert asked(here, body) is None


async def test_a_key_that_is_revoked_works_on_neither_way(here: Site) -> None:
    body = question(sealed(await here.bundle(SCOPE)))
    key = await here.add_key("short", "read")
    assert (await here.get("/v1/audit", "short")).status_code == 200
    assert asked(here, body, "short") is not None
    from tests.support.ledger import happened  # noqa: PLC0415 - here alone

    await here.service.store.revoke_api_key("default", key.id, happened())
    await here.service.reach.refresh()
    assert asked(here, body, "short") is None


async def test_a_defect_is_the_long_ways_to_tell(here: Site) -> None:
    body = question(sealed(await here.bundle(SCOPE)))

    def broken() -> int:
        raise RuntimeError("kas_secret")

    here.service.reach.revoked = broken  # type: ignore[assignment,method-assign]
    assert asked(here, body) is None
    assert (await here.client.post("/v1/verify", content=body)).status_code == 500


async def test_its_ids_are_nobody_elses(here: Site) -> None:
    """The long way counts in hex: its 13th id must not look like one of the short way's."""
    body = question(sealed(await here.bundle(SCOPE)))
    for n in range(1, 40):
        long = (await here.get("/healthz")).headers["x-request-id"]
        assert not is_direct(f"\r\nx-request-id: {long}\r\n".encode()), (n, long)
        short = asked(here, body)
        assert short is not None
        assert is_direct(b"\r\n" + short)


# ------------------------------------------------------------------------------------------- on the wire


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with process(tmp_path_factory.mktemp("wire"), *OPEN, "--read-timeout", "2") as found:
        yield Pair(found, found, found.key, None)  # type: ignore[arg-type]
        assert found.end() == 0
        assert "Traceback" not in found.err()


@pytest.fixture(scope="module")
def body(there: Pair) -> bytes:
    return question(token_of(there.made(there.one)))


def is_direct(answer: bytes) -> bool:
    return re.search(rb"\r\nx-request-id: [0-9a-f]{12}-[0-9a-f]+\r\n", answer) is not None


def request(body: bytes, *lines: str, version: str = "1.1") -> bytes:
    head = "".join(f"{line}\r\n" for line in ("Host: x", f"Content-Length: {len(body)}", *lines))
    return f"POST /v1/verify HTTP/{version}\r\n{head}\r\n".encode() + body


def talk(to: Process, *parts: bytes, answers: int = 1) -> bytes:
    """Send parts, a moment between them; all that comes back."""
    where = urlsplit(to.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as one:
        for part in parts:
            one.sendall(part)
            time.sleep(0.05)
        data = b""
        while data.count(b'"ttl_remaining"') < answers:
            piece = one.recv(65536)
            if not piece:
                break
            data += piece
        return data


def test_a_whole_request_is_answered_directly_and_with_a_date(there: Pair, body: bytes) -> None:
    answer = talk(there.one, request(body))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert is_direct(answer)
    assert b"\r\ndate: " in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["valid"] is True


@pytest.mark.parametrize(
    "parts",
    [
        lambda raw: (raw[:-10], raw[-10:]),
        lambda raw: (raw[:20], raw[20:]),
        lambda raw: (raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", raw.partition(b"\r\n\r\n")[2]),
        lambda raw: tuple(raw[at : at + 100] for at in range(0, len(raw), 100)),
    ],
    ids=["half a body", "half a head", "head and body", "crumbs"],
)
def test_what_comes_in_parts_is_answered_all_the_same(there: Pair, body: bytes, parts: Any) -> None:
    answer = talk(there.one, *parts(request(body)))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["valid"] is True


@pytest.mark.parametrize(
    ("line", "version"),
    [("Connection: close", "1.1"), ("Expect: 100-continue", "1.1"), ("X: y", "1.0")],
)
def test_what_is_not_the_usual_goes_the_long_way(
    there: Pair, body: bytes, line: str, version: str
) -> None:
    answer = talk(there.one, request(body, line, version=version))
    assert b"HTTP/1.1 200 OK\r\n" in answer
    assert not is_direct(answer)


def test_one_after_the_other_on_one_connection_in_order(there: Pair, body: bytes) -> None:
    other = question(json.loads(body)["token"], "deploy.prod")
    get = b"GET /v1/tenant HTTP/1.1\r\nHost: x\r\n\r\n"
    whole = request(body) + request(other) + get + request(body) + get + request(body)
    answer = talk(there.one, whole, answers=3)
    seen = re.findall(rb'HTTP/1\.1 (\d+) |("valid"|"root_key"|urn:kanoniv:error:scope)', answer)
    flat = [(one or two).decode() for one, two in seen]
    good, tenant = ["200", '"valid"'], ["200", '"root_key"']
    assert flat == [*good, "403", "urn:kanoniv:error:scope", *tenant, *good, *tenant, *good]


def test_chunks_are_put_together(there: Pair, body: bytes) -> None:
    head = b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [body[at : at + 50] for at in range(0, len(body), 50)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    answer = talk(there.one, head + chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert is_direct(answer)


def test_behind_a_proxy_the_callers_address_is_the_proxys_to_say(tmp_path: Path) -> None:
    argv = ("--open-rate", "1", "--trusted-proxies", "127.0.0.1")
    with process(tmp_path, *argv) as found:
        made = httpx.post(
            f"{found.url}/v1/delegations",
            json={"scopes": [SCOPE]},
            headers={"authorization": f"Bearer {found.key}"},
        ).json()
        raw = request(question(sealed(made)), "X-Forwarded-For: 192.0.2.7")
        answers = [talk(found, raw, answers=1) for _ in range(2)]
        assert not any(map(is_direct, answers))
        assert all(one.startswith(b"HTTP/1.1 200") for one in answers)
        other = request(question(sealed(made)), "X-Forwarded-For: 192.0.2.8")
        assert talk(found, other).startswith(b"HTTP/1.1 200")
        assert found.end() == 0


async def test_long_questions_of_strangers_are_not_kept(here: Site) -> None:
    """What is kept is counted in questions, so a question has a size; else strangers fill 64 kB a thousand times."""
    _access.cache_clear()
    token = token_of(await here.bundle(SCOPE))
    for n in range(20):
        asked(here, question(token, f"{SCOPE}.{n}"))
        asked(here, question("x", f"{n}" + "\U0001f600" * 10000))
        asked(here, question(token, f"{SCOPE}.{n}." + "a" * 5000))
    assert _access.cache_info().currsize == 20
    assert asked(here, question(token, f"{SCOPE}.{'a' * 190}")) is not None
