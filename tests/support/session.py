"""One page, typed by one reader: its console and Python blocks, in order, in one shell and a new home directory."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.shell import Said, Shell
from tests.support import published
from tests.support.markdown import Block
from tests.support.transcript import Step, fill, match, read

ROOT = Path(__file__).resolve().parents[2]
SNIPPET = ROOT / "tests" / "support" / "snippet.py"
_PATIENCE = 60  # seconds for a page
SERVICE = "http://127.0.0.1:7400"  # stands in the pages for a service on this machine
PERSON = "/home/you"  # stands in the pages for the home directory, where every session begins


def steps_of(blocks: list[Block], place: Path) -> list[Step]:
    """What a reader does with these blocks. place: where the Python blocks are put, to be run as programs.

    A console block without `$ ` is a list of commands: a comment `exit n` says how one ends, and no output is compared.
    Later Python blocks go on from the imports of the first one, as a reader would.
    """
    steps: list[Step] = []
    imports = ""
    for block in blocks:
        if block.language == "python":
            program = place / f"block-{block.line}.py"
            program.write_text(imports + block.text, encoding="utf-8")
            imports = imports or "".join(
                f"{line}\n" for line in block.text.splitlines() if line.startswith("from ")
            )
            steps.append(Step(f"python3 -I {SNIPPET} {program}", "*", "", 0, block.line))
        elif block.text.startswith("$ "):
            steps += read(block.text, first_line=block.line)
        else:
            steps += _commands(block)
    return steps


def _commands(block: Block) -> list[Step]:
    steps = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        said = re.search(r"# exit (\d+)", line)
        steps.append(Step(line, "*", "*", int(said[1]) if said else 0, number))
    return steps


class _Terminal:
    """One shell that stays: what a line exports or defines is there for the next. notes: an empty directory."""

    def __init__(self, shell: Shell, notes: Path, service: str) -> None:
        self.place, self.notes, self.service = str(shell.place), notes, service
        self.process = subprocess.Popen(
            ["/bin/sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=shell.env,
            cwd=shell.place,
        )
        self.watch = threading.Timer(_PATIENCE, self.process.kill)

    def __enter__(self) -> _Terminal:
        self.watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.watch.cancel()
        self.process.communicate("exit\n")

    def type(self, command: str) -> Said | None:
        """Run one command line; None when that was the end of the shell."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = shlex.quote(command.replace(PERSON, self.place).replace(SERVICE, self.service))
        print(
            f"eval {line} >{self.notes}/out 2>{self.notes}/err </dev/null", file=self.process.stdin
        )
        print("echo $?", file=self.process.stdin, flush=True)
        status = self.process.stdout.readline().strip()
        if not status.isdigit():
            return None
        return Said(int(status), self._read("out"), self._read("err"))

    def _read(self, name: str) -> str:
        text = (self.notes / name).read_text(encoding="utf-8")
        return text.replace(self.place, PERSON).replace(self.service, SERVICE)


def play(steps: list[Step], shell: Shell, notes: Path, service: str = SERVICE) -> None:
    """Run the steps in one shell and compare each. notes: an empty directory · service: what SERVICE stands for."""
    known: dict[str, str] = {}
    with _Terminal(shell, notes, service) as terminal:
        for step in steps:
            try:
                said = terminal.type(fill(step.command, known))
                assert said is not None, "this ended the shell"
                assert said.status == step.status, said
                for wanted, found in ((step.out, said.out), (step.err, said.err)):
                    if wanted != "*":
                        match(wanted, found, known)
            except AssertionError as error:
                msg = f"line {step.line}: {step.command}\n{error}"
                raise AssertionError(msg) from None


def published_home(place: Path) -> None:
    """Let the published 0.3.0 fill `~/.kanoniv`, as docs/how-to/migrate.md says; skips where it cannot be had."""
    product = published.installed("published", place)
    before = os.umask(0o022)  # its files have the modes that this leaves
    try:
        product.command("init")
        held = product.command("delegate", "-s", "deploy.staging", "-t", "4h", "-n", "bot")
        product.command("delegate", "-s", "deploy.staging.web", "-t", "1h", "--parent", held)
    finally:
        os.umask(before)


def service_started_once(place: Path) -> None:
    """Let a service make its files in `~/service`, and end it."""
    from tests.support.service import process  # noqa: PLC0415 - most pages need none of it

    with process(place.parent / "service", "--data-dir", str(place / "service")) as running:
        assert running.end() == 0


# what a page finds when it begins, where that is not an empty machine
BEFORE = {
    "docs/how-to/migrate.md": published_home,
    "docs/how-to/run-the-service.md": service_started_once,
}


@contextmanager
def service_beside(place: Path) -> Iterator[str]:
    """A delegation service on this machine, its admin key in `~/api.key`; gives its address."""
    from tests.support.service import process  # noqa: PLC0415 - most pages need none of it

    with process(place.parent / "service") as running:
        path = place / "api.key"
        path.touch(0o600)
        path.write_text(running.key, encoding="ascii")
        yield running.url


# pages that speak to a service
WITH_SERVICE = {"docs/reference/json.md"}


def person(place: Path) -> Shell:
    """A reader at a machine of their own: `~` is where they work, and nothing of ours is set."""
    place.mkdir()
    shell = Shell(place)
    del shell.env["KANONIV_HOME"]
    shutil.copy(ROOT / "examples" / "deploy.sh", place)
    return shell
