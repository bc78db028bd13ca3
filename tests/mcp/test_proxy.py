"""wrap-mcp as a process, in front of a server that keeps what it was sent: pipes, signals, ends, bounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import COMMAND
from tests.support.mcp_session import gone, is_alive, told

if TYPE_CHECKING:
    from tests.mcp.conftest import Wrapped
    from tests.support.mcp_session import Session


SERVER = Path(__file__).with_name("line_server.py")


def test_the_server_does_not_see_our_variables(wrapped: Wrapped) -> None:
    wrapped.token("env")
    with wrapped.open(KANONIV_ROOT_KEY="x", MORE="1") as session:
        seen = json.loads(told(session.call(1, "env")))
    assert seen["MORE"] == "1"
    assert [name for name in seen if name.startswith("KANONIV")] == []


def test_requests_of_the_server_and_their_answers_pass(wrapped: Wrapped) -> None:
    wrapped.token("ask")
    with wrapped.open() as session:
        session.call(1, "ask")
        assert session.kept == [{"jsonrpc": "2.0", "id": "q1", "method": "roots/list"}]
        session.send({"jsonrpc": "2.0", "id": "q1", "result": {"roots": []}})
        session.ask(2, "ping")
    assert wrapped.reached()[1] == {"jsonrpc": "2.0", "id": "q1", "result": {"roots": []}}


def test_a_denied_call_is_not_cancelled_at_the_server(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
    with wrapped.open() as session:
        session.call(5, "merge")
        session.send({**cancel, "params": {"requestId": 5}})
        session.call(6, "echo")
        session.send({**cancel, "params": {"requestId": 6}})
        session.ask(7, "ping")
    assert [row.get("params", {}).get("requestId") for row in wrapped.reached()] == [None, 6, None]


def test_the_exit_status_is_the_servers(wrapped: Wrapped) -> None:
    wrapped.token("crash")
    with wrapped.open() as session:
        session.send(
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "crash"}}
        )
        with pytest.raises(EOFError):
            session.answer(1)
        assert session.process.wait(10) == 7
    for command, status in (
        (["no-such-program"], 127),
        (["/"], 126),
        (["sh", "-c", "kill -9 $$"], 137),
    ):
        with wrapped.open(command=command) as session:
            assert session.process.wait(10) == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_goes_to_the_server_and_ends_both(
    wrapped: Wrapped, number: signal.Signals
) -> None:
    wrapped.token("echo")
    with wrapped.open(manner="child") as session:
        session.call(1, "echo")
        pids = wrapped.pid(), wrapped.pid(".child")
        assert os.getpgid(pids[0]) != os.getpgid(session.process.pid)
        session.process.send_signal(number)
        status = session.process.wait(10)
        assert status == 128 + number
        assert all(gone(pid) for pid in pids)


def test_a_server_that_ignores_sigterm_is_killed(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open(manner="stubborn") as session:
        session.call(1, "echo")
        start = time.monotonic()
        session.process.terminate()
        assert session.process.wait(10) == 137
        assert 1 < time.monotonic() - start < 5


def test_nothing_is_left_when_the_server_has_ended(wrapped: Wrapped) -> None:
    wrapped.token("crash")
    with wrapped.open(manner="child") as session:
        session.send(
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "crash"}}
        )
        assert session.process.wait(10) == 7
        assert gone(wrapped.pid(".child"))


def plain(wrapped: Wrapped, *manner: str) -> subprocess.Popen[bytes]:
    """The proxy with bare pipes, for clients that do not read."""
    served = [sys.executable, "-I", "-S", str(SERVER), str(wrapped.log), *manner]
    return subprocess.Popen(
        [COMMAND, "wrap-mcp", "--", *served],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=wrapped.shell.env,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.kill()
    process.stdout.close()
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    process.wait()


def test_a_client_that_is_gone_takes_the_server_with_it(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    process = plain(wrapped, "stubborn")
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()
        pid = wrapped.pid()
        process.stdin.close()
        time.sleep(0.3)
        assert is_alive(pid)  # a client that only says no more may still be reading
        process.stdout.close()
        assert gone(pid, 10)
        assert process.wait(10) == 137
    finally:
        finish(process)


def keep_saying(session: Session) -> None:
    for _ in range(200):
        session.send({"jsonrpc": "2.0", "id": 1, "method": "ping"})
        time.sleep(0.05)


def test_a_deaf_server_closes_the_clients_pipe(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open(manner="deaf") as session:
        with pytest.raises(BrokenPipeError):
            keep_saying(session)
        session.process.terminate()
        assert session.process.wait(10) == 143


def test_a_server_that_says_no_more_is_ended(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open(manner="mute") as session:
        assert session.process.wait(10) == 137


def test_a_stuck_server_stops_neither_answers_nor_signals(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open(manner="hang") as session:
        for number in range(200):  # more than a pipe holds
            call = {"name": "echo", "arguments": {"a": "x" * 4096}}
            session.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
        assert "error" in session.call("denied", "merge")
        session.process.terminate()
        assert session.process.wait(10) == 143


def test_a_stuck_client_is_bounded_and_can_be_ended(wrapped: Wrapped) -> None:
    """It asks and asks and reads no answer: what waits for it has a bound, and then its requests wait, too."""
    wrapped.token("big")
    big = {"name": "big", "arguments": {"size": 1 << 20}}
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": big}
    process = plain(wrapped)
    try:
        assert process.stdin is not None
        process.stdin.write(b"".join([json.dumps(ask).encode() + b"\n"] * 100))
        process.stdin.flush()
        time.sleep(2)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        assert int(status.split("VmRSS:")[1].split()[0]) < 120_000  # kilobytes
        assert len(wrapped.reached()) < 40
        process.terminate()
        assert process.wait(15) in {143, 137}
    finally:
        finish(process)


def test_long_lines(wrapped: Wrapped) -> None:
    wrapped.token("echo,big")
    with wrapped.open() as session:
        fits = (1 << 24) - 200
        assert len(told(session.call(1, "echo", a="x" * fits))) > fits
        session.send(b'{"jsonrpc":"2.0","id":2,"method":"ping","params":{"a":"' + b"x" * (1 << 24))
        session.send(b'"}}\n')
        assert session.next()["error"]["code"] == -32700
        assert len(told(session.call(3, "big", size=1 << 24))) == 1 << 24
        assert session.ask(4, "ping")["result"] == {}
    assert [row["id"] for row in wrapped.reached()] == [1, 3, 4]


def test_what_waits_at_the_end_arrives(wrapped: Wrapped) -> None:
    """A client that says everything at once and closes, and a last line without its line feed."""
    wrapped.token("big,echo")
    with wrapped.open() as session:
        for number in range(50):
            big = {"name": "big", "arguments": {"size": 100_000}}
            session.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": big})
        session.send(b'{"jsonrpc":"2.0","id":50,"method":"ping"}')
        assert session.end() == 3
        answered = [session.next()["id"] for _ in range(51)]
    assert answered == list(range(51))


def test_json_at_the_end(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open("--json") as session:
        session.call(1, "echo")
        session.call(2, "merge")
        assert session.end() == 3
        last = session.next()
        assert session.stderr == ""
    assert last == {"ok": False, "code": "failure", "message": "the server ended with 3", "fix": None,
                    "exit_status": 3, "allowed": 1, "denied": 1, "forwarded": 0}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mode", "lax"], "--mode 'lax'"),
        (["--deny-as", "x"], "--deny-as"),
        (["--guard", "x"], "--guard"),
        (["--name", "a", "--scope-prefix", "b"], "--scope-prefix"),
        (["--root-did", "x", "--root-key", "y"], "--root-key"),
        (["--root-did", ""], "empty"),
        (["--audience", " "], "audience is empty"),
    ],
)
def test_typing_errors(wrapped: Wrapped, words: list[str], said: str) -> None:
    wrapped.token("echo")
    answer = wrapped.shell.kanoniv("wrap-mcp", *words, "--", "true")
    assert (answer.status, said in answer.err) == (2, True)


def test_nothing_starts_where_nothing_could_be_granted(wrapped: Wrapped) -> None:
    said = wrapped.shell.kanoniv("wrap-mcp", "--", "touch", "started")
    assert (said.status, "no_trusted_root" in said.err) == (2, True)
    assert not (wrapped.shell.place / "started").exists()
    closed = "kanoniv-auth init >/dev/null; exec kanoniv-auth wrap-mcp -- true <&-"
    assert wrapped.shell.line(closed).status == 2
