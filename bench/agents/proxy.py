"""wrap-mcp between a client and npm's server-everything, beside no proxy and beside one that only passes bytes on."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.agents.hook import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# calls of one contender in a round: 5 rounds are 10,000; a contender's turn is short, so that all see the same machine
CALLS, TURN = 2000, 25
_COMMAND = str(ROOT / ".venv/bin/kanoniv-auth")


class Client:
    """One server with what stands before it, for all rounds."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "KANONIV_HOME": str(home), "HOME": str(home)},
        )
        self._last = 0
        self.turns: list[list[float]] = []
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
        self._ask("initialize", {**hello, "clientInfo": {"name": "bench", "version": "1"}})
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.turn()

    def _say(self, body: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(body).encode() + b"\n")
        self._process.stdin.flush()

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._last += 1
        self._say({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        assert self._process.stdout is not None
        while True:
            body = json.loads(self._process.stdout.readline())
            if body.get("id") == self._last:
                return body["result"]

    def turn(self) -> list[float]:
        """Some calls, one after the other; milliseconds of each."""
        spent = []
        for _ in range(TURN):
            start = time.perf_counter()
            self._ask("tools/call", {"name": "echo", "arguments": {"message": "hello"}})
            spent.append((time.perf_counter() - start) * 1000)
        return spent

    def end(self) -> None:
        """Let it go."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)


def section(folder: Path, rounds: int) -> str:
    """Measure the contenders in turn."""
    clients = _clients(folder)
    order = list(clients.values())
    for _ in range(rounds * CALLS // TURN):
        for client in order:
            client.turns.append(client.turn())
        order.reverse()
    for client in order:
        client.end()
    return _page({name: client.turns for name, client in clients.items()}, rounds)


def _clients(folder: Path) -> dict[str, Client]:
    from tests.support.mcp_peers import node_server  # noqa: PLC0415 - pytest, where this part alone is measured

    home = folder / "proxy-home"
    env = {"PATH": os.environ["PATH"], "KANONIV_HOME": str(home)}
    for words in (["init"], ["delegate", "-s", "mcp.ev.echo", "-t", "1d"]):
        subprocess.run([_COMMAND, *words], env=env, check=True, capture_output=True)
    server = [*node_server("everything"), "stdio"]
    proxy = [_COMMAND, "wrap-mcp", "--name", "ev"]
    commands = {
        "no proxy": server,
        "`cat`, the server, `cat`": ["sh", "-c", f"cat | {shlex.join(server)} | cat"],
        "wrap-mcp": [*proxy, "--", *server],
        "wrap-mcp --require-audit": [*proxy, "--require-audit", "--", *server],
    }
    return {name: Client(command, home) for name, command in commands.items()}


def _at(turns: Iterable[Sequence[float]], share: float) -> float:
    times = sorted(spent for turn in turns for spent in turn)
    return times[int(len(times) * share)]


def _page(found: Mapping[str, Sequence[Sequence[float]]], rounds: int) -> str:
    bare = next(iter(found.values()))
    # what disturbs the machine is judged by the turns of the server alone, whatever ours took
    quiet = sorted(range(len(bare)), key=lambda at: sum(bare[at]))[: len(bare) // 2]
    rows = []
    for name, turns in found.items():
        cells = [f"{_at(turns, 0.5):.2f} ms", f"{_at(turns, 0.99):.2f} ms"]
        for share, goal in ((0.5, 1.0), (0.99, 3.0)):
            every = _at(turns, share) - _at(bare, share)
            half = _at([turns[at] for at in quiet], share) - _at([bare[at] for at in quiet], share)
            verdict = ""
            if name == "wrap-mcp":
                verdict = ", met" if half < goal else ", **missed**"
            cells.append(f"{every:+.2f}, {half:+.2f} ms{verdict}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    said = (
        f"{rounds * CALLS} calls of `echo` of npm's server-everything through each, one after the other, in turns of"
        f" {TURN}. *More* than without a\nproxy: of all calls, and of the half of the turns in which the server alone"
        " was quickest. Goal of wrap-mcp there: less than 1 ms\nat p50 and less than 3 ms at p99. Every decision is a"
        " record of the audit log, flushed to the disk beside the call; with\n`--require-audit` before it goes on.\n"
    )
    head = "| what | p50 | p99 | p50, more | p99, more |\n|---|---|---|---|---|"
    return "\n".join(["## The MCP proxy\n", said, head, *rows, ""])
