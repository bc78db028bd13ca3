"""Runs one Python snippet of a page as printed: a statement whose comment says `raises X` must raise X.

As a program: `snippet.py FILE`. Says what went wrong with the line of the snippet.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def run(source: str, names: dict[str, object]) -> int:
    """Run the statements in turn; returns how many there were. names: the snippet's globals, filled."""
    from kanoniv_auth import AuthError  # noqa: PLC0415 - the program reads its file first

    lines = source.splitlines()
    statements = ast.parse(source).body
    for node in statements:
        comment = lines[(node.end_lineno or 1) - 1].partition("#")[2]
        wanted = comment.split("raises ")[1].split()[0] if "raises " in comment else None
        code = compile(ast.Module([node], []), "snippet", "exec", dont_inherit=True)
        try:
            exec(code, names)  # noqa: S102 - this repository's own text
        except AuthError as error:
            if type(error).__name__ != wanted:
                raise
        else:
            assert wanted is None, f"line {node.lineno} did not raise {wanted}"
    return len(statements)


if __name__ == "__main__":
    # a module of that name, so that decorators and type hints find where they are
    run(Path(sys.argv[1]).read_text(encoding="utf-8"), {"__name__": "snippet"})
