"""The pipes between a client and a server: one loop, so that nothing of it can wait for another part of it.

Who does not read is waited for: what is for them piles up to a bound, then its source is not read either. Signals, the
end of the client and the end of the server are seen at any time.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING

from kanoniv_auth.mcp.child import Child
from kanoniv_auth.mcp.guard import Forward, Reject
from kanoniv_auth.mcp.jsonrpc import MAX_LINE
from kanoniv_auth.mcp.lines import Lines
from kanoniv_auth.mcp.pipes import Pile, Signals, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanoniv_auth.mcp.guard import Guard
    from kanoniv_auth.mcp.scribe import Scribe

STDIN, STDOUT = 0, 1
PILE = 8 << 20  # bytes that wait for a reader before their source is not read any more
LONGEST_ANSWER = 4 * MAX_LINE
# seconds: from SIGTERM or the client's end to SIGKILL · for what is left in the pipes when the server has ended · for
# a client that does not read then
STOP, DRAIN, STUCK = 1.5, 1.0, 3.0
_CHUNK = 1 << 16
# of the client at once: it may be a thousand lines, each with a record, and nothing else happens meanwhile
_BITE = 1 << 12
# a pipe or socket that says it can take something takes so much without waiting
_SURE = 4096
_STOPPING = (signal.SIGTERM, signal.SIGHUP)
_GONE = select.POLLERR | select.POLLNVAL


class Proxy:
    """One run. `guard` decides each line; records: what it writes down; say: a line for people."""

    def __init__(
        self,
        guard: Guard,
        child: Child,
        signals: Signals,
        records: Scribe,
        say: Callable[[str], None],
    ) -> None:
        self._guard, self._child, self._signals, self._say = guard, child, signals, say
        self._records = records
        self._to_server = Pile(child.to, _CHUNK)
        self._to_client = Told(STDOUT, _SURE, records)
        self._from_client, self._from_server = Lines(MAX_LINE), Lines(LONGEST_ANSWER)
        self._client_speaks = self._server_speaks = True
        self._kill_at = self._give_up_at = float("inf")

    def run(self) -> int:
        """Pass on until the server has ended; its exit status."""
        while True:
            now = time.monotonic()
            status = self._child.status()
            if status is not None:
                self._ended(now)
                if now >= self._give_up_at or not (self._server_speaks or self._to_client.size):
                    return status
            if now >= self._kill_at:
                self._kill(now)
            self._turn(now)

    def _ended(self, now: float) -> None:
        """The server has ended: what it has started is told so, and what was said is still passed on."""
        if self._give_up_at == float("inf"):
            self._child.signal(signal.SIGTERM)
            self._kill_at, self._give_up_at = now + DRAIN, now + STUCK
            self._client_speaks = False
            self._close_server()

    def _kill(self, now: float) -> None:
        self._child.signal(signal.SIGKILL)
        if self._give_up_at == float("inf"):
            self._kill_at = float("inf")
        elif self._to_client.size < PILE:
            # what still holds the pipe has left the server's group: it is not waited for
            self._kill_at, self._server_speaks = float("inf"), False
        else:
            self._kill_at = now + DRAIN

    def _turn(self, now: float) -> None:
        for fd, happened in self._wanted().poll(self._wait(now)):
            # what is open is asked again: one of these may have ended another one meanwhile
            if fd == self._signals.fd:
                self._signalled(now)
            elif fd == self._records.fd:
                self._records.seen()
            elif fd == STDIN and self._client_speaks:
                self._read_client()
            elif fd == self._child.out and self._server_speaks:
                self._read_server(now)
            elif fd == self._child.to and self._to_server.open:
                self._write_server(happened)
            elif fd == STDOUT and self._to_client.open:
                self._write_client(happened, now)

    def _wanted(self) -> select.poll:
        poll = select.poll()
        poll.register(self._signals.fd, select.POLLIN)
        poll.register(self._records.fd, select.POLLIN)
        full = self._to_client.size >= PILE
        if self._client_speaks and not full and self._to_server.size < PILE:
            poll.register(STDIN, select.POLLIN)
        if self._server_speaks and not full:
            poll.register(self._child.out, select.POLLIN)
        if self._to_server.open:
            poll.register(self._child.to, select.POLLOUT if self._to_server.size else 0)
        if self._to_client.open:
            poll.register(STDOUT, select.POLLOUT if self._to_client.ready else 0)
        return poll

    def _wait(self, now: float) -> int | None:
        """Milliseconds until something has to be done; None for no such time."""
        until = min(self._kill_at, self._give_up_at)
        return None if until == float("inf") else max(0, int((until - now) * 1000) + 1)

    def _signalled(self, now: float) -> None:
        for number in self._signals.read():
            if number == signal.SIGCHLD:
                continue  # `run` asks for the status in each turn
            self._child.signal(number)
            if number in _STOPPING:
                self._kill_at = min(self._kill_at, now + STOP)

    def _read_client(self) -> None:
        try:
            data = os.read(STDIN, _BITE)
        except OSError:
            data = b""
        if not data:
            self._client_speaks = False
            rest = self._from_client.rest()
            if rest != b"":
                self._take(rest)
            self._close_when_written()
            return
        for line in self._from_client.feed(data):
            self._take(line)
        while self._to_server.size:
            before = self._to_server.size
            self._flush_server()
            if self._to_server.size == before:
                return

    def _take(self, line: bytes | None) -> None:
        verdict = self._guard.from_client(line)
        if isinstance(verdict, Forward):
            self._to_server.put(verdict.line)
        elif isinstance(verdict, Reject):
            self._to_client.put(verdict.line)

    def _read_server(self, now: float) -> None:
        try:
            data = os.read(self._child.out, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._server_speaks = False
            rest = self._from_server.rest()
            if rest != b"":
                self._pass_back(rest)
            self._client_speaks = False
            self._close_when_written()
            self._kill_at = min(self._kill_at, now + STOP)  # it has nothing more to say
            return
        for line in self._from_server.feed(data):
            self._pass_back(line)

    def _pass_back(self, line: bytes | None) -> None:
        passed = None if line is None else self._guard.from_server(line)
        if passed is None:
            self._say("a line of the server is not passed on: it is too long, or no message")
        else:
            self._to_client.put(passed)

    def _write_server(self, happened: int) -> None:
        if happened & _GONE:
            self._server_is_deaf()
        elif self._to_server.size:
            self._flush_server()

    def _flush_server(self) -> None:
        if not self._to_server.write():
            self._server_is_deaf()
        self._close_when_written()

    def _server_is_deaf(self) -> None:
        """It has closed its stdin: the client learns that as if it wrote to it."""
        self._close_server()
        if self._client_speaks:
            self._client_speaks = False
            nowhere = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nowhere, STDIN)
            os.close(nowhere)

    def _close_when_written(self) -> None:
        if not self._client_speaks and not self._to_server.size:
            self._close_server()

    def _close_server(self) -> None:
        if self._child.to >= 0:
            self._to_server.forget()
            os.close(self._child.to)
            self._child.to = -1

    def _write_client(self, happened: int, now: float) -> None:
        gone = bool(happened & (_GONE | select.POLLHUP))
        if not gone and self._to_client.ready:
            gone = not self._to_client.write()
            if self._give_up_at != float("inf"):
                self._give_up_at = now + STUCK  # it reads: it gets all
        if gone:
            self._client_is_gone(now)

    def _client_is_gone(self, now: float) -> None:
        """Nobody reads any more: the server is asked to end, and then made to."""
        self._to_client.forget()
        self._client_speaks = False
        self._close_when_written()
        self._child.signal(signal.SIGTERM)
        self._kill_at = min(self._kill_at, now + STOP)


def run(
    guard: Guard,
    command: Sequence[str],
    environ: Mapping[str, str],
    records: Scribe,
    say: Callable[[str], None],
) -> int:
    """Start the server and pass messages on until it ends; its exit status. Raises: OSError when it cannot start."""
    with Signals() as signals:
        child = Child(command, environ)
        try:
            return Proxy(guard, child, signals, records, say).run()
        finally:
            child.end()
