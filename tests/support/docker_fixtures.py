"""Fixtures with a real Docker Engine; a test that cannot have one is skipped and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engine import Engine, NoEngine, OwnEngine, engine as any_engine
from tests.support.product_image import Image, build


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
    """The product's image, built once a session."""
    return build(engine)
