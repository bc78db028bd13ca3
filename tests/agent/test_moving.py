"""Where the agent goes does not change what is its project."""

from __future__ import annotations

import pytest

from tests.agent.rig import Desk, bash

pytestmark = pytest.mark.agent


def test_another_folder_does_not_become_the_project(desk: Desk) -> None:
    other = desk.tree.parent / "other"
    other.mkdir()
    turns = [
        bash(f"cd {other}"),
        bash("touch there"),
        bash(f"cd {other} && touch there"),
        [["Write", {"file_path": f"{other}/written", "content": "x"}]],
    ]
    desk.run(["go [[x]]"], {"x": turns}, env={"KANONIV_TOKEN": desk.token("code.edit")})
    assert list(other.iterdir()) == []
