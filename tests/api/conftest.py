"""A home of its own for each test, and a process that remembers no root."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_auth.api import roots


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(roots._memory, "root", None)
    return tmp_path / "home"
