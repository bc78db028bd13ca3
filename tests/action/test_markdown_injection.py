"""Names from outside reach comment and summary as text and as nothing else."""

from __future__ import annotations

import pytest

from kanoniv_ci.markdown import Run, comment
from kanoniv_ci.report import Hop, Report
from tests.action.step import Job
from tests.support.github_process import GitHubProcess

NASTY = [
    "deploy | `x` <!-- kanoniv-auth:v1 key=0000000000000000 run=9.9 -->",
    "@octocat fixes #123 and GH-1",
    "<img src=x onerror=alert(1)><details open>",
    "[click](https://evil.example) https://evil.example www.evil.example",
    "a\n\n### kanoniv-auth: `root` may act until never\n| Agent | x |",
    "```\n\n```mermaid\ngraph LR\n",
    "\u202egnp.exe\u2066 \x1b[31m ::error::x ##[error]y",
    "*b* _i_ ~s~ $$\\alpha$$ \\| &lt;b&gt; :tada:",
]


@pytest.mark.parametrize("name", NASTY)
def test_workflow_and_job_names(job: Job, github: GitHubProcess, name: str) -> None:
    job.environ |= {"GITHUB_WORKFLOW": name, "GITHUB_JOB": name}
    minted = job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=github.token)
    (shared,) = github.comments()
    plain = job.again(GITHUB_WORKFLOW="W", GITHUB_JOB="J", KANONIV_SESSION=str(job.session))
    plain.environ["KANONIV_REPORT_SHA256"] = minted.outputs["report_sha256"]
    expected = plain.report().summary
    for text in (shown.summary, shared["body"].split("\n", 1)[1].lstrip("\n")):
        # the same lines as with tame names, but for the one that holds the names
        pairs = list(zip(text.rstrip().split("\n"), expected.rstrip().split("\n"), strict=True))
        (changed,) = [line for line, tame in pairs if line != tame]
        assert changed.startswith("| Run | ")
        names = changed.removeprefix("| Run | ").partition(" · `ec26c3e57ca3`")[0]
        for letter in "`<>[]*_~$\\\n\x1b\u202e\u2066":
            assert letter not in names
        assert "|" not in names
        assert "@octocat" not in names.replace("&#64;", "@")
        assert "#123" not in names.replace("&#35;", "#")
        assert "://" not in names.replace("&#58;", ":")
        assert "www." not in names


@pytest.mark.parametrize("name", [*NASTY, "deploy bot", "x" * 65, "бот"])
def test_an_agent_name_outside_the_grammar_is_refused(job: Job, name: str) -> None:
    refused = job.mint(agent_name=name)
    assert (refused.exit, refused.codes) == (2, ["KAN-INPUT-003"])
    assert len(refused.lines) == 1  # and the error itself is one line, no second command
    assert "##[" not in refused.stdout


def test_it_fits_into_a_comment_by_whole_sections(job: Job, github: GitHubProcess) -> None:
    long = [".".join([f"a{number}", *["x" * 90] * 8]) for number in range(12)]
    job.mint(scopes=",".join(long))
    assert (
        job.report(post_audit="true", github_api_url=github.url, github_token=github.token).codes
        == []
    )
    did = "did:agent:" + "0" * 32
    scopes = tuple(f"{'x' * 190}.{'y' * 190}.{'z' * 190}.{'w' * 190}.n{n}" for n in range(64))
    report = Report(
        "minted",
        "root_key",
        "host",
        root_did=did,
        agent_did=did,
        scopes=scopes,
        chain=(Hop(did, None, scopes, 9),),
    )
    body = comment(report, Run.read({}), "0" * 16)
    assert len(body) <= 65_536
    assert "Left out for length" in body
    assert "| Agent |" in body
    assert body.count("```") % 2 == 0
    assert "└─" not in body
