"""Real servers and a real client on both sides of the proxy: npm's reference servers and PyPI's `mcp`, both eras."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.shell import COMMAND
from tests.mcp.test_wire import REFUSED
from tests.support.mcp_peers import node_server, python_sdk
from tests.support.mcp_session import Session, environment, gone, told

if TYPE_CHECKING:
    from tests.mcp.conftest import Wrapped

HERE = Path(__file__).parent
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "lines", "version": "1"},
}


def everything() -> list[str]:
    return [*node_server("everything"), "stdio"]


def sdk(log: Path) -> list[str]:
    return [python_sdk(), "-I", str(HERE / "sdk_server.py"), str(log)]


def seen_by(log: Path, command: list[str]) -> list[str]:
    """A command whose stdin is also kept in a file."""
    return ["sh", "-c", 'tee "$0" | "$@"', str(log), *command]


@pytest.fixture(params=["npm", "pypi"])
def peer(request: pytest.FixtureRequest, wrapped: Wrapped) -> tuple[list[str], dict[str, Any]]:
    """A real server, and a call that it takes."""
    if request.param == "npm":
        return everything(), {"name": "echo", "arguments": {"message": "hi"}}
    return sdk(wrapped.shell.place / "tools.log"), {"name": "echo", "arguments": {"text": "hi"}}


def test_every_row_of_the_wire(wrapped: Wrapped, peer: tuple[list[str], dict[str, Any]]) -> None:
    """Nothing of what these servers read in their own way arrives, and nobody waits for an answer."""
    command, call = peer
    witness = wrapped.shell.place / "wire.log"
    wrapped.token("echo,merge")
    with wrapped.open(command=seen_by(witness, command)) as session:
        session.shake_hands()
        for line, code, id_ in REFUSED.values():
            session.send(line + b"\n")
            answer = session.answer(id_)
            assert answer["error"]["code"] == code, line
        spelt = b'{"jsonrpc":"2.0","id":1,"method":"tools\\u002fcall","params":'
        session.send(spelt + json.dumps(call).encode() + b"}\r\n")
        assert "hi" in told(session.answer(1))
        denied = session.ask(2, "tools/call", {"name": "get-env", "arguments": {}})
        assert denied["error"]["code"] == -32010
        assert session.ask(3, "ping")["result"] == {}
    arrived = [json.loads(line) for line in witness.read_text(encoding="ascii").splitlines()]
    assert [row["method"] for row in arrived] == [
        "initialize", "notifications/initialized", "tools/call", "ping",
    ]  # fmt: skip
    assert arrived[2]["params"] == call


def test_these_attacks_are_some_without_the_proxy(peer: tuple[list[str], dict[str, Any]]) -> None:
    command, call = peer
    params = json.dumps(call).encode()
    with Session(command, environment(KANONIV_HOME="/nowhere")) as session:
        session.shake_hands()
        twice = b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":'
        session.send(twice + params + b"}\n")
        assert "hi" in told(session.answer(1))


def test_the_list_and_the_denial_of_server_everything(wrapped: Wrapped) -> None:
    wrapped.token("mcp.ev.echo,mcp.ev.get-sum")
    with wrapped.open("--name", "ev", command=everything()) as session:
        assert session.shake_hands()["result"]["protocolVersion"] == "2025-11-25"
        listed = session.ask(1, "tools/list")["result"]["tools"]
        assert sorted(tool["name"] for tool in listed) == ["echo", "get-sum"]
        assert "inputSchema" in listed[0]
        assert "42" in told(session.call(2, "get-sum", a=40, b=2))
        assert session.call(3, "get-env")["error"]["data"]["required"] == "mcp.ev.get-env"
        session.close()
        assert session.process.wait(10) == 0


def test_the_stateless_era(wrapped: Wrapped) -> None:
    """No handshake: each request says its version, and the first one may be the call."""
    tools = wrapped.shell.place / "tools.log"
    wrapped.token("echo")
    with wrapped.open(command=sdk(tools)) as session:
        found = session.ask(1, "server/discover", {"_meta": MODERN})
        assert "2026-07-28" in found["result"]["supportedVersions"]
        listed = session.ask(2, "tools/list", {"_meta": MODERN})["result"]
        assert [tool["name"] for tool in listed["tools"]] == ["echo"]
        assert listed["cacheScope"] == "private"
        call = {"name": "echo", "arguments": {"text": "x"}, "_meta": MODERN}
        assert session.ask(3, "tools/call", call)["result"]["resultType"] == "complete"
        assert session.ask(4, "tools/call", {**call, "name": "merge"})["error"]["code"] == -32010
    assert tools.read_text(encoding="utf-8").splitlines() == ["echo x"]


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
def test_a_thousand_interleaved_calls_of_a_real_client(
    wrapped: Wrapped, mode: str, version: str
) -> None:
    tools = wrapped.shell.place / "tools.log"
    wrapped.token("mcp.sdk.echo,mcp.sdk.slow")
    proxy = [COMMAND, "wrap-mcp", "--name", "sdk", "--", *sdk(tools)]
    done = subprocess.run(
        [python_sdk(), "-I", str(HERE / "sdk_client.py"), mode, *proxy],
        env=wrapped.shell.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    saw = json.loads(done.stdout)
    assert saw.pop("progress") >= 1
    assert saw == {
        "version": version, "tools": ["echo", "slow"], "wrong": 0, "granted": 666, "denied": 334,
        "codes": [-32010], "cancelled": True, "after": "after",
    }  # fmt: skip
    ran = tools.read_text(encoding="utf-8").splitlines()
    assert len([line for line in ran if line.startswith("echo n")]) == 666
    assert [line for line in ran if line.startswith("merge")] == []
    assert "slow was cancelled" in ran
    results = [row["result"] for row in wrapped.records()]
    assert (results.count("allowed"), results.count("denied")) == (668, 334)
    assert wrapped.shell.kanoniv("audit-log", "verify").status == 0


def test_a_file_that_may_be_read_and_not_written(wrapped: Wrapped) -> None:
    folder = wrapped.shell.place / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha")
    wrapped.token("mcp.fs.read_text_file")
    command = [*node_server("filesystem"), str(folder)]
    with wrapped.open("--name", "fs", command=command) as session:
        session.shake_hands()
        assert told(session.call(1, "read_text_file", path=str(folder / "a.txt"))) == "alpha"
        assert "error" in session.call(2, "write_file", path=str(folder / "b.txt"), content="x")
        moved = {"source": str(folder / "a.txt"), "destination": str(folder / "b.txt")}
        assert "error" in session.call(3, "move_file", **moved)
        wrapped.token("mcp.fs.write_file")
        assert "result" in session.call(4, "write_file", path=str(folder / "c.txt"), content="y")
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "c.txt"]


def test_a_crash_in_the_middle_of_a_call(wrapped: Wrapped) -> None:
    tools = wrapped.shell.place / "tools.log"
    wrapped.token("slow")
    pid = wrapped.shell.place / "pid"
    command = ["sh", "-c", 'echo $$ >"$0"; exec "$@"', str(pid), *sdk(tools)]
    with wrapped.open(command=command) as session:
        session.shake_hands()
        call = {"name": "slow", "arguments": {}}
        session.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        until = time.monotonic() + 10
        while not tools.exists() and time.monotonic() < until:
            time.sleep(0.05)
        number = int(pid.read_text(encoding="ascii"))
        subprocess.run(["kill", "-KILL", str(number)], check=True)
        with pytest.raises(EOFError):
            session.answer(1)
        assert session.process.wait(10) == 137
        assert gone(number)


def test_the_proxy_does_without_the_sdk() -> None:
    """Whose import alone takes longer than a second."""
    code = "import sys, kanoniv_auth.cli.wrapping; print({'mcp', 'pydantic', 'asyncio'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
