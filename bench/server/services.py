"""The servers that are measured, each a process on core 0; and how much of that core one has used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

CORE = "0"
_PATIENCE = 60
_TICKS = os.sysconf("SC_CLK_TCK")
_NO_LIMITS = ("--rate", "0", "--open-rate", "0")


class Server:
    """One process. url: where it listens · key: its admin key, "" for none. Raises: RuntimeError when it ends."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self._process = subprocess.Popen(
                ["taskset", "-c", CORE, sys.executable, "-m", *command],  # noqa: S607 - the one on the path
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.url = self._address()
        lines = (folder / "out").read_text(encoding="ascii").splitlines()
        self.key = next((line for line in lines if line.startswith("kas_")), "")

    @classmethod
    def noop(cls, folder: Path) -> Server:
        """The application that does nothing."""
        return cls(folder, "bench.server.noop", str(folder))

    @classmethod
    def service(cls, folder: Path, *argv: str) -> Server:
        """The service, without limits for who asks how often."""
        port = ("--data-dir", str(folder / "data"), "--port", "0")
        return cls(folder, "kanoniv_server.cli", *port, *_NO_LIMITS, *argv)

    def _address(self) -> str:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            for line in (self.folder / "err").read_text(encoding="utf-8").splitlines():
                if line.endswith("}") and json.loads(line)["event"] == "listening":
                    return str(json.loads(line)["url"])
            time.sleep(0.05)
        raise RuntimeError((self.folder / "err").read_text(encoding="utf-8")[-2000:])

    def cpu(self) -> float:
        """Seconds of processor time so far, its threads' too."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def forget_log(self) -> None:
        """Make its log short again: the disk is not what is measured."""
        os.truncate(self.folder / "err", 0)

    def ask(self, path: str, body: object) -> httpx.Response:
        """Ask once, as its administrator."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.post(self.url + path, json=body, headers=headers, timeout=30)

    def end(self) -> None:
        """End it, and wait for it."""
        self._process.terminate()
        self._process.wait(30)
