"""The self-test on the host runtime, in a real runner, on a recorded pull request; also as an ordinary user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import expectations
from tests.e2e.selftest import Setting, job, parroting, play
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
    github_process.reset()
    told, agent_key = parroting(open_tmp, github_process, replace(setting, with_uv=True))
    expectations.masked(told, github_process, agent_key)
