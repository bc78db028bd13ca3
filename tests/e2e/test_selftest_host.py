"""The self-test on the host runtime, in a real runner, on a recorded pull request; also as an ordinary user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import expectations
from tests.e2e.selftest import ROOT, SEED, Setting, job, parroting, play, spellings
from tests.support.github_process import GitHubProcess
from tests.support.workflow_run import Run

pytestmark = pytest.mark.runner

USERS = [pytest.param(None, id="as-ourselves"), pytest.param(1001, id="uid-1001")]


@pytest.fixture(scope="module", params=USERS)
def setting(request: pytest.FixtureRequest) -> Setting:
    return Setting(runtime="host", user=request.param)


@pytest.fixture(scope="module")
def ran(
    setting: Setting, checkout: Path, github_process: GitHubProcess
) -> tuple[Run, GitHubProcess]:
    """One run for all the questions below."""
    github_process.reset()
    return play(job(checkout, github_process, setting)), github_process


def test_every_step_succeeds(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.steps(ran[0])


def test_later_steps_are_held_to_the_token(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.held_to_it(ran[0])


def test_the_outputs(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.outputs(ran[0], "host")


def test_summary_and_comment(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.shown(*ran)


def test_what_was_said_to_github(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.talked(ran[1])


def test_no_secret_in_the_log(ran: tuple[Run, GitHubProcess]) -> None:
    expectations.silent(*ran)


def test_our_own_masks_hide_every_spelling(
    setting: Setting, github_process: GitHubProcess, open_tmp: Path
) -> None:
    """A last step prints all it can; the runner does not know the key, so only our masks can hide it."""
    github_process.reset()
    told, agent_key = parroting(open_tmp, github_process, replace(setting, with_uv=True))
    expectations.steps(told)
    assert told.outcome("parrot") == "success"
    assert "token: *** and ***" in told.said("parrot")
    expectations.silent(told, github_process, agent_key)
    assert {*spellings(SEED), told.outputs("auth")["token"], agent_key} <= set(told.masks)


def test_without_our_masks_the_key_would_show(
    github_process: GitHubProcess, open_tmp: Path
) -> None:
    """The same variable, printed before the mint: the search above can find it."""
    github_process.reset()
    told, _ = parroting(open_tmp, github_process, Setting(with_uv=True), before=True)
    assert ROOT.secret_text() in told.said("before")
