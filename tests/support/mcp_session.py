"""An MCP client of lines: what is written is exactly what is said, and every wait has an end."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Body = dict[str, Any]
PATIENCE = 15.0


class Session:
    """One process that speaks JSON-RPC by lines, and what it has said so far."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: object = None) -> None:
        self.process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            cwd=cwd,  # type: ignore[call-overload]
        )
        self.said: queue.Queue[bytes | None] = queue.Queue()
        self.errors: list[bytes] = []
        self.kept: list[Body] = []
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._say_goodbye()
        for reader in self._readers:
            reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def _say_goodbye(self) -> None:
        """As a client does: what it has decided until then is written down."""
        try:
            self.close()
            self.process.wait(3)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.put(line)
        self.said.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)

    @property
    def stderr(self) -> str:
        """What it has said to people so far."""
        return b"".join(self.errors).decode("utf-8", "replace")

    def send(self, what: bytes | Body) -> None:
        """Write a line: bytes as they are, a message as JSON."""
        data = what if isinstance(what, bytes) else json.dumps(what).encode() + b"\n"
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def next(self, patience: float = PATIENCE) -> Body:
        """The next message. Raises: queue.Empty, EOFError."""
        line = self.said.get(timeout=patience)
        if line is None:
            self.said.put(None)
            raise EOFError(self.stderr)
        body: Body = json.loads(line)
        return body

    def answer(self, id: object, patience: float = PATIENCE) -> Body:  # noqa: A002 - JSON-RPC's word
        """The answer to one request; what comes in between is kept."""
        until = time.monotonic() + patience
        for body in self.kept:
            if body.get("id") == id and "method" not in body:
                self.kept.remove(body)
                return body
        while True:
            body = self.next(max(0.01, until - time.monotonic()))
            if body.get("id") == id and "method" not in body:
                return body
            self.kept.append(body)

    def ask(self, id: object, method: str, params: Body | None = None) -> Body:  # noqa: A002 - as above
        """Send a request and return its answer."""
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        return self.answer(id)

    def call(self, id: object, tool: str, **arguments: object) -> Body:  # noqa: A002 - as above
        """Call a tool."""
        return self.ask(id, "tools/call", {"name": tool, "arguments": arguments})

    def shake_hands(self) -> Body:
        """The handshake of revision 2025-11-25."""
        info = {"name": "lines", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}
        answer = self.ask("hands", "initialize", params)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    def close(self) -> None:
        """Say that nothing more will come."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self, patience: float = PATIENCE) -> int:
        """Close, and wait for its exit status."""
        self.close()
        status: int = self.process.wait(patience)
        return status


def told(answer: Body) -> str:
    """The text of a tool's result."""
    return str(answer["result"]["content"][0]["text"])


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - one read
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid: int, patience: float = 5.0) -> bool:
    """Wait until a process is not there any more."""
    until = time.monotonic() + patience
    while is_alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def environment(**more: str) -> dict[str, str]:
    """PATH and what is given."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}
