"""A person at a terminal: runs command lines with the installed `kanoniv-auth` in a home of their own."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.support.killing import Nursery

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
            self.prepare("init")
        return self.prepare("delegate", "-s", scopes, *more).strip()

    def prepare(self, *words: str) -> str:
        """The output of a command that a test begins with, and that must work; what is tested is what comes after.

        The same command line, in a fork of a process that has it loaded: a tenth of a new process.
        """
        warm = _warm()
        warm.home, warm.place = self.home, self.place
        said = warm.run(*words, fate=None, stdin="", **self.env)
        assert said.status == 0, (words, said)
        return said.out


@cache
def _warm() -> Nursery:
    """The warm process of this worker; ends with it."""
    made = Nursery(Path("/nowhere"))
    atexit.register(made.end)
    return made
