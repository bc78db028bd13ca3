"""Rows for people and for scripts: a table on a terminal, elsewhere one line a row with tabs between."""

from __future__ import annotations

import os

from kanoniv_auth.cli.quoting import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return os.isatty(1)


def rows(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Lay out rows; the header stands above a table alone. Cells may hold text from outside."""
    cells = [[plain(cell) for cell in line] for line in lines]
    if not on_terminal():
        return "\n".join(["\t".join(line) for line in cells])
    table = [list(header), *cells]
    widths = [max([len(line[at]) for line in table]) for at in range(len(header))]
    return "\n".join(
        [
            "  ".join([c.ljust(w) for c, w in zip(line, widths, strict=True)]).rstrip()
            for line in table
        ]
    )
