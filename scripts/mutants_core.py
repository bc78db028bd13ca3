"""Deletes each check of the verifier in turn and shows which test turns red; exit 1 when one stays green.

A check is an `if` that ends in `raise`, or a call made for its refusal alone. Steps carry the numbers
of docs/spec/token.md §2, taken from the comment above the check. Nothing of the work tree is changed.
"""

from __future__ import annotations

import argparse
import ast
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("verification", "token", "proof", "caveats", "revocation")
TESTS = ("tests/advisories", "tests/core")
COPIED = ("kanoniv_auth", "kanoniv_ci", "tests", "vectors", "docs", "pyproject.toml", "README.md")
WORKERS = 2
DEADLINE = 180
# "module.py: first line of the check" -> why nothing can miss it. Nothing else may stay green.
EQUIVALENT: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One check left out: lines `first` to `last` of `module`, counted from 1."""

    module: str
    step: str
    first: int
    last: int
    text: str

    def __str__(self) -> str:
        """Step, place and the check's first line."""
        return f"{self.step:>6}  {self.module}.py:{self.first:<4} {self.text}"

    @property
    def excuse(self) -> str | None:
        """Why no test can miss it, when that is so."""
        return EQUIVALENT.get(f"{self.module}.py: {self.text}")

    def apply(self, source: str) -> str:
        """The module without this check."""
        lines = source.splitlines(keepends=True)
        start = lines[self.first - 1]
        indent = start[: len(start) - len(start.lstrip())]
        lines[self.first - 1 : self.last] = [f"{indent}pass\n"] + ["\n"] * (self.last - self.first)
        return "".join(lines)


def mutants(module: str) -> Iterator[Mutant]:
    """Every check of one module of core, from top to bottom."""
    source = (ROOT / "kanoniv_auth/core" / f"{module}.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    for node in sorted(statements, key=lambda node: node.lineno):
        if _is_check(node) and not _is_elif(node, lines):
            text = lines[node.lineno - 1].strip()
            step = _step(lines, node.lineno)
            yield Mutant(module, step, node.lineno, node.end_lineno or node.lineno, text)


def _is_check(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.body[-1], ast.Raise) and not node.orelse
    if isinstance(node, ast.Try):
        return all(isinstance(handler.body[-1], ast.Raise) for handler in node.handlers) and all(
            isinstance(each, ast.Expr) for each in node.body
        )
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return bool(re.match(r"_?(require|check|enforce|refuse)", name))
    return False


def _is_elif(node: ast.stmt, lines: list[str]) -> bool:
    return lines[node.lineno - 1].lstrip().startswith("elif")


def _step(lines: list[str], number: int) -> str:
    """The step numbers in the nearest comment above, within the same function."""
    for line in reversed(lines[: number - 1]):
        if found := re.match(r"\s*# ((\(\d+\) ?)+)", line):
            return found[1].strip()
        if re.match(r"\s*def ", line):
            return ""
    return ""


def red_test(folder: Path) -> str | None:
    """The first test that fails in `folder`; None when all pass."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    tests = [name for name in TESTS if (folder / name).exists()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
    try:
        done = subprocess.run(
            [*command, "-m", "not bench", *tests],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
    except subprocess.TimeoutExpired:
        return "(ran out of time)"
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return failed[1] if failed else f"(pytest ended with {done.returncode})"


def try_one(mutant: Mutant, folders: queue.Queue[Path]) -> str | None:
    """Run the tests without one check, in a copy of the tree that nobody else uses meanwhile."""
    folder = folders.get()
    path = folder / "kanoniv_auth/core" / f"{mutant.module}.py"
    whole = path.read_text(encoding="utf-8")
    try:
        path.write_text(mutant.apply(whole), encoding="utf-8")
        return red_test(folder)
    finally:
        path.write_text(whole, encoding="utf-8")
        folders.put(folder)


def copies(into: Path) -> queue.Queue[Path]:
    """One copy of what the tests need for each worker."""
    folders: queue.Queue[Path] = queue.Queue()
    for number in range(WORKERS):
        folder = into / str(number)
        folder.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, folder)
        folders.put(folder)
    return folders


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], metavar="MODULE")
    chosen = parser.parse_args().modules or MODULES
    todo = [mutant for module in chosen for mutant in mutants(module)]
    survivors = 0
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(WORKERS) as pool:
        folders = copies(Path(made))
        whole = folders.get()
        if (red := red_test(whole)) is not None:
            print(f"nothing was deleted yet and a test is red already: {red}")
            return 1
        folders.put(whole)
        results = pool.map(lambda mutant: try_one(mutant, folders), todo)
        for mutant, red in zip(todo, results, strict=True):
            survivors += red is None and mutant.excuse is None
            green = f"nothing to miss: {mutant.excuse}" if mutant.excuse else "STILL GREEN"
            print(f"{mutant}\n        {f'red: {red}' if red else green}", flush=True)
    print(f"{len(todo)} checks deleted one at a time, {survivors} not missed by any test")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
