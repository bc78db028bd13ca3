"""Fixtures with a real Docker Engine; a test that cannot have one is skipped and says why."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kanoniv_ci.runtime import image_requirements
from tests.support import base_image
from tests.support.checkout import ROOT
from tests.support.engine import Engine, NoEngine, OwnEngine, engine as any_engine

BASE = "kanoniv-test-base:latest"


@dataclass(frozen=True, slots=True)
class Image:
    """The product's image, built here. id: sha256:… · python: the version inside · log: what the build said."""

    id: str
    python: str
    log: str


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A running engine for the session."""
    try:
        running = any_engine()
    except NoEngine as why:
        pytest.skip(str(why))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def own_engine(engine: Engine) -> OwnEngine:
    """The engine, if it is ours alone: tests that read its disk or open its socket to a user need that."""
    if not isinstance(engine, OwnEngine):
        pytest.skip(
            "the engine is the machine's own; its disk and its socket are not ours to look at"
        )
    return engine


@pytest.fixture(scope="session")
def image(engine: Engine) -> Image:
    """The product's Dockerfile, untouched, built without network on a stand-in for its base image."""
    python = base_image.interpreter()
    with tempfile.TemporaryDirectory(prefix="kanoniv-image-") as folder:
        base = base_image.build(Path(folder) / "base", python)
        engine.import_image(base, BASE)
        context = Path(folder) / "context"
        context.mkdir()
        shutil.copy2(ROOT / "Dockerfile", context)
        major, minor = (int(part) for part in python.version.split("."))
        lock = (ROOT / "requirements" / "ci.lock").read_text(encoding="utf-8")
        wanted = context / "requirements.lock"
        wanted.write_text(image_requirements(lock, (major, minor)), encoding="utf-8")
        base_image.fill_wheelhouse(context / "wheels", wanted)
        receipt = Path(folder) / "id"
        build = (
            "build",
            "--network",
            "none",
            "--build-arg",
            f"BASE={BASE}",
            "--iidfile",
            str(receipt),
        )
        log = engine.docker(*build, str(context), timeout=300)
        return Image(
            engine.remember(receipt.read_text(encoding="utf-8").strip()), python.version, log
        )
