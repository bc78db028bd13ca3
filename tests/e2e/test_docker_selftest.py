"""The self-test with `runtime: docker`, in a real runner on a real engine; as root and as an ordinary user in its group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import expectations
from tests.e2e.selftest import SEED, Setting, job, parroting, play, spellings
from tests.support import base_image
from tests.support.act import Run
from tests.support.checkout import ROOT as TREE
from tests.support.engine import OwnEngine
from tests.support.github_process import GitHubProcess
from tests.support.product_image import Image

pytestmark = [pytest.mark.docker, pytest.mark.runner, pytest.mark.xdist_group("docker")]

DOCKER_GROUP = 2375  # of the socket, here; nobody else's
USERS = [pytest.param(None, id="as-root"), pytest.param(1001, id="uid-1001")]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, where it happened, and what lay on the engine's disk afterwards."""

    run: Run
    github: GitHubProcess
    engine: OwnEngine
    setting: Setting
    left: dict[bytes, list[Path]]


@pytest.fixture(scope="module", params=USERS)
def ran(
    request: pytest.FixtureRequest,
    own_engine: OwnEngine,
    image: Image,
    checkout: Path,
    github_process: GitHubProcess,
) -> Iterator[Ran]:
    """One run for all the questions below."""
    own_engine.admit(DOCKER_GROUP)
    setting = Setting(
        runtime="docker",
        user=request.param,
        groups=(DOCKER_GROUP,),
        env={"DOCKER_HOST": own_engine.host},
        variables={"KANONIV_SELFTEST_IMAGE": image.id},
        with_uv=True,
    )
    github_process.reset()
    played = play(job(checkout, github_process, setting))
    token = played.outputs("auth").get("token", "no token")
    left = own_engine.files_holding([*(s.encode() for s in spellings(SEED)), token.encode()])
    yield Ran(played, github_process, own_engine, setting, left)


def test_every_step_succeeds(ran: Ran) -> None:
    expectations.steps(ran.run)


def test_later_steps_are_held_to_the_token(ran: Ran) -> None:
    expectations.held_to_it(ran.run)


def test_the_outputs(ran: Ran) -> None:
    expectations.outputs(ran.run, "docker")


def test_summary_and_comment(ran: Ran) -> None:
    expectations.shown(ran.run, ran.github)


def test_what_was_said_to_github(ran: Ran) -> None:
    expectations.talked(ran.github)


def test_no_secret_in_the_log(ran: Ran) -> None:
    expectations.silent(ran.run, ran.github)


def test_nothing_is_left_in_the_engine(ran: Ran) -> None:
    assert ran.engine.docker("ps", "-aq").strip() == ""
    assert {text: files for text, files in ran.left.items() if files} == {}


def test_our_own_masks_hide_every_spelling(ran: Ran, open_tmp: Path) -> None:
    ran.github.reset()
    told, agent_key = parroting(open_tmp, ran.github, ran.setting)
    expectations.steps(told)
    assert told.outcome("parrot") == "success"
    expectations.silent(told, ran.github, agent_key)
    assert {*spellings(SEED), told.outputs("auth")["token"], agent_key} <= set(told.masks)


def test_the_action_builds_its_image_itself(
    own_engine: OwnEngine, checkout: Path, open_tmp: Path, github_process: GitHubProcess
) -> None:
    """Without an image named the Action builds its Dockerfile, whose base is here under the name it asks for."""
    python = base_image.find("3.12")
    if python is None:
        pytest.skip(
            "the Dockerfile's base is Python 3.12, and no such Python is installed to make a stand-in of"
        )
    base = next(
        line.removeprefix("ARG BASE=").strip()
        for line in (TREE / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("ARG BASE=")
    )
    own_engine.import_image(base_image.build(open_tmp / "base", python), base)
    github_process.reset()
    setting = Setting(runtime="docker", env={"DOCKER_HOST": own_engine.host}, with_uv=True)
    played = play(job(checkout, github_process, setting))
    expectations.steps(played)
    expectations.outputs(played, "docker")
