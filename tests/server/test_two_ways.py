"""The short way and the long way are one: whatever bytes arrive, in whatever pieces, the same answers go back."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from uvicorn.server import ServerState

from kanoniv_auth.core.keys import KeyPair, did_key
from kanoniv_server import listening
from kanoniv_server.routes.direct import PATH, Direct
from kanoniv_server.web import gate
from tests.support.service import Site, sealed, settings, site

pytestmark = pytest.mark.anyio

SCOPE = "deploy.staging"
CASES = 1200
ANSWER = re.compile(rb"(?=HTTP/1\.1 \d\d\d )")
# what is different in any two answers
OWN = re.compile(rb"(?<=x-request-id: )\S+|(?<=urn:kanoniv:request:)\w+|(?<=ttl_remaining\":)\d+")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


class Wire(asyncio.Transport):
    """The other end of a connection: keeps what was written, and when it was closed."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 6)})
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        """It is fed by hand."""

    def resume_reading(self) -> None:
        """As above."""


class Way:
    """One listener over the service of a site. direct: with the short way."""

    def __init__(self, here: Site, folder: Path, *, direct: bool) -> None:
        quick = Direct(here.service)
        short = (PATH.encode(), quick.answer) if direct else None
        self._mark = f"\r\nx-request-id: {quick._prefix}-".encode()
        server = listening.server(here.app, settings(folder), print, short)
        server.config.load()
        self._config, self._state = server.config, ServerState()
        self._state.default_headers = [(b"date", b"now")]

    def quick(self, said: bytes) -> int:
        """How many of these answers came the short way."""
        return said.count(self._mark)

    def connection(self) -> tuple[Any, Wire]:
        """A new connection, and the other end of it."""
        made = self._config.http_protocol_class(  # type: ignore[call-arg]
            config=self._config, server_state=self._state, app_state={}
        )
        wire = Wire()
        made.connection_made(wire)
        return made, wire

    async def said(self, parts: list[bytes]) -> tuple[bytes, bool]:
        """All that comes back for these readings of one connection, and whether it was closed."""
        made, wire = self.connection()
        for part in parts:
            if not wire.closed:
                made.data_received(part)
                await self._quiet()
        found = b"".join(wire.written), wire.closed
        made.connection_lost(None)
        await self._quiet()
        assert not self._state.tasks
        return found

    async def _quiet(self) -> None:
        # some wait for the rest of a body
        for _ in range(60):
            await asyncio.sleep(0)
            if not self._state.tasks:
                return


def bodies(token: str, rng: Random) -> bytes:
    good = json.dumps({"token": token, "scope": SCOPE}).encode()
    return rng.choice(
        [
            *[good] * 12,
            json.dumps({"scope": SCOPE, "token": token}, indent=2).encode(),
            good.replace(b"kd2.", rb"\u006bd2."),
            good.replace(b"deploy", rb"d\u0065ploy"),
            good.replace(b"deploy", rb"\ud800eploy"),
            b"  " + good + b"\r\n",
            b"\xef\xbb\xbf" + good,
            good.decode().encode("utf-16"),
            good[:-1] + b',"scope":"deploy.prod"}',
            good[:-1] + b',"tenant":"default"}',
            good[:-1] + b',"tenant":"other"}',
            good[:-1] + b',"audience":""}',
            good[:-1] + b',"audience":"x"}',
            good[:-1] + b',"context":{}}',
            good[:-1] + b',"x":1}',
            good + good,
            good.replace(b"staging", b"prod"),
            good.replace(b"staging", b"staging.eu"),
            good.replace(b'"deploy.staging"', b'"deploy:staging"'),
            good.replace(b'"deploy.staging"', b"NaN"),
            good.replace(b'"deploy.staging"', b"null"),
            good.replace(b"~", b"~~"),
            good.replace(b"~s", b"~q"),
            good[:40] + bytes([good[40] ^ 1]) + good[41:],
            good.replace(b"kd2.", b"kdb2."),
            b"",
            b"[]",
            b"[" * 5000,
            good + b" " * 70000,
        ]
    )


