"""The fixture of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.action.step import Job, pull_request


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job on a pull request of this repository."""
    return pull_request(tmp_path)
