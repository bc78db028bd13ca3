"""Delete each check of the verifier in turn: a named test in tests/advisories must turn red. `make mutants-core`.

The checks stand in tests/advisories/mutants.txt, one a line. Each is deleted in a copy of the library, as a change to
its syntax tree, and the advisories run there. A check that nothing missed when it was gone SURVIVED, which is a
failure, as is an anchor that is not in the code any more, or a row of docs/spec/token.md §2 that no line is about.
"""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
ADVISORIES = Path("tests", "advisories")
TABLE = ROOT / ADVISORIES / "mutants.txt"
SPEC = ROOT / "docs" / "spec" / "token.md"
# all advisories take half a minute on an idle machine, and several on a busy one
WORKERS, SECONDS = 2, 600
CAUGHT, SURVIVED, BROKEN = "caught", "SURVIVED", "BROKEN"


@dataclass(frozen=True)
class Edit:
    """where: module of core and function in it · old, new: Python code, each one expression or statements."""

    where: str
    old: str
    new: str

    def said(self) -> str:
        """The change in words: what is gone, or what stands there now."""
        gone = self.new in {"False", "True", "pass"}
        return f"{self.where}: {self.old}" if gone else f"{self.where}: {self.old} -> {self.new}"


@dataclass(frozen=True)
class Mutant:
    """One line of the table. files: the advisories that run first."""

    line: int
    step: str
    reason: str
    edits: tuple[Edit, ...]
    files: tuple[str, ...]

    @property
    def is_implied(self) -> bool:
        """Whether the line claims that nothing changes."""
        return self.reason.startswith("implied")


class AnchorGone(Exception):
    """The code a line of the table is about is not there, or not once."""


def fail(*messages: str) -> NoReturn:
    sys.exit("\n".join(f"mutants-core: {message}" for message in messages))


def read_table() -> list[Mutant]:
    lines = enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1)
    return [read_line(number, line) for number, line in lines if line[:1] not in {"", "#"}]


def read_line(number: int, line: str) -> Mutant:
    cells = [cell.replace("\\n", "\n") for cell in line.split(" :: ")]
    step, reason, *middle, stems = cells
    # where :: old ~> new && where :: old ~> new
    pieces = [part.split(" :: ") for part in " :: ".join(middle).split(" && ")]
    if any(len(piece) != 2 or " ~> " not in piece[1] for piece in pieces):
        fail(f"line {number} of {TABLE.name} is not what its head says a line is")
    edits = tuple(Edit(piece[0].strip(), *piece[1].split(" ~> ")) for piece in pieces)
    return Mutant(number, step.strip(), reason.strip(), edits, tuple(files_of(stems.split())))


def files_of(stems: list[str]) -> list[str]:
    found = []
    for stem in stems:
        pattern = f"test_{stem}_*.py" if re.fullmatch(r"a\d\d", stem) else f"test_*{stem}*.py"
        names = sorted(path.name for path in (ROOT / ADVISORIES).glob(pattern))
        found += names or fail(f"no advisory is called {stem}")
    return found


def rows_of_the_spec() -> Counter[tuple[str, str]]:
    """Count (step, reason) of the table in §2; the cache, step 1, has no reason of its own."""
    section = SPEC.read_text(encoding="utf-8").partition("\n## 2.")[2].partition("\n## 3.")[0]
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", section, re.MULTILINE)
    if not rows:
        fail(f"{SPEC.name} §2 has no table of steps")
    return Counter((step, code) for step, codes in rows for code in re.findall(r"`(\w+)`", codes))


class Swap(ast.NodeTransformer):
    """Replace the nodes that are `old`, written in whatever form."""

    def __init__(self, old: str, new: str) -> None:
        before, self._after = ast.parse(old).body, ast.parse(new).body
        self._old, self.count = ast.unparse(ast.Module(before, [])), 0
        # an expression becomes another one in its place; everything else is about statements
        self._in_place = isinstance(before[0], ast.Expr) and isinstance(self._after[0], ast.Expr)

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """Change a node, or look inside it."""
        kind = ast.expr if self._in_place else ast.stmt
        if not isinstance(node, kind) or ast.unparse(node) != self._old:
            return self.generic_visit(node)
        self.count += 1
        if self._in_place and isinstance(self._after[0], ast.Expr):
            return self._after[0].value
        return self._after


def inside(tree: ast.AST, names: list[str]) -> list[ast.AST]:
    """The functions, or methods of classes, that have this name in this place."""
    found = [tree]
    for name in names:
        children = [child for node in found for child in ast.iter_child_nodes(node)]
        kinds = (ast.ClassDef, ast.FunctionDef)
        found = [child for child in children if isinstance(child, kinds) and child.name == name]
    return found


@cache
def home_of(where: str, tree: Path) -> str:
    """The file of a function: in the module that is named, or in the only one it can have moved to."""
    module, *names = where.split(".")
    paths = sorted((tree / "kanoniv_auth" / "core").glob("*.py"))
    homes = {path.stem for path in paths if inside(ast.parse(path.read_bytes()), names)}
    if module not in homes and len(homes) != 1:
        raise AnchorGone(f"there is no {where}")
    return f"kanoniv_auth/core/{module if module in homes else homes.pop()}.py"


def changed(source: str, edit: Edit) -> str:
    tree = ast.parse(source)
    swap = Swap(edit.old, edit.new)
    for node in inside(tree, edit.where.split(".")[1:]):
        swap.visit(node)
    if swap.count != 1:
        raise AnchorGone(f"{edit.where} has {swap.count} times, not once: {edit.old}")
    return ast.unparse(ast.fix_missing_locations(tree))


