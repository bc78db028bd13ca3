"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import COMMAND, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    if not Path(COMMAND).exists():
        pytest.fail(f"{COMMAND} is not there: install the package first (make test does)")
    return Shell(tmp_path)
