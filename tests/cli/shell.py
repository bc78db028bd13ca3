"""A person at a terminal: runs command lines with the installed `kanoniv-auth` in a home of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent
COMMAND = str(BIN / "kanoniv-auth")


class Said(NamedTuple):
    """What a command line answered."""

    status: int
    out: str
    err: str


class Shell:
    """One directory to work in, with `$KANONIV_HOME` below it and nothing of the caller's environment but PATH."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "home"
        self.env = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "KANONIV_HOME": str(self.home),
            "HOME": str(place),
            "LC_ALL": "C.UTF-8",
        }

    def line(self, text: str, stdin: str = "", **env: str) -> Said:
        """Run one line of shell."""
        return self.words(["/bin/sh", "-c", text], stdin, **env)

    def kanoniv(self, *words: str, stdin: str = "", **env: str) -> Said:
        """Run `kanoniv-auth` without a shell."""
        return self.words([COMMAND, *words], stdin, **env)

    def words(self, words: list[str], stdin: str = "", **env: str) -> Said:
        """Run any program."""
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.env, **env},
            cwd=self.place,
            timeout=30,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def token(self, scopes: str, *more: str) -> str:
        """Make a root key when there is none, and a token."""
        if not (self.home / "root.key").exists():
            assert self.kanoniv("init").status == 0
        said = self.kanoniv("delegate", "-s", scopes, *more)
        assert said.status == 0, said
        return said.out.strip()
