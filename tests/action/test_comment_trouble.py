"""GitHub is slow, down or strange: tried again only where that helps, within a deadline, and never a failed job."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.action.step import Job, pull_request
from tests.support.github_process import GitHubProcess

TOKEN = GitHubProcess.token


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_passes_is_tried_again(job: Job, github: GitHubProcess, status: int) -> None:
    github.arm("issues/list-comments", status=status, times=1, retry_after="0")
    job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert f"kanoniv-auth: attempt 2/5 in 0.0 s: HTTP {status}" in shown.lines
    assert len(github.comments()) == 1
    github.reset()


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_what_stays_is_tried_once(job: Job, github: GitHubProcess, status: int) -> None:
    github.arm("issues/list-comments", status=status, times=None)
    job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert (shown.exit, len(github.requests())) == (0, 1)
    assert shown.codes[0] in ("KAN-COMMENT-001", "KAN-COMMENT-003")
    github.reset()


def test_the_attempts_end(job: Job, github: GitHubProcess) -> None:
    github.arm("issues/list-comments", status=503, times=None, retry_after="0")
    job.mint()
    shown = job.report(
        post_audit="true", github_api_url=github.url, github_token=TOKEN, max_attempts="3"
    )
    assert (shown.exit, shown.codes, len(github.requests())) == (0, ["KAN-COMMENT-003"], 3)
    assert "HTTP 503" in shown.lines[-1]
    github.reset()


def test_retry_after_past_the_deadline_is_not_waited_for(job: Job, github: GitHubProcess) -> None:
    github.arm("issues/list-comments", status=503, times=None, retry_after="600")
    job.mint()
    started = time.monotonic()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert (shown.exit, shown.codes, len(github.requests())) == (0, ["KAN-COMMENT-003"], 1)
    assert time.monotonic() - started < 10
    github.reset()


def test_a_connection_that_breaks_is_tried_again(job: Job, github: GitHubProcess) -> None:
    github.arm("issues/list-comments", drop=True, times=1)
    job.mint()
    job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert len(github.comments()) == 1
    github.reset()


def test_nobody_there(job: Job) -> None:
    job.mint()
    shown = job.report(
        post_audit="true", github_api_url="http://127.0.0.1:9", github_token=TOKEN, max_attempts="2"
    )
    assert (shown.exit, shown.codes) == (0, ["KAN-COMMENT-003"])


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_to_another_host_is_not_followed(
    job: Job, github: GitHubProcess, status: int
) -> None:
    elsewhere = github.url.replace("127.0.0.1", "localhost") + "/stolen"
    github.arm("issues/list-comments", status=status, location=elsewhere, times=None)
    job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert (shown.exit, shown.codes) == (0, ["KAN-COMMENT-003"])
    assert [request["path"] for request in github.requests()] == [github.requests()[0]["path"]]
    github.reset()


def test_an_answer_that_is_no_json_shows_nothing_of_itself(job: Job, github: GitHubProcess) -> None:
    github.arm(
        "issues/list-comments",
        status=502,
        text="::error::<b>proxy says no</b>",
        times=None,
        retry_after="0",
    )
    job.mint()
    shown = job.report(
        post_audit="true", github_api_url=github.url, github_token=TOKEN, max_attempts="1"
    )
    assert "proxy says no" not in shown.stdout + shown.stderr + shown.summary
    assert (shown.exit, shown.codes) == (0, ["KAN-COMMENT-003"])
    github.reset()


def test_no_pull_request(tmp_path: Path, github: GitHubProcess) -> None:
    job = pull_request(tmp_path, "push")
    job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=TOKEN)
    assert (shown.exit, shown.codes, github.requests()) == (0, ["KAN-COMMENT-002"], [])
    assert "may act until" in shown.summary


def test_the_report_step_refuses_to_run_beside_the_key(job: Job, github: GitHubProcess) -> None:
    """A runner that hands INPUT_* down to composite steps would put key and network into one process."""
    job.mint()
    shown = job.report(
        post_audit="true", github_api_url=github.url, github_token=TOKEN, root_key="x" * 44
    )
    assert (shown.exit, shown.codes, github.requests()) == (2, ["KAN-RUNNER-006"], [])
