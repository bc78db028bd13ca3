"""Random texts that the analysis lets pass, run by bash: twenty seconds of `make fuzz-shell`, and some planted bugs."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator

import pytest

from fuzz import shell
from kanoniv_auth.hooks.shell.analysis import analyse

SECONDS = 20
pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or sys.platform != "linux", reason="needs bash on Linux"
)


@pytest.fixture
def ground() -> Iterator[shell.Ground]:
    with shell.ground() as here:
        yield here


@pytest.mark.parametrize(
    "plant", ["words behind a redirect", "wrappers are harmless", "quotes are letters"]
)
def test_a_planted_bug_is_found(ground: shell.Ground, plant: str) -> None:
    with shell.planted(plant):
        said = shell.fuzz(ground, seed=1, seconds=60)
    assert len(said.bypasses) == 1
    ground.fresh()
    # the same text, without the bug
    text, _ = said.bypasses[0]
    actions = {need.action for need in analyse(text, ground.around)}
    assert not actions <= {"code.read"}


def test_nothing_does_more_than_was_asked_for(ground: shell.Ground) -> None:
    seed = int(time.time())
    said = shell.fuzz(ground, seed, SECONDS)
    assert said.bypasses == [], f"seed {seed}"
    assert said.texts > 200
    assert said.share >= shell.LEAST_CLEAN
    assert said.acted > said.run / 10
