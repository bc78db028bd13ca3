"""Sessions written down (the transcripts of the command line, the pages of docs/) and how they are held true.

`$ ` a command · `> ` its next line · `! ` a line of stderr · `[n]` an exit status other than 0 · other lines: stdout.
`<name>` stands for a value that differs from run to run: the same name, the same value, within one file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

VALUES = {
    "token": r"kd2\.[A-Za-z0-9_.-]+~[sp][A-Za-z0-9_-]+",
    "grant": r"kd2\.[A-Za-z0-9_.-]+",
    "old": r"eyJ[A-Za-z0-9_-]+",
    "envelope": r"kde2\.[A-Za-z0-9_-]+~[A-Za-z0-9_.-]+",
    "list": r"kdr2\.[A-Za-z0-9_-]+",
    "rotation": r"kdx2\.[A-Za-z0-9_-]+",
    "did": r"did:agent:[0-9a-f]{32}",
    "short": r"did:agent:[0-9a-f]{12}…",
    "didkey": r"did:key:z[1-9A-HJ-NP-Za-km-z]+",
    "secret": r"[A-Za-z0-9+/]{43}=",
    "apikey": r"kas_[A-Za-z0-9_-]{43}",
    "hex": r"[0-9a-f]+",
    "time": r"[0-9]{10}",
    "stamp": r"[0-9]{8}T[0-9]{6}Z",
    "iso": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
    "clock": r"[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "left": r"[0-9dhms]+",
}


class Step(NamedTuple):
    """One command and what it has to say. line: where it stands in its file, counted from 1."""

    command: str
    out: str
    err: str
    status: int
    line: int


def read(text: str, *, first_line: int = 1) -> list[Step]:
    steps: list[Step] = []
    answered = True
    for number, line in enumerate(text.splitlines(), first_line):
        if line.startswith("# "):
            continue
        if line.startswith("$ "):
            steps.append(Step(line[2:], "", "", 0, number))
            answered = False
            continue
        assert steps, f"line {number} answers no command: {line}"
        last = steps[-1]
        if not answered and line.startswith("> "):
            steps[-1] = last._replace(command=f"{last.command}\n{line[2:]}")
            continue
        answered = True
        if line.startswith("! "):
            steps[-1] = last._replace(err=f"{last.err}{line[2:]}\n")
        elif found := re.fullmatch(r"\[(\d+)\]", line):
            steps[-1] = last._replace(status=int(found[1]))
        else:
            steps[-1] = last._replace(out=f"{last.out}{line}\n")
    # blank lines between sessions' steps are for the reader
    return [
        step._replace(out=step.out.rstrip("\n") + "\n" if step.out.strip() else "")
        for step in steps
    ]


def fill(command: str, known: dict[str, str]) -> str:
    """Put in what placeholders of earlier answers stood for, as a person copies them."""

    def value(found: re.Match[str]) -> str:
        if found[1].rstrip("0123456789") not in VALUES:
            return found[0]
        assert found[1] in known, f"{found[0]} was not answered before: {command}"
        return known[found[1]]

    return re.sub(r"<([a-z]+\d*)>", value, command)


def match(expected: str, found: str, known: dict[str, str]) -> None:
    """Compare with placeholders; remembers what each stood for."""
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(<[a-z]+\d*>)", expected):
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
