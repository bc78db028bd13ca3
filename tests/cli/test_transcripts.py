"""Every file in `transcripts/` is a session a person could have: command, expected stdout, stderr, exit status.

`$ ` a command · `! ` a line of stderr · `[n]` an exit status other than 0 · other lines: stdout.
`<name>` stands for a value that differs from run to run: the same name, the same value, within one file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.shell import Shell

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
VALUES = {
    "token": r"kd2\.[A-Za-z0-9_.-]+~[sp][A-Za-z0-9_-]+",
    "grant": r"kd2\.[A-Za-z0-9_.-]+",
    "envelope": r"kde2\.[A-Za-z0-9_-]+~[A-Za-z0-9_.-]+",
    "did": r"did:agent:[0-9a-f]{32}",
    "short": r"did:agent:[0-9a-f]{12}…",
    "didkey": r"did:key:z[1-9A-HJ-NP-Za-km-z]+",
    "secret": r"[A-Za-z0-9+/]{43}=",
    "hex": r"[0-9a-f]+",
    "time": r"[0-9]{10}",
    "stamp": r"[0-9]{8}T[0-9]{6}Z",
    "left": r"[0-9dhms]+",
}


class Step(NamedTuple):
    command: str
    out: str
    err: str
    status: int


def read(path: Path) -> list[Step]:
    steps: list[Step] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            continue
        if line.startswith("$ "):
            steps.append(Step(line[2:], "", "", 0))
        elif line.startswith("! "):
            steps[-1] = steps[-1]._replace(err=steps[-1].err + line[2:] + "\n")
        elif match := re.fullmatch(r"\[(\d+)\]", line):
            steps[-1] = steps[-1]._replace(status=int(match[1]))
        else:
            steps[-1] = steps[-1]._replace(out=steps[-1].out + line + "\n")
    # blank lines between sessions' steps are for the reader
    return [
        step._replace(out=step.out.rstrip("\n") + "\n" if step.out.strip() else "")
        for step in steps
    ]


def match(expected: str, found: str, known: dict[str, str]) -> None:
    """Compare with placeholders; remembers what each stood for."""
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(<[a-z]+\d?>)", expected):
        name = part[1:-1]
        kind = name.rstrip("0123456789")
        if not (part.startswith("<") and kind in VALUES):
            pattern += re.escape(part)
        elif name in known:
            pattern += re.escape(known[name])
        elif name in names:
            pattern += f"(?P={name})"
        else:
            names.append(name)
            pattern += f"(?P<{name}>{VALUES[kind]})"
    matched = re.fullmatch(pattern, found)
    assert matched is not None, f"expected:\n{expected}\nfound:\n{found}"
    known.update(matched.groupdict())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, shell: Shell) -> None:
    known: dict[str, str] = {}
    steps = read(path)
    assert steps
    for step in steps:
        said = shell.line(step.command)
        place = str(shell.place)
        assert said.status == step.status, (step.command, said)
        match(step.out, said.out.replace(place, "$PWD"), known)
        match(step.err, said.err.replace(place, "$PWD"), known)
