"""`make bench-agents`, or `python -m bench.agents [PART...]`: measure, and write docs/bench-agents.md.

A part is a module here with `section(folder, rounds)`, which returns its Markdown. With parts named, only those are
measured, and printed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "bench-agents.md"
PARTS = {"hook": 41, "proxy": 5}
HEAD = """<!-- Written by `make bench-agents`; do not edit here. -->
# Measurements of what guards a coding agent

{date} · {cpus} virtual cores, {system} · CPython {python}

All contenders take turns; a ratio is of two runs of the same round, and what stands here is the median, with quartiles.
The machine is shared with other work, which lengthens single runs on both sides. No test asserts a time: what the hook
imports is held by tests instead.
"""


def _section(part: str, folder: Path) -> str:
    found: str = importlib.import_module(f"bench.agents.{part}").section(folder, PARTS[part])
    return found


def main() -> int:
    """Run the parts, and write the page."""
    there = [part for part in PARTS if importlib.util.find_spec(f"bench.agents.{part}")]
    named = sys.argv[1:]
    if not set(named) <= set(there):
        sys.stderr.write(f"usage: python -m bench.agents [{'|'.join(there)}]...\n")
        return 2
    folder = Path(mkdtemp(prefix="bench-agents-"))
    try:
        sections = [_section(part, folder) for part in named or there]
    finally:
        shutil.rmtree(folder)
    if named:
        sys.stdout.write("\n".join(sections))
        return 0
    head = HEAD.format(
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        cpus=len(os.sched_getaffinity(0)),
        system=platform.system(),
        python=platform.python_version(),
    )
    PAGE.write_text("\n".join([head, *sections]), encoding="utf-8")
    sys.stdout.write(
        "".join([line for each in sections for line in each.splitlines(True) if line[0] == "|"])
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
