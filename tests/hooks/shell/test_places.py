"""Where a command is judged: a shell goes up by the letters of where it is, and a program by the disk."""

from __future__ import annotations

import pytest

from kanoniv_auth.hooks.shell.analysis import analyse
from tests.hooks.shell.world import PROJECT, World


class Asked(World):
    """Notes where paths are asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.places_: list[str] = []

    def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        self.places_.append(cwd)
        return super().write_scope(path, cwd, below=below)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        # with `link` a link, the disk has another parent for it than the letters
        ("cd link/..", [PROJECT, f"{PROJECT}/link/.."]),
        ("cd link && cd ..", [PROJECT]),
        ("cd a/b && cd ../..", [PROJECT]),
        ("cd a/b && cd ../c", [f"{PROJECT}/a/c", f"{PROJECT}/a/b/../c"]),
        (f"cd {PROJECT}/link/..", [PROJECT, f"{PROJECT}/link/.."]),
        ("cd ./a/./b/", [f"{PROJECT}/a/b"]),
        ("cd ../../../../..", ["/"]),
    ],
)
def test_both_readings_of_a_place_are_asked_about(moves: str, expected: list[str]) -> None:
    around = Asked()
    analyse(f"{moves} && touch a/link/../x", around)
    assert sorted(set(around.places_)) == sorted(expected)
