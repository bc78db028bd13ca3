"""A home of its own for a test that asks for one, and a process that remembers no root."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_auth.api import roots
from tests.advisories.terminal import Terminal


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`$KANONIV_HOME` of this process."""
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(roots._memory, "root", None)
    return tmp_path / "home"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The command line, in a home of its own."""
    return Terminal(tmp_path)
