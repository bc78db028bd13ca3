"""Peers that mean harm: each of these ended the proxy, stopped it, hid something, or mixed up two requests."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.mcp.guard import Call, Forward, Guard, Policy, Reject
from kanoniv_auth.mcp.judge import Desk, Names, Sources
from kanoniv_auth.store.home import Home
from tests.advisories.forge_v1 import ARGS, invoked
from tests.mcp.test_wire import Denying, guard
from tests.support.mcp_session import gone

if TYPE_CHECKING:
    from tests.mcp.conftest import Wrapped

BRIEF = 3.0  # seconds


def test_a_proof_of_odd_numbers_is_refused_and_recorded(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    proof = invoked()
    proof["invocation"]["delegation"]["issuer_public_key"] = [-1] * 32
    call = {"name": "resolve", "arguments": ARGS, "_meta": {"com.kanoniv/proof": proof}}
    with wrapped.open() as session:
        assert session.ask(1, "tools/call", call)["error"]["data"]["code"] == "parse"
        assert "result" in session.call(2, "echo")
    assert [row["result"] for row in wrapped.records()] == ["denied", "allowed"]


# ------------------------------------------------------------------------------------ gigantic names


@pytest.mark.parametrize("letter", ["x", "\u202e"])
def test_a_gigantic_name_costs_no_more_than_its_line(wrapped: Wrapped, letter: str) -> None:
    """A name of 15 MB was encoded, quoted, sent back and kept for the log: 34 seconds and 1.5 GB."""
    wrapped.token("echo")
    name = letter * (15_000_000 // len(letter.encode()))
    with wrapped.open("--mode", "warn") as session:
        assert "result" in session.call(0, "echo")
        start = time.monotonic()
        for number in range(3):
            call = {"jsonrpc": "2.0", "id": number + 1, "method": "tools/call"}
            line = json.dumps({**call, "params": {"name": name}}, ensure_ascii=False)
            session.send(line.encode() + b"\n")
            answer = session.answer(number + 1)
            assert answer["error"]["code"] == -32602
            assert len(json.dumps(answer)) < 1000
        assert time.monotonic() - start < 3 * BRIEF
        status = Path(f"/proc/{session.process.pid}/status").read_text(encoding="ascii")
        assert int(status.split("VmHWM:")[1].split()[0]) < 400_000  # kilobytes
    assert wrapped.reached() == [{**wrapped.reached()[0], "id": 0}]


def test_what_waits_for_the_log_is_small() -> None:
    told: list[Happening] = []
    desk = Desk(
        Home("/nowhere"),
        Sources("kd2.x"),
        Names(),
        mode="strict",
        roots=TrustedRoots(),
        put=told.append,
        require_audit=False,
        say=lambda _: None,
    )
    big = "x" * 1_000_000
    desk.unread(big, big)
    desk.decide(Call("echo", "echo", {}, (), big))
    assert max(len(str(value)) for what in told for value in what.details.values()) < 10_000


# --------------------------------------------------------------------- ids of the one and of the other


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":7,"result":{"text":"\\ud800"}}',
        b'{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}',
        b'{"jsonrpc":"2.0","id":7,"result":{"a":1e999}}',
        b'{"jsonrpc":"2.0","id":7,"result":{},"more":1}',
        b'{"jsonrpc":"2.0","id":7,"error":{},"result":{}}',
        b'{"id":7,"result":{}}',
    ],
)
def test_a_bad_answer_of_the_client_is_not_taken_for_its_question(line: bytes) -> None:
    """The server asks with ids of its own: an error with that id would answer the client's request of the same one."""
    one = guard(Denying("echo"))
    found = one.from_client(line)
    assert isinstance(found, Reject)
    assert json.loads(found.line)["id"] is None
    # nor is that request one that the server never heard of
    cancel = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}'
    assert isinstance(one.from_client(cancel), Forward)


# -------------------------------------------------------------------------------- what nobody recorded


