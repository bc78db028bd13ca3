"""Connections that are held on purpose: who sends next to nothing, who reads nothing, who opens all there are."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kanoniv_server import listening
from kanoniv_server.web.asgi import Receive, Scope, Send
from tests.support.pair import until
from tests.support.service import Process, process, settings

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 1.0
ARGV = ("--open-rate", "0", "--rate", "0", "--read-timeout", "1")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with process(tmp_path_factory.mktemp("service"), *ARGV) as found:
        yield found
        assert found.end() == 0, found.err()


def connect(found: Process) -> socket.socket:
    parts, one = urlsplit(found.url), socket.socket()
    # before it is connected, or the window is wider already
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(15)
    one.connect((str(parts.hostname), int(parts.port or 0)))
    return one


def sockets_of(found: Process) -> int:
    assert found.child is not None
    count = 0
    for one in Path(f"/proc/{found.child.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            count += str(one.readlink()).startswith("socket:")
    return count


def answered(one: socket.socket) -> bool:
    """Ask, and read all of the answer."""
    one.sendall(ASK)
    answer = b""
    while not answer.endswith(b"}"):
        part = one.recv(65536)
        assert part, answer
        answer += part
    return answer.startswith(b"HTTP/1.1 200 ")


def is_open(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(65536) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("more", [b"\r\n", b"\r\n\r\n\r\n", b"\n", b"\r"])
def test_an_empty_line_after_an_answer_holds_no_place(here: Process, more: bytes) -> None:
    """It is no request, and it must not end the waiting for one either."""
    with connect(here) as one:
        assert answered(one)
        one.sendall(more)
        until(lambda: not is_open(one), PATIENCE + 4, "held for ever by an empty line")


def test_an_empty_line_now_and_then_gains_no_time(here: Process) -> None:
    with connect(here) as one:
        assert answered(one)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE + 4:
            try:
                one.sendall(b"\r\n")
            except OSError:
                return
            time.sleep(0.2)
            if not is_open(one):
                return
        pytest.fail("held by an empty line now and then")


def test_a_request_after_an_empty_line_is_answered(here: Process) -> None:
    """Old clients end a body with a line of their own."""
    with connect(here) as one:
        for _ in range(3):
            assert answered(one)
            one.sendall(b"\r\n")
            time.sleep(PATIENCE / 2)


def test_who_asks_and_reads_nothing_is_let_go(tmp_path: Path) -> None:
    """The answers wait in buffers, which somebody has to give back."""
    with process(tmp_path, *ARGV) as here, ExitStack() as stack:
        before = sockets_of(here)
        for _ in range(5):
            one = stack.enter_context(connect(here))
            # all of them are there whole, so that nothing else ends the connection
            one.sendall(BIG * 300)
        until(lambda: sockets_of(here) == before + 5, 2 * PATIENCE, "not taken")
        why = "held for ever by who does not read"
        until(lambda: sockets_of(here) == before, 15 * PATIENCE, why)


def chunked(path: bytes, body: bytes, head: bytes = b"", tail: bytes = b"") -> bytes:
    """A request with lines in its head, or after its body."""
    first = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" % path
    return b"%b%b\r\n%x\r\n%b\r\n0\r\n%b\r\n" % (first, head, len(body), body, tail)


def status(here: Process, sent: bytes) -> bytes:
    with connect(here) as one:
        one.sendall(sent)
        return one.recv(12)[9:]


def test_a_header_after_the_body_is_none(here: Process) -> None:
    """What stands in front may have taken out, or put in, what a trailer would say otherwise."""
    path, body = b"/v1/delegations", b'{"scopes":["a"]}'
    key = b"Authorization: Bearer %b\r\n" % here.key.encode("ascii")
    assert status(here, chunked(path, body, head=key)) == b"201"
    assert status(here, chunked(path, body, tail=key)) == b"401"
    assert status(here, chunked(path, body, head=key, tail=key)) == b"201"
    # the short way has read it, too
    path, body = b"/v1/verify", b'{"token":"x","scope":"a"}'
    assert status(here, chunked(path, body, tail=b"Authorization: Bearer x\r\n")) == b"400"


async def yes(scope: Scope, receive: Receive, send: Send) -> None:
    """The least that is an application."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A port that takes 8 connections, and 4 of one address."""
    monkeypatch.setattr(listening, "_MOST_CONNECTIONS", 8)
    monkeypatch.setattr(listening, "_SHARE", 4, raising=False)
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    made = listening.server(yes, settings(tmp_path, port="0"), heard.set_result)
    task = asyncio.create_task(made.serve())
    yield int((await heard).rpartition(":")[2])
    made.should_exit = True
    await asyncio.wait_for(task, 20)


def ask(port: int, host: str, stack: ExitStack) -> tuple[bytes, socket.socket]:
    one = socket.create_connection(("127.0.0.1", port), 10, source_address=(host, 0))
    stack.enter_context(one)
    one.sendall(ASK)
    return one.recv(12)[9:], one


@pytest.mark.anyio
async def test_one_address_does_not_keep_the_others_out(crowded: int) -> None:
    with ExitStack() as stack:
        mine = [await asyncio.to_thread(ask, crowded, "127.0.0.2", stack) for _ in range(6)]
        assert [answer for answer, _ in mine] == [b"200"] * 4 + [b"503"] * 2
        assert (await asyncio.to_thread(ask, crowded, "127.0.0.3", stack))[0] == b"200"
        # whoever goes makes room
        mine[0][1].close()
        await asyncio.sleep(0.2)
        assert (await asyncio.to_thread(ask, crowded, "127.0.0.2", stack))[0] == b"200"
        assert (await asyncio.to_thread(ask, crowded, "127.0.0.2", stack))[0] == b"503"
