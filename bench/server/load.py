"""One burst of `wrk` against one path, from core 1."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.server.services import Server

CORE = "1"
_SCRIPT = Path(__file__).with_name("walk.lua")


def is_there() -> bool:
    """Whether `wrk` and `taskset` are installed."""
    return None not in {shutil.which("wrk"), shutil.which("taskset")}


@dataclass(frozen=True, slots=True)
class Burst:
    """What one burst measured. rate: answers a second · p50, p99: ms · cpu: µs of the server for one answer."""

    rate: float
    p50: float
    p99: float
    cpu: float


class Subject:
    """A path of a server, and the bodies that are sent there in turn."""

    def __init__(
        self, server: Server, path: str, bodies: Sequence[str], *, connections: int, keyed: bool
    ) -> None:
        self._server, self._path, self._connections = server, path, connections
        self._key = server.key if keyed else ""
        self._bodies = server.folder / f"bodies-{len(list(server.folder.iterdir()))}"
        self._bodies.write_text("".join(f"{one}\n" for one in bodies), encoding="ascii")
        self._sent = 0

    def burst(self, seconds: int) -> Burst:
        """Send for so many seconds. Raises: RuntimeError when anything but a 2xx comes back."""
        env = {
            **os.environ,
            "BODIES": str(self._bodies),
            "PATH_": self._path,
            "KEY": self._key,
            "OFFSET": str(self._sent),
        }
        command = ["taskset", "-c", CORE, "wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s"]
        before = self._server.cpu()
        done = subprocess.run(
            [*command, "-s", str(_SCRIPT), self._server.url],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        spent = self._server.cpu() - before
        line = next((one for one in done.stdout.splitlines() if one.startswith("BENCH ")), None)
        if done.returncode or line is None:
            raise RuntimeError(f"wrk: {done.stderr or done.stdout}")
        said = json.loads(line.removeprefix("BENCH "))
        if said["refused"] or said["broken"]:
            raise RuntimeError(f"{self._path}: not all was answered: {said}")
        self._sent += said["requests"]
        self._server.forget_log()
        rate = said["requests"] / (said["us"] / 1e6)
        return Burst(rate, said["p50"] / 1e3, said["p99"] / 1e3, spent / said["requests"] * 1e6)
