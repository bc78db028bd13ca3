"""A home of its own for each test, and one real service for all that need it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kanoniv_auth.api import roots
from tests.support.service import Process, process


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(roots._memory, "root", None)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with process(tmp_path_factory.mktemp("service"), "--rate", "0", "--open-rate", "0") as found:
        yield found
