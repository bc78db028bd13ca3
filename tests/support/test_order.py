"""The list of slow files is true of the tree, and moves nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.support.checkout import ROOT
from tests.support.order import SLOW, pytest_collection_modifyitems


def test_every_file_is_there_and_once() -> None:
    assert [name for name in SLOW if not (ROOT / name).is_file()] == []
    assert len(set(SLOW)) == len(SLOW)


def test_the_slow_files_come_first_and_the_others_stay() -> None:
    ids = ["b.py::2", "a.py::1", f"{SLOW[1]}::z", "c.py::1", f"{SLOW[0]}::x", f"{SLOW[1]}::a"]
    items: list[Any] = [SimpleNamespace(nodeid=each) for each in ids]
    pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [ids[4], ids[2], ids[5], ids[0], ids[1], ids[3]]
