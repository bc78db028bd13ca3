"""The lists of commands, and what a token has to cover."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
TYPICAL = frozenset(("code.read", "code.edit", "test.run", "git.commit"))


def rows(name: str) -> list[tuple[str, str]]:
    """The rows of a list: what is expected, and the command."""
    found = []
    for line in (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            expected, mark, command = line.partition(" | ")
            assert mark, line
            found.append((expected, command.replace("⏎", "\n").replace("⇥", "\t")))
    return found
