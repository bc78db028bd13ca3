"""One page, typed by one reader: its console and Python blocks, in order, in one shell and a new home directory."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from tests.cli.shell import Shell
from tests.support.markdown import Block
from tests.support.transcript import Step, match, read

ROOT = Path(__file__).resolve().parents[2]
SNIPPET = ROOT / "tests" / "support" / "snippet.py"
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


def play(steps: list[Step], shell: Shell, notes: Path) -> None:
    """Run the steps in one shell and compare each. notes: an empty directory, for what they say."""
    script = "".join(
        f"eval {shlex.quote(step.command)} >{notes}/{number}.out 2>{notes}/{number}.err </dev/null\n"
        f"echo $? >{notes}/{number}.status\n"
        for number, step in enumerate(steps)
    )
    whole = shell.line(script)
    known: dict[str, str] = {}
    for number, step in enumerate(steps):
        ended = notes / f"{number}.status"
        assert ended.exists(), f"line {step.line} ended the shell: {step.command}\n{whole.err}"
        out, err = (
            (notes / f"{number}.{name}")
            .read_text(encoding="utf-8")
            .replace(str(shell.place), PERSON)
            for name in ("out", "err")
        )
        status = int(ended.read_text(encoding="utf-8"))
        assert status == step.status, f"line {step.line}: {step.command}\n[{status}]\n{out}{err}"
        for wanted, found in ((step.out, out), (step.err, err)):
            if wanted != "*":
                try:
                    match(wanted, found, known)
                except AssertionError as error:
                    msg = f"line {step.line}: {step.command}\n{error}"
                    raise AssertionError(msg) from None


def person(place: Path) -> Shell:
    """A reader at a machine of their own: `~` is where they work, and nothing of ours is set."""
    place.mkdir()
    shell = Shell(place)
    del shell.env["KANONIV_HOME"]
    shutil.copy(ROOT / "examples" / "deploy.sh", place)
    return shell
