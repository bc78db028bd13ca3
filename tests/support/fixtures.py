"""Fixtures every test folder may use; loaded by `tests/conftest.py`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import export
from tests.support.github_process import GitHubProcess
from tests.support.published import Published, installed

REPOSITORY = "Codertocat/Hello-World"  # where the recorded events happened


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


@pytest.fixture
def open_tmp() -> Iterator[Path]:
    """A fresh folder other users may walk into (pytest's own are 0700)."""
    with tempfile.TemporaryDirectory(prefix="auth-action-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def checkout() -> Iterator[Path]:
    """This work tree as a runner would have it: a repository of its own, readable to every user."""
    with tempfile.TemporaryDirectory(prefix="auth-action-checkout-") as folder:
        Path(folder).chmod(0o755)
        yield export(Path(folder) / "tree", REPOSITORY)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """The published `kanoniv-auth` 0.3.0, with an empty home directory."""
    return installed("published", tmp_path / "published")


@pytest.fixture
def published_rust(tmp_path: Path) -> Published:
    """The published Rust verifier, `kanoniv-agent-auth` 0.2.0, through its Python names."""
    return installed("published-rust", tmp_path / "published-rust")
