"""No command files: not a step of a workflow, so nothing is minted and no secret goes anywhere."""

from __future__ import annotations

import pytest

from tests.action.step import KEY, Job


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"])
def test_missing(job: Job, name: str) -> None:
    refused = job.run("mint", {"root_key": KEY, "scopes": "a"}, **{name: None})
    assert (refused.exit, refused.codes) == (2, ["KAN-RUNNER-001"])
    assert f"{name} is not set" in refused.stdout
    assert "set-output" not in refused.stdout
    assert KEY not in refused.stdout + refused.stderr
    assert list(job.session.iterdir()) == []


def test_nowhere_to_keep_the_home(job: Job) -> None:
    refused = job.run(
        "mint", {"root_key": KEY, "scopes": "a"}, KANONIV_SESSION=None, RUNNER_TEMP=None
    )
    assert (refused.exit, refused.codes) == (2, ["KAN-RUNNER-001"])
    assert "RUNNER_TEMP" in refused.stdout


def test_a_full_disk(job: Job) -> None:
    refused = job.run("mint", {"root_key": KEY, "scopes": "a"}, GITHUB_ENV="/dev/full")
    assert (refused.exit, refused.codes) == (2, ["KAN-RUNNER-005"])
    assert "No space left" in refused.lines[-1]
    assert refused.outputs == {}
