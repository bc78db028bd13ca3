"""An independent reader, which shares no code with the library, agrees on every token vector."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.core import second_reader
from tests.core.vector_files import TOKENS, Vector

SOURCE = Path(second_reader.__file__).read_text(encoding="utf-8")


def answer(vector: Vector) -> str:
    try:
        second_reader.read_token(vector.case)
    except second_reader.Refused as refusal:
        return str(refusal.args[0])
    return "allow"


@pytest.mark.parametrize("vector", TOKENS, ids=lambda v: v.id)
def test_it_agrees(vector: Vector) -> None:
    assert answer(vector) == vector.expect


def test_it_imports_cryptography_and_the_standard_library_alone() -> None:
    found = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(str(node.module).partition(".")[0])
    assert found - set(sys.stdlib_module_names) == {"cryptography"}
    assert not found & {"importlib", "sys", "runpy", "subprocess"}
    assert "__import__" not in SOURCE


def test_it_can_be_read_in_one_sitting() -> None:
    assert len([line for line in SOURCE.splitlines() if line.strip()]) <= 150
