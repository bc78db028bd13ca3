"""Fixtures every test folder may use; loaded by `tests/conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.github_process import GitHubProcess


@pytest.fixture(scope="session")
def github_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubProcess]:
    """The GitHub stand-in, one process a session and worker (its description takes a second to load)."""
    with GitHubProcess(tmp_path_factory.mktemp("github") / "exchanges.jsonl") as process:
        yield process


@pytest.fixture
def github(github_process: GitHubProcess) -> Iterator[GitHubProcess]:
    """The stand-in, fresh. At the end of the test no request may have broken GitHub's description.

    A test that breaks it on purpose asserts on `violations()` and then calls `reset()`.
    """
    github_process.reset()
    yield github_process
    assert github_process.violations() == []
