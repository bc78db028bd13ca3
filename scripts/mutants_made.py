"""Let mutmut change core: every mutant goes into the tree behind a switch, with what it changed in words."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from mutmut.configuration import config  # type: ignore[import-not-found]
from mutmut.mutation.file_mutation import mutate_file_contents  # type: ignore[import-not-found]

CORE = Path("kanoniv_auth/core")
CODEC = re.compile(r"'(ASCII|UTF-8|UTF-16-BE|LATIN-1)'")


def make(only: list[str]) -> dict[str, tuple[str, str, str]]:
    """Mutate the tree in the working directory, as [tool.mutmut] says.

    only: names of modules, none for all. Returns: name of a mutant -> function, its lines before, its lines after.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for path in sorted(CORE.glob("*.py")):
        if not config().should_mutate(path) or (only and path.stem not in only):
            continue
        made = mutate_file_contents(str(path), path.read_text(encoding="utf-8"))
        path.write_text(made.code, encoding="utf-8")
        texts = dict(_functions(made.code))
        for name in made.mutant_names:
            original = name.rpartition("_")[0] + "_orig"
            before, after = _difference(texts[original], texts[name])
            if before == CODEC.sub(lambda codec: codec[0].lower(), after):
                continue  # the same codec
            where = original.removesuffix("__mutmut_orig").removeprefix("x_")
            where = where.removeprefix("xǁ").replace("ǁ", ".")
            found[f"kanoniv_auth.core.{path.stem}.{name}"] = (f"{path.stem}.{where}", before, after)
    return found


def _functions(code: str) -> Iterator[tuple[str, list[str]]]:
    """Name -> its signature and statements, a line each, however they were wrapped."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name:
            head = ast.unparse(node.args)
            body = [line for statement in node.body for line in ast.unparse(statement).splitlines()]
            yield node.name, [f"({head})", *body]


def _difference(before: list[str], after: list[str]) -> tuple[str, str]:
    lines = list(difflib.ndiff(before, after))
    old = " ⏎ ".join(line[2:].strip() for line in lines if line.startswith("- "))
    return old, " ⏎ ".join(line[2:].strip() for line in lines if line.startswith("+ "))