def heads(here: Site, rng: Random) -> list[bytes]:
    known, none = here.keys["read"].encode(), b"kas_" + b"A" * 43
    found = [b"Host: x"]
    for one, odds in (
        (b"Content-Type: text/plain", 5),
        (b"Connection: keep-alive", 2),
        (b"Connection: close", 25),
        (b"Connection: Upgrade\r\nUpgrade: websocket", 25),
        (b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", 40),
        (b"Expect: 100-continue", 25),
        (b"Expect: nothing", 40),
        (b"Authorization: Bearer " + known, 1),
        (b"authorization: bEaReR " + known, 3),
        (b"Authorization: Bearer " + none, 20),
        (b"Authorization: Bearer " + known + b" ", 30),
        (b"Authorization:  Bearer  " + known, 30),
        (b"Authorization: Basic eDp5", 30),
        (b"X-Forwarded-For: 192.0.2.9", 20),
        (b"Content-Length: 3", 40),
        (b"Content-Length : 3", 50),
        (b"Transfer-Encoding: identity", 50),
        (b"Transfer-Encoding: x", 50),
        (b"X: a\r\n b", 40),
        (b"X\x00: a", 50),
        (b"X: " + b"a" * 40000, 50),
        (b"\xc3\xa9: a", 50),
        (b"X: \xff", 30),
    ):
        if not rng.randrange(4 * odds):
            found.append(one)
    rng.shuffle(found)
    return found


def chunked(body: bytes, rng: Random) -> bytes:
    size = rng.choice([1, 7, 100, 5000])
    mark = rng.choice([b"", b"", b";x=y", b" "])
    parts = [body[at : at + size] for at in range(0, len(body), size)][:900]
    trailer = rng.choice([b"", b"", b"", b"Authorization: Bearer x\r\n", b"Content-Length: 9\r\n"])
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), mark, part) for part in parts)
    return chunks + b"0\r\n" + trailer + b"\r\n"


def request(here: Site, token: str, rng: Random) -> bytes:
    method = rng.choice([b"POST"] * 20 + [b"GET", b"HEAD", b"PUT", b"post", b"OPTIONS"])
    path = rng.choice(
        [b"/v1/verify"] * 20
        + [b"/v1/verify?", b"/v1/verify?x=1", b"//v1/verify", b"/v1/verify/", b"/v1/%76erify"]
        + [b"http://x/v1/verify", b"/v1/verify#a", b"/V1/verify", b"/verify", b"/v1/tenant", b"*"]
    )
    version = rng.choice([b"1.1"] * 12 + [b"1.0", b"1.0", b"2.0"])
    end = rng.choice([b"\r\n"] * 25 + [b"\n"])
    lines, body = heads(here, rng), bodies(token, rng)
    form = rng.randrange(12)
    if form in {0, 1}:
        lines.append(rng.choice([b"Transfer-Encoding: chunked", b"transfer-encoding: CHUNKED"]))
        body = chunked(body, rng)
    if form >= 1:  # 1: both
        # now and then not the length it has: the rest is the beginning of another request, or is waited for
        wrong = rng.choice([0] * 20 + [-1, 1, -len(body), 5])
        lines.append(b"Content-Length: %d" % max(0, len(body) + wrong))
    return end.join([method + b" " + path + b" HTTP/" + version, *lines, b"", b""]) + body


def pieces(raw: bytes, rng: Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(raw) + 1) for _ in range(rng.choice([0, 0, 0, 1, 2, 5])))
    found = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    return [one for one in found if one]


def answers(said: bytes) -> list[bytes]:
    """Each by itself, without what is different in any two."""
    return ANSWER.split(OWN.sub(b"", said))


