"""The same job again updates its one comment; a body that did not change is not sent."""

from __future__ import annotations

from tests.action.step import REPOSITORY, Job
from tests.support.github_process import GitHubProcess


def test_the_first_run_creates_and_the_rerun_updates(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    first = job.mint()
    created = job.report(**wanted)
    assert github.calls() == [
        "GET issues/list-comments 200",
        "POST issues/create-comment 201",
        "GET issues/list-comments 200",
    ]
    later = job.again(GITHUB_RUN_ATTEMPT="2")
    second = later.mint()
    updated = later.report(**wanted)
    assert github.calls()[3:] == ["GET issues/list-comments 200", "PATCH issues/update-comment 200"]
    (comment,) = github.comments()
    assert first.outputs["token_fingerprint"] not in comment["body"]
    assert second.outputs["token_fingerprint"] in comment["body"]
    assert created.outputs == updated.outputs
    assert created.outputs["comment_url"].endswith(f"issuecomment-{comment['id']}")
    assert (
        f"kanoniv-auth: the pull request shows it: {created.outputs['comment_url']}"
        in updated.lines
    )


def test_an_unchanged_body_is_no_request(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.mint()
    job.report(**wanted)
    sent = len(github.calls())
    job.report(**wanted)
    assert github.calls()[sent:] == ["GET issues/list-comments 200"]


def test_each_job_agent_and_key_has_its_own(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.mint()
    job.report(**wanted)
    job.report(**wanted, comment_key="another")
    job.report(**wanted, agent_name="deploy-bot")
    other = job.again(GITHUB_JOB="production")
    other.mint()
    other.report(**wanted)
    matrix = job.again(KANONIV_MATRIX='{"os": "linux"}')
    matrix.mint()
    matrix.report(**wanted)
    assert len(github.comments()) == 5


def test_a_pasted_marker_is_left_alone(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.mint()
    job.report(**wanted)
    (ours,) = github.comments()
    pasted = github.comment(REPOSITORY, 2, ours["body"], login="mallory")
    later = job.again(GITHUB_RUN_ATTEMPT="2")
    later.mint()
    later.report(**wanted)
    assert {c["id"]: c["body"] for c in github.comments()}[pasted] == ours["body"]
    assert len(github.comments()) == 2


def test_new_writes_another_and_off_writes_none(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.mint()
    for _ in range(2):
        job.report(**wanted, comment_mode="new")
    assert github.calls() == ["POST issues/create-comment 201"] * 2
    job.report(**wanted, comment_mode="off")
    job.report(**{**wanted, "post_audit": "false"})
    assert len(github.calls()) == 2
