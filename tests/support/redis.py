"""A Redis of the tests' own, from Debian's package: in a temporary folder, on a Unix socket, nothing kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from signal import Signals

import pytest

from tests.support.running import running

_PATIENCE = 10  # seconds


class NoRedis(Exception):
    """There is none on this machine, or it does not start; says why."""


class Redis:
    """A server, stopped until `start`. url: for clients, with a place for the number of a database behind it.

    port: on this machine, too
    """

    def __init__(self, port: int = 0) -> None:
        self._program = shutil.which("redis-server")
        if self._program is None:
            raise NoRedis("Redis is not installed (Debian: apt-get install redis-server)")
        self.folder = Path(tempfile.mkdtemp(prefix="kanoniv-redis-", dir="/tmp"))
        self.socket = self.folder / "socket"
        self.url = f"redis://127.0.0.1:{port}" if port else f"unix://{self.socket}"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._program is not None
        setpriv = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        command = [
            *setpriv, self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket),
            "--dir", str(self.folder), "--save", "", "--appendonly", "no",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NoRedis((self.folder / "log").read_text(errors="replace")[-400:])
            time.sleep(0.02)

    def _answers(self) -> bool:
        return self._ask(b"PING\r\n") == b"+PONG\r\n"

    def _ask(self, command: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_PATIENCE)
            try:
                client.connect(str(self.socket))
                client.sendall(command)
                return client.recv(64)
            except OSError:
                return b""

    def empty(self) -> None:
        """Forget everything."""
        assert self._ask(b"FLUSHALL\r\n") == b"+OK\r\n"

    def send(self, number: Signals) -> None:
        """Send it a signal: SIGSTOP makes it hang, SIGCONT go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, how: Signals = Signals.SIGTERM) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=_PATIENCE)
            self._process = None
            self.socket.unlink(missing_ok=True)

    def remove(self) -> None:
        """End it, and take its files away."""
        if self._process is not None:
            self.send(Signals.SIGCONT)  # a test may have frozen it
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A running server for the session; tests that stop it use `own_redis`."""
    yield from running(Redis, NoRedis)


@pytest.fixture(scope="module")
def module_redis() -> Iterator[Redis]:
    """A running server for the tests of one file, which may stop it and start it again."""
    yield from running(Redis, NoRedis)


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A running server that the test may stop, freeze and kill."""
    yield from running(Redis, NoRedis)
