"""The reference is what the code is: generated pages are current, the tables of variables and files are complete."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_auth.cli import manual
from kanoniv_auth.cli.table import COMMANDS
from tests.cli.shell import Shell
from tests.support.session import ROOT

REFERENCE = ROOT / "docs" / "reference"
LIBRARY = sorted((ROOT / "kanoniv_auth").rglob("*.py"))


def first_column(page: Path) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_its_section() -> None:
    said = re.findall(
        r"^## kanoniv-auth (.+)$",
        (REFERENCE / "cli.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    assert sorted(said) == sorted(COMMANDS)


def test_every_command_has_a_json_answer() -> None:
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    shown = set()
    for tail in re.findall(r"^\$ .*?kanoniv-auth (.*--json.*)$", page, flags=re.MULTILINE):
        words = tail.split()
        both = " ".join(words[:2])
        shown.add(both if both in COMMANDS else words[0])
    assert shown == set(COMMANDS)


def test_exit_statuses_are_of_commands_there_are() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    assert {"verify", "exec", "status"} <= set(script["EXITS"]) <= set(COMMANDS)


@pytest.mark.parametrize("group", ["", *manual.GROUPS])
def test_the_list_of_commands_is_not_cut(group: str, tmp_path: Path) -> None:
    said = Shell(tmp_path).kanoniv(*group.split(), "--help", COLUMNS="80")
    listed = said.out.partition("Commands:")[2]
    assert listed.count("\n") >= 2
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


# -------------------------------------------------------------------------------------- environment


def is_environment(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "environ") or (
        isinstance(node, ast.Attribute) and node.attr == "environ"
    )


def named_values(tree: ast.Module) -> dict[str, list[str]]:
    """What a name of a module may stand for: a constant, a tuple of them, or each of such a tuple in a loop."""
    found: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            texts = [str(value.value) for value in values if isinstance(value, ast.Constant)]
            if len(texts) == len(values):
                found[node.targets[0].id] = texts
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name):
            found[loop.target.id] = found.get(ast.unparse(loop.iter), [ast.unparse(loop.iter)])
    return found


def variables_read(source: str) -> set[str]:
    """Names that code asks the environment for. An expression that cannot be told is returned as it is written."""
    tree = ast.parse(source)
    names = named_values(tree)
    keys: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and is_environment(node.value):
            keys.append(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "getenv" or (
                node.func.attr in {"get", "pop", "setdefault"} and is_environment(node.func.value)
            ):
                keys.append(node.args[0])
        elif isinstance(node, ast.Compare) and any(is_environment(c) for c in node.comparators):
            keys.append(node.left)
        elif isinstance(node, ast.Constant) and re.fullmatch(r"KANONIV_[A-Z_]+", str(node.value)):
            keys.append(node)
    found = set()
    for key in keys:
        text = ast.unparse(key)
        found.update([str(key.value)] if isinstance(key, ast.Constant) else names.get(text, [text]))
    return found


def test_the_variables_are_these() -> None:
    read = {name for path in LIBRARY for name in variables_read(path.read_text(encoding="utf-8"))}
    assert read == set(first_column(REFERENCE / "environment.md"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("os.environ.get('HOME')", "HOME"),
        ("os.environ['HOME']", "HOME"),
        ("os.getenv('HOME', '')", "HOME"),
        ("if 'HOME' in environ: pass", "HOME"),
        ("_X = 'HOME'\nenviron.get(_X)", "HOME"),
        ("_X = ('HOME',)\nfor x in _X: environ.get(x)", "HOME"),
        ("for x in y: environ.get(x)", "y"),
        ("environ.get(a + b)", "a + b"),
        ("_HIDDEN = 'KANONIV_OTHER'", "KANONIV_OTHER"),
    ],
)
def test_a_variable_that_is_read_is_seen(source: str, name: str) -> None:
    assert variables_read(source) == {name}
