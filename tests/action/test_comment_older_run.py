"""A run that is late does not overwrite what a newer one wrote."""

from __future__ import annotations

from tests.action.step import Job
from tests.support.github_process import GitHubProcess


def test_older_run(job: Job, github: GitHubProcess) -> None:
    wanted = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.environ |= {"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "2"}
    job.mint()
    job.report(**wanted)
    (newest,) = github.comments()
    for run, attempt in (("99", "7"), ("100", "1")):
        late = job.again(GITHUB_RUN_ID=run, GITHUB_RUN_ATTEMPT=attempt)
        late.mint()
        assert late.report(**wanted).exit == 0
    assert github.comments() == [newest]
    newer = job.again(GITHUB_RUN_ID="101")
    newer.mint()
    newer.report(**wanted)
    (comment,) = github.comments()
    assert "run=101.1 -->" in comment["body"]
