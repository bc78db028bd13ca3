"""Parses the PowerShell of this tree: `.ps1` files and the steps of actions and workflows that run it.

A parse, not a run: where these lines are written there is no PowerShell. It finds what a typing error breaks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import tree_sitter
import tree_sitter_powershell
import yaml

ROOT = Path(__file__).resolve().parent.parent


def scripts(path: Path) -> Iterator[tuple[str, str]]:
    """The PowerShell in one file, each with the name to complain under."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ps1":
        yield str(path), text
        return
    document = yaml.safe_load(text) or {}
    jobs = [*(document.get("jobs") or {}).values(), document.get("runs") or {}]
    for step in (step for job in jobs for step in job.get("steps") or ()):
        if str(step.get("shell", "")).split()[:1] in (["pwsh"], ["powershell"]):
            yield f"{path}: step {step.get('name') or step.get('id')!r}", step["run"]


def faults(source: str) -> Iterator[int]:
    """Line numbers at which the parser gave up or had to assume something."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    waiting = [parser.parse(source.encode()).root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            yield node.start_point.row + 1
        elif node.has_error:
            waiting.extend(node.children)


def main(names: list[str]) -> int:
    found = [
        f"{where}, line {line}: not PowerShell"
        for name in names
        for where, source in scripts(Path(name))
        for line in sorted(set(faults(source)))
    ]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