def sources_of(mutant: Mutant, tree: Path) -> dict[str, str]:
    """Path in the tree -> its text with the check gone."""
    found: dict[str, str] = {}
    for edit in mutant.edits:
        path = home_of(edit.where, tree)
        source = found.get(path) or (tree / path).read_text(encoding="utf-8")
        found[path] = changed(source, edit)
    return found


def anchors_gone(mutants: list[Mutant]) -> list[str]:
    found = []
    for mutant in mutants:
        try:
            sources_of(mutant, ROOT)
        except AnchorGone as gone:
            found.append(f"line {mutant.line} of {TABLE.name}: {gone}")
    return found


class Recorder:
    """A pytest plugin that keeps the first test that failed, and whether a file could not even be imported."""

    def __init__(self) -> None:
        self.red, self.broken = "", ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the first file that failed to load."""
        if report.failed and not self.broken:
            self.broken = report.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first red test."""
        if report.failed and not self.red:
            self.red = report.nodeid.removeprefix(f"{ADVISORIES.as_posix()}/")


def advise(tree: Path, files: list[str]) -> tuple[str, str]:
    """Run advisories in a child of this process, which has pytest loaded already: (verdict, first red test)."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(SECONDS)
        os.chdir(tree)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        recorder = Recorder()
        paths = [str(ADVISORIES / name) for name in files]
        pytest.main(["-x", "-q", "--tb=no", "-p", "no:cacheprovider", *paths], plugins=[recorder])
        os.write(writing, json.dumps([recorder.broken, recorder.red]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        return BROKEN, f"no answer within {SECONDS} s"
    broken, red = json.loads(answer)
    if broken:
        return BROKEN, f"{broken} cannot be imported"
    return (CAUGHT, red) if red else (SURVIVED, "")


def copy_tree(origin: Path, tree: Path) -> Path:
    """What the advisories need, and nothing else."""
    ignore = shutil.ignore_patterns("__pycache__")
    for package in (Path("kanoniv_auth"), ADVISORIES):
        shutil.copytree(origin / package, tree / package, ignore=ignore)
    for name in ("tests/__init__.py", "pyproject.toml"):
        shutil.copy(origin / name, tree / name)
    return tree


def put(tree: Path, sources: dict[str, str], stamp: int) -> None:
    for name, text in sources.items():
        path = tree / name
        path.write_text(text, encoding="utf-8")
        # compiled files are told from stale ones by whole seconds
        os.utime(path, (stamp, stamp))


def attempt(folder: Path, job: tuple[int, Mutant]) -> tuple[Mutant, str, str]:
    """Delete one check in this process's own copy, and put it back."""
    number, mutant = job
    pristine, tree = folder / "pristine", folder / str(os.getpid())
    if not tree.exists():
        copy_tree(pristine, tree)
    sources = sources_of(mutant, pristine)
    put(tree, sources, 1_000_000_000 + 2 * number)
    verdict, red = advise(tree, list(mutant.files))
    if verdict == SURVIVED:
        verdict, red = advise(tree, [name for name in every_file() if name not in mutant.files])
    originals = {name: (pristine / name).read_text(encoding="utf-8") for name in sources}
    put(tree, originals, 1_000_000_001 + 2 * number)
    return mutant, verdict, red


def every_file() -> list[str]:
    return sorted(path.name for path in (ROOT / ADVISORIES).glob("test_*.py"))


def show(mutant: Mutant, verdict: str, red: str) -> bool:
    """Print one row; True when it is as it should be."""
    good = (verdict == SURVIVED) if mutant.is_implied else (verdict == CAUGHT)
    what = "; ".join(" ".join(edit.said().split()) for edit in mutant.edits)
    if mutant.is_implied:
        red = f"{mutant.reason}, {'and nothing changed' if good else 'which is not so: ' + red}"
    elif not good:
        red = f"{verdict} {red}(line {mutant.line} of {TABLE.name})"
    head = f"{mutant.step:>3}  {mutant.reason.split()[0]:<16}"
    print(f"{head} {what[:100]:<100}  {red[:100]}", flush=True)
    return good


def main() -> int:
    begun = time.monotonic()
    mutants = read_table()
    covered = Counter((mutant.step, code) for mutant in mutants for code in mutant.reason.split())
    rows = rows_of_the_spec().items()
    wrong = [f"no line for step {row[0]}, {row[1]}" for row, n in rows if covered[row] < n]
    if wrong := wrong + anchors_gone(mutants):
        fail(*wrong)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with tempfile.TemporaryDirectory(prefix="kanoniv-mutants-") as name:
        folder = Path(name)
        verdict, red = advise(copy_tree(ROOT, folder / "pristine"), every_file())
        if verdict != SURVIVED:
            fail(f"the advisories are red with every check in place: {red}")
        print(f"{len(mutants)} checks to delete; with all in place the advisories are green\n")
        with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
            results = pool.imap(partial(attempt, folder), enumerate(mutants))
            bad = [mutant for mutant, verdict, red in results if not show(mutant, verdict, red)]
    seconds = time.monotonic() - begun
    caught = sum(not mutant.is_implied for mutant in mutants) - sum(not m.is_implied for m in bad)
    print(
        f"\n{caught} of {len(mutants)} turned a test red, {len(bad)} not as said; {seconds:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
