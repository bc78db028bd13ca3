"""An independent reader, which shares no code with the library, agrees on every vector."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core import second_reader, second_reader_receipts, second_reader_statements
from tests.core.vector_files import ENVELOPES, LISTS, ROTATIONS, TOKENS, Vector

MODULES = (second_reader, second_reader_receipts, second_reader_statements)
SOURCES = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in MODULES]


def answer(vector: Vector, reader: Callable[[dict[str, Any]], None]) -> str:
    try:
        reader(vector.case)
    except second_reader.Refused as refusal:
        return str(refusal.args[0])
    return "allow"


@pytest.mark.parametrize("vector", TOKENS, ids=lambda v: v.id)
def test_it_agrees(vector: Vector) -> None:
    assert answer(vector, second_reader.read_token) == vector.expect


@pytest.mark.parametrize("vector", ENVELOPES, ids=lambda v: v.id)
def test_it_agrees_on_receipts(vector: Vector) -> None:
    assert answer(vector, second_reader_receipts.read_stream) == vector.expect


@pytest.mark.parametrize("vector", LISTS, ids=lambda v: v.id)
def test_it_agrees_on_lists(vector: Vector) -> None:
    assert answer(vector, second_reader_statements.take_list) == vector.expect


@pytest.mark.parametrize("vector", ROTATIONS, ids=lambda v: v.id)
def test_it_agrees_on_rotations(vector: Vector) -> None:
    assert answer(vector, second_reader_statements.take_rotation) == vector.expect


@pytest.mark.parametrize("source", SOURCES, ids=["tokens", "receipts", "statements"])
def test_it_imports_cryptography_and_the_standard_library_alone(source: str) -> None:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            if node.module != second_reader.__name__:
                found.add(str(node.module).partition(".")[0])
    assert found - set(sys.stdlib_module_names) <= {"cryptography"}
    assert not found & {"importlib", "sys", "runpy", "subprocess"}
    assert "__import__" not in source


@pytest.mark.parametrize("source", SOURCES, ids=["tokens", "receipts", "statements"])
def test_it_can_be_read_in_one_sitting(source: str) -> None:
    assert len([line for line in source.splitlines() if line.strip()]) <= 150
