"""The command line as the attacker meets it: through pipes, or on a terminal whose bytes are kept."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import kanoniv_auth

LIBRARY = str(Path(kanoniv_auth.__file__).resolve().parents[1])
START = "import sys; from kanoniv_auth.cli.main import main; sys.exit(main())"


class Said(NamedTuple):
    """What a command answered. shown: the bytes a terminal got, empty when there was none."""

    status: int
    out: str
    err: str
    shown: bytes = b""

    @property
    def slug(self) -> str:
        """The reason code at the end of the error line, empty without one."""
        lines = [line for line in self.err.splitlines() if line.endswith("]") and "error:" in line]
        return lines[0].rpartition("[")[2][:-1] if lines else ""


class Terminal:
    """A person in a directory, with `$KANONIV_HOME` below it and a umask that takes nothing away."""

    def __init__(self, place: Path) -> None:
        self.place, self.home = place, place / "home"
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": LIBRARY,
            "KANONIV_HOME": str(self.home),
            "HOME": str(place),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *words: str, stdin: str = "", **env: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-c", START, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.env, **env},
            cwd=self.place,
            timeout=30,
            check=False,
            umask=0,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def on_a_screen(self, *words: str, **env: str) -> Said:
        """As `run`, with stdout and stderr on one terminal."""
        master, screen = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", START, *words],
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
            env={**self.env, "TERM": "xterm", **env},
            cwd=self.place,
        ) as process:
            os.close(screen)
            shown = b""
            try:
                while part := os.read(master, 65536):
                    shown += part
            except OSError:
                pass  # how a terminal says that nobody writes to it any more
            process.wait(timeout=30)
        os.close(master)
        return Said(process.returncode, "", "", shown)

    def done(self, *words: str, stdin: str = "", **env: str) -> str:
        """As `run`, for what must succeed: what it printed."""
        said = self.run(*words, stdin=stdin, **env)
        assert said.status == 0, said
        return said.out.strip()
