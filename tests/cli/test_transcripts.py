"""Every file in `transcripts/` is a session a person could have: command, expected stdout, stderr, exit status.

How they are written: `tests.support.transcript`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.support.transcript import fill, match, read

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, shell: Shell) -> None:
    known: dict[str, str] = {}
    steps = read(path.read_text(encoding="utf-8"))
    assert steps
    for step in steps:
        said = shell.line(fill(step.command, known))
        place = str(shell.place)
        assert said.status == step.status, (step.line, step.command, said)
        match(step.out, said.out.replace(place, "$PWD"), known)
        match(step.err, said.err.replace(place, "$PWD"), known)
