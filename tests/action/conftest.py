"""The fixtures of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.standin import Reply, Scene, scene, serving
from tests.action.step import Job, pull_request


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job on a pull request of this repository."""
    return pull_request(tmp_path)


@pytest.fixture
def keyless(job: Job) -> Iterator[Scene]:
    """A job in keyless mode before a stand-in that does what a scenario tells it."""
    with serving(lambda _: Reply(500)) as server:
        yield scene(job, server)
