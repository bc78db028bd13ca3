"""A stand-in that runs as a process of its own and is told what to do: a line of JSON each way, on its pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Told:
    """One such process. said: its first line.

    name: for errors · module: what it runs · options: its command line
    """

    def __init__(self, name: str, module: str, *options: str) -> None:
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            encoding="utf-8",
        )
        self.said: dict[str, Any] = self._answer()

    def close(self) -> None:
        """End the process and wait for it."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdout:
            self._process.stdout.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _do(self, what: str, **fields: Any) -> Any:
        if self._process.stdin is None or self._process.poll() is not None:
            raise RuntimeError(f"{self._name} has ended with {self._process.returncode}")
        self._process.stdin.write(json.dumps({"do": what, **fields}) + "\n")
        self._process.stdin.flush()
        said = self._answer()
        if isinstance(said, Mapping) and "error" in said:
            raise ValueError(f"{what}: {said['error']}")
        return said

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self._name} has ended with {self._process.wait(5)}")
        return json.loads(line)
