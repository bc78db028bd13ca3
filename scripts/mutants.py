"""Change core everywhere, one small thing at a time, and see that a test notices: `make mutants`.

mutmut makes the mutants; the quick tests of core run for each. One that no test notices SURVIVED. docs/mutants.md lists
those that may, with a reason each: another one is a failure, as is a row about code that is not there any more.
MUTANTS_ONLY: names of modules. MUTANTS_ALL=1 runs the listed ones, too, and says which of them a test notices by now.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

from scripts.environment import NotInstallable, locked

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutation"
PAGE = ROOT / "docs" / "mutants.md"
ROW = re.compile(r"- `(?P<old>[^`]*)` → `(?P<new>[^`]*)`: (?P<why>.+)")
NEEDED = 90.0
SCRIPTS = ("scripts/mutants_made.py", "scripts/mutants_run.py")
# tests about the text of core's files and of the specification, or about names in core: mutmut adds some; and one that
# measures, and on a busy machine might fail for no mutant's sake
LEFT_OUT = (
    "--deselect=tests/core/test_vectors.py::test_the_spec_lists_the_codes_of_the_library",
    "--ignore=tests/core/test_sizes.py",
    "--ignore=tests/core/test_imports.py",
    "--ignore=tests/advisories/test_a39_no_decode.py",
    "--deselect=tests/core/test_cache_room.py::test_room_costs_the_same_however_much_there_is_of_it",
    "--deselect=tests/core/test_backends.py::test_without_the_private_binding_the_public_one_is_used",
)
# advisories about the surfaces start processes and homes: slow, and not what core is judged by
SURFACES = re.compile(
    r"tests\.advisories\.(terminal|conftest)|tests\.support|kanoniv_auth\.(api|cli|store|cloud)"
    r"|^import kanoniv_auth$|\b(home|keystore): (Path|object)",
    re.MULTILINE,
)
Row = tuple[str, str, str]


def fail(*messages: str) -> NoReturn:
    sys.exit("\n".join(f"mutants: {message}" for message in messages))


def listed() -> dict[Row, str]:
    """(function, before, after) -> why nothing notices."""
    found: dict[Row, str] = {}
    where = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            where = line[4:].strip("` ")
        elif row := ROW.fullmatch(line):
            found[where, row["old"], row["new"]] = row["why"]
        elif line.startswith("- `"):
            fail(f"a line of {PAGE.name} is not a row: {line}")
    return found


def copy_tree() -> Path:
    """What the tests of core need, and nothing else."""
    tree = WORK / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("kanoniv_auth", "tests/core", "tests/advisories", "vectors", "docs/spec"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignore)
    (tree / "scripts").mkdir()
    for name in ("tests/__init__.py", "pyproject.toml", *SCRIPTS):
        shutil.copy(ROOT / name, tree / name)
    for path in tree.glob("tests/advisories/test_*.py"):
        if SURFACES.search(path.read_text(encoding="utf-8")):
            path.unlink()
    return tree


def judge(results: dict[str, list[str]], known: dict[Row, str]) -> list[str]:
    """Say what came out; returns what is wrong."""
    rows = {name: (cells[2], cells[3], cells[4]) for name, cells in results.items()}
    count = Counter(cells[0] for cells in results.values())
    modules = Counter(name.split(".")[2] for name in results)
    alive = Counter(
        name.split(".")[2]
        for name, cells in results.items()
        if cells[0] not in {"killed", "timeout"}
    )
    for module in sorted(modules):
        print(f"  {module:16} {modules[module]:5} mutants  {alive[module]:4} survived")
    dead = count["killed"] + count["timeout"]
    share = 100 * dead / max(1, len(results))
    print(
        f"mutants: {len(results)} in all, {count['killed']} killed, {count['timeout']} timed out, "
        f"{count['survived']} survived, {count['listed']} listed and not run, {count['no tests']} without a test: "
        f"{share:.1f} % killed"
    )
    flaws = [
        f"{cells[0]}, and docs/mutants.md has no reason: {rows[name][0]}\n    - {rows[name][1]}\n    + {rows[name][2]}"
        for name, cells in sorted(results.items())
        if cells[0] in {"survived", "no tests"} and rows[name] not in known
    ]
    judged = {row[0].partition(".")[0] for row in rows.values()}
    gone = [row for row in known if row[0].partition(".")[0] in judged and row not in rows.values()]
    flaws += [f"docs/mutants.md has a row about nothing: {row[0]}: {row[1]}" for row in gone]
    for name, cells in results.items():
        if rows[name] in known and cells[0] in {"killed", "timeout"}:
            print(f"  a test notices by now, the row can go: {rows[name]}")
    if share < NEEDED:
        flaws.append(f"{share:.1f} % are killed, {NEEDED} are wanted")
    return flaws


def main() -> None:
    began = time.monotonic()
    known = listed()
    try:
        python = locked(WORK / "env", ROOT / "requirements" / "mutation.lock", sys.executable)
    except NotInstallable as why:
        fail(str(why))
    tree = copy_tree()
    (WORK / "results.json").unlink(missing_ok=True)
    (WORK / "known.json").write_text(
        json.dumps([] if os.environ.get("MUTANTS_ALL") else [list(row) for row in known]),
        encoding="utf-8",
    )
    subprocess.run(
        [
            str(python), "-m", "scripts.mutants_run", str(WORK / "known.json"),
            str(WORK / "results.json"), os.environ.get("MUTANTS_ONLY", ""), "tests/core", "tests/advisories",
            *LEFT_OUT,
        ],
        cwd=tree,
        env={**os.environ, "CI": "1"},
        check=False,
    )  # fmt: skip
    if not (WORK / "results.json").exists():
        fail("the run did not come to its end")
    flaws = judge(json.loads((WORK / "results.json").read_text(encoding="utf-8")), known)
    print(f"mutants: {time.monotonic() - began:.0f} s")
    if flaws:
        fail(*flaws)


if __name__ == "__main__":
    main()
