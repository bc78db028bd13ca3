"""Claude Code, or the reason why it is not there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent import rig
from tests.agent.rig import Desk


@pytest.fixture(scope="session")
def claude() -> Path:
    found = rig.binary()
    if found is None:
        pytest.skip("Claude Code is not in .venv-agent: `make test-agent` puts it there")
    if not rig.can_be_alone():
        pytest.skip(
            "no network and mounts of one's own here (unshare -rnm): attacks are tried nowhere else"
        )
    return found


@pytest.fixture
def desk(claude: Path) -> Iterator[Desk]:
    """A desk with a guard, outside of folders that count as temporary."""
    with tempfile.TemporaryDirectory(prefix="auth-action-agent-", dir=Path.home()) as folder:
        made = Desk(Path(folder), claude)
        made.guard()
        yield made