def without_what_nonsense_hid(short: list[bytes], long: list[bytes]) -> list[bytes]:
    """When nonsense follows a whole request in one reading, the long way refuses both, and the connection ends.

    The short way has answered the first by then.
    """
    nonsense = long[-1].endswith(b"\r\n\r\nInvalid HTTP request received.")
    if nonsense and len(short) == len(long) + 1 and short[-2].startswith(b"HTTP/1.1 200 "):
        return [*short[:-2], short[-1]]
    return short


async def test_whatever_arrives_both_ways_answer_the_same(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # nobody sends on after a 413, so nobody is waited for
    monkeypatch.setattr(gate, "_LINGER", 0.0)
    token = sealed(await here.bundle(SCOPE))
    assert (await here.get("/v1/audit", "read")).status_code == 200  # its key is known here
    here.app._count = 1 << 20  # type: ignore[attr-defined]  # so that all ids are as long
    short, long = (Way(here, tmp_path, direct=direct) for direct in (True, False))
    seen: dict[bytes, int] = {}
    quick = 0
    for case in range(CASES):
        rng = Random(case)  # noqa: S311 - the same cases each time
        raw = b"".join(request(here, token, rng) for _ in range(rng.choice([1, 1, 2, 4])))
        parts = pieces(raw, rng)
        one, other = [await way.said(parts) for way in (short, long)]
        quick += short.quick(one[0])
        wanted = answers(other[0])
        found = without_what_nonsense_hid(answers(one[0]), wanted)
        assert (found, one[1]) == (wanted, other[1]), (case, parts)
        for status in re.findall(rb"HTTP/1\.1 (\d+)", one[0]):
            seen[status] = seen.get(status, 0) + 1
    # it was both ways that were compared, and all kinds of answers
    assert quick > CASES / 20
    assert {b"200", b"400", b"401", b"403", b"404", b"405", b"413", b"422"} <= set(seen), seen


async def test_many_requests_at_once_do_not_hold_up_the_others(here: Site, tmp_path: Path) -> None:
    """One is answered while it is read; for the rest, other connections have their turn in between."""
    raw = request_of(sealed(await here.bundle(SCOPE)))
    way = Way(here, tmp_path, direct=True)
    made, wire = way.connection()
    made.data_received(raw * 50)
    assert b"".join(wire.written).count(b"HTTP/1.1 200") == 1
    for _ in range(2000):
        await asyncio.sleep(0)
    said = b"".join(wire.written)
    assert said.count(b"HTTP/1.1 200") == 50
    assert way.quick(said) == 1
    # and the next reading has its own
    made.data_received(raw)
    assert way.quick(b"".join(wire.written)) == 2
    made.connection_lost(None)


def request_of(token: str) -> bytes:
    body = json.dumps({"token": token, "scope": SCOPE}).encode()
    return b"POST /v1/verify HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("ttl", [3600, "never"])
async def test_a_verdict_is_what_json_would_write(here: Site, ttl: object) -> None:
    scopes = ["a.%2fb", "b.A_-9", SCOPE]
    made = await here.post("/v1/delegations", {"scopes": scopes, "ttl": ttl}, "issue")
    question = {"token": sealed(made.json()), "scope": SCOPE}
    said = (await here.post("/v1/verify", question)).text
    assert json.dumps(json.loads(said), separators=(",", ":")) == said
    assert json.loads(said)["scopes"] == sorted(scopes)


async def test_a_key_that_is_none_is_refused_each_time(here: Site) -> None:
    """Keys that were found good are remembered; one of another order, beside a good one, never becomes one."""
    good, mixed = KeyPair.generate(bytes(range(32))).did_key, did_key(b"\x02" + bytes(31))
    for to, status in ((mixed, 422), (good, 201), (mixed, 422), (good, 201), (mixed, 422)):
        answer = await here.post("/v1/delegations", {"scopes": [SCOPE], "to": to}, "issue")
        assert answer.status_code == status, to
