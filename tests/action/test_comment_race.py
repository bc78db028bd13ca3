"""Two writers that both saw no comment end with one, and it says what the newer run said."""

from __future__ import annotations

import threading

import pytest

from tests.action.step import Job
from tests.support.github_process import GitHubProcess


@pytest.mark.parametrize("order", [("7", "8"), ("8", "7")])
def test_two_writers_converge(job: Job, github: GitHubProcess, order: tuple[str, str]) -> None:
    github.arm("issues/list-comments", barrier=2, times=2)
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    jobs = []
    for run in order:
        jobs.append(job.again(GITHUB_RUN_ID=run))
        jobs[-1].mint()
    threads = [threading.Thread(target=lambda j=j: j.report(**wanted)) for j in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert github.calls().count("POST issues/create-comment 201") == 2
    (comment,) = github.comments()
    assert "run=8.1 -->" in comment["body"]


@pytest.mark.parametrize("twin", ["before", "after"])
def test_a_create_that_was_answered_late_leaves_one(
    job: Job, github: GitHubProcess, twin: str
) -> None:
    github.arm("issues/create-comment", twin=twin)
    job.mint()
    job.report(post_audit="true", github_api_url=github.url, github_token=github.token)
    (comment,) = github.comments()
    assert comment["id"] == 2_100_000_001