@pytest.mark.parametrize("mode", ["warn", "audit"])
@pytest.mark.parametrize("method", ["Tools/Call", "tools/call ", "x/y"])
def test_a_method_that_is_not_known_is_a_call_where_it_is_let_through(
    mode: str, method: str
) -> None:
    judge = Denying("echo")
    one = Guard(Policy(mode, "mcp.crm"), judge, lambda _: "fix")
    line = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "merge"}}
    one.from_client(json.dumps(line).encode())
    assert [(call.tool, call.arguments) for call in judge.asked] == [(method, {"name": "merge"})]


def test_a_method_that_is_not_known_is_recorded(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open("--mode", "audit", "--require-audit") as session:
        assert session.ask(1, "Tools/Call", {"name": "merge"})["result"] == {}
    (row,) = wrapped.records()
    assert (row["result"], row["details"]["tool"]) == ("forwarded", "Tools/Call")


# ------------------------------------------------------------------------------- a server that slips away

SLIPPING = """
import os, sys, time
os.setpgid(0, os.getpgid(os.getppid()))
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""


def test_a_server_that_leaves_its_group_is_ended_all_the_same(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    file = wrapped.shell.place / "pid"
    with wrapped.open(command=[sys.executable, "-I", "-S", "-c", SLIPPING, str(file)]) as session:
        until = time.monotonic() + 10
        while not (file.exists() and file.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        pid = int(file.read_text())
        assert os.getpgid(pid) == os.getpgid(session.process.pid)
        session.process.terminate()
        try:
            assert session.process.wait(10) == 128 + signal.SIGTERM
        finally:
            if not gone(pid, 0.5):
                os.kill(pid, signal.SIGKILL)


def test_a_bad_question_of_the_server_is_no_answer_to_the_client() -> None:
    """A server may ask with tools in it (sampling); what cannot be read of it has an id of the server's."""
    one = guard(Denying("echo"))
    ask = b'{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"tools":[],"a":1,"a":2}}'
    assert one.from_server(ask) is None
    assert one.from_server(ask.replace(b'"a":1,', b"")) is not None
    assert (
        one.from_server(b'{"jsonrpc":"2.0","id":7,"method":"x","params":{"tools":[]},"more":1}')
        is None
    )


# ------------------------------------------------------------------------------------------- floods


def test_a_flood_of_nothing_holds_up_no_signal(wrapped: Wrapped) -> None:
    """Each of these lines is recorded and answered; what came in one piece was worked off before anything else."""
    wrapped.token("echo")
    with wrapped.open() as session:
        session.call(1, "echo")
        session.send(b"{}\n" * 20_000)
        assert session.process.stdin is not None
        time.sleep(0.5)
        start = time.monotonic()
        session.process.terminate()
        assert session.process.wait(30) == 128 + signal.SIGTERM
        assert time.monotonic() - start < 8


def test_a_pipe_in_place_of_the_token_file_is_waited_for_by_nobody(wrapped: Wrapped) -> None:
    """Whoever may write there could else hold up everything, the signals that end it included."""
    wrapped.token("echo")
    file = wrapped.shell.place / "t"
    os.mkfifo(file)
    with wrapped.open("--token-file", str(file)) as session:
        session.send(
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}}
        )
        answer = session.answer(1, BRIEF)
        assert answer["error"]["data"]["code"] == "storage"
    assert wrapped.reached() == []


# ---------------------------------------------------------------------------------- killed in the middle


@pytest.mark.parametrize("granted", [True, False])
def test_what_was_answered_is_recorded_though_it_is_killed(wrapped: Wrapped, granted: bool) -> None:
    """Records are written beside the calls; an answer came before its record, and a third of them was lost."""
    wrapped.token("echo" if granted else "other")
    with wrapped.open() as session:
        session.shake_hands()
        params = {"name": "echo", "arguments": {}}
        for number in range(300):
            session.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
        for _ in range(150):
            session.next()
        os.kill(session.process.pid, signal.SIGKILL)
        session.process.wait(BRIEF)
        answers = 150
        try:
            while session.next(BRIEF):
                answers += 1
        except EOFError:
            pass
    assert len(wrapped.records()) >= answers
    assert {row["result"] for row in wrapped.records()} == {"allowed" if granted else "denied"}
