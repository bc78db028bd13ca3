"""A token that may not comment: a notice that names the permission, the summary all the same, and the job goes on."""

from __future__ import annotations

from tests.action.step import Job
from tests.support.github_process import GitHubProcess


def test_403(job: Job, github: GitHubProcess) -> None:
    job.mint()
    shown = job.report(
        post_audit="true", github_api_url=github.url, github_token=github.readonly_token
    )
    assert (shown.exit, shown.codes) == (0, ["KAN-COMMENT-001"])
    assert shown.lines[0].startswith("::notice ")
    assert "pull-requests: write" in shown.lines[0]
    assert "may act until" in shown.summary
    assert shown.outputs == {}
    assert github.calls() == ["GET issues/list-comments 200", "POST issues/create-comment 403"]
    assert github.comments() == []
