"""Fixtures of the proxy's tests: a home with authority in it, and the proxy in front of a server that keeps a log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import COMMAND, Shell
from tests.support.mcp_session import Session

SERVER = Path(__file__).with_name("line_server.py")


class Wrapped:
    """A shell, and wrap-mcp sessions in its home."""

    def __init__(self, place: Path) -> None:
        self.shell = Shell(place)
        self.log = place / "server.log"

    def token(self, scopes: str, *more: str) -> str:
        return self.shell.token(scopes, *more)

    def open(
        self, *options: str, manner: str = "", command: list[str] | None = None, **env: str
    ) -> Session:
        """Start the proxy with a server behind it."""
        served = command or [sys.executable, "-I", "-S", str(SERVER), str(self.log), manner]
        words = [COMMAND, "wrap-mcp", *options, "--", *served]
        return Session(words, {**self.shell.env, **env}, self.shell.place)

    def reached(self) -> list[dict[str, Any]]:
        """What the server was sent."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def pid(self, ending: str = ".pid") -> int:
        return int(Path(f"{self.log}{ending}").read_text(encoding="ascii"))

    def records(self) -> list[dict[str, Any]]:
        """The audit log's records of event mcp, oldest first."""
        lines = (self.shell.home / "audit.jsonl").read_text(encoding="ascii").splitlines()
        return [row for row in map(json.loads, lines) if row["event"] == "mcp"]

    def prove(self, *words: str, **env: str) -> str:
        said = self.shell.kanoniv("prove", *words, **env)
        assert said.status == 0, said
        return said.out.strip()


@pytest.fixture
def wrapped(tmp_path: Path) -> Wrapped:
    return Wrapped(tmp_path)
