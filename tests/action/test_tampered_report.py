"""The file between the two processes: anything but the report that was written is refused as a whole, with a notice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.action.step import Job
from tests.support.github_process import GitHubProcess

EVIL = "x <!-- --> | @octocat ::error::"


def change(**fields: Any) -> Callable[[dict[str, Any]], str]:
    return lambda report: json.dumps({**report, **fields})


TAMPERED = [
    pytest.param(change(agent_did=EVIL), id="did"),
    pytest.param(change(agent_name=EVIL), id="name"),
    pytest.param(change(scopes=["deploy", EVIL]), id="scope"),
    pytest.param(change(scopes="deploy"), id="type"),
    pytest.param(change(scopes=["a"] * 65), id="many"),
    pytest.param(change(status="granted"), id="status"),
    pytest.param(change(expires_at="tomorrow"), id="time"),
    pytest.param(change(expires_at=True), id="bool-as-int"),
    pytest.param(change(ttl=-1), id="negative"),
    pytest.param(change(deepest=17), id="depth"),
    pytest.param(change(codes=[EVIL]), id="code"),
    pytest.param(change(reason=EVIL), id="reason"),
    pytest.param(change(chain=[{"did": EVIL}]), id="hop"),
    pytest.param(change(note=EVIL), id="unknown"),
    pytest.param(change(version=2), id="version"),
    pytest.param(lambda _: "{", id="cut"),
    pytest.param(lambda _: "[]", id="list"),
    pytest.param(lambda r: json.dumps(r)[:-1] + ', "status": "minted"}', id="twice"),
    pytest.param(lambda _: "[" * 100_000, id="deep"),
    pytest.param(
        lambda r: json.dumps({**r, "agent_name": "ü"}, ensure_ascii=False), id="not-ascii"
    ),
]


@pytest.mark.parametrize("tamper", TAMPERED)
def test_a_field_that_is_not_what_it_should_be(
    job: Job, github: GitHubProcess, tamper: Callable[[dict[str, Any]], str]
) -> None:
    job.mint()
    path = job.session / "report.json"
    path.write_text(tamper(json.loads(path.read_text())), encoding="utf-8")
    # even when who changed it also knows the digest
    job.environ["KANONIV_REPORT_SHA256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=github.token)
    assert (shown.exit, shown.codes, shown.summary) == (0, ["KAN-REPORT-001"], "")
    assert shown.lines[0].startswith("::notice ")
    assert EVIL not in shown.stdout
    assert github.requests() == []


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_a_wellformed_one_that_is_not_ours(job: Job, github: GitHubProcess, digest: str) -> None:
    job.mint()
    path = job.session / "report.json"
    report = json.loads(path.read_text())
    path.write_text(json.dumps({**report, "scopes": ["everything"]}))
    if digest:
        job.environ["KANONIV_REPORT_SHA256"] = digest
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=github.token)
    assert (shown.exit, shown.codes, github.requests()) == (0, ["KAN-REPORT-001"], [])


def test_no_report_is_no_error(job: Job) -> None:
    shown = job.report()
    assert (shown.exit, shown.lines) == (0, ["kanoniv-auth: the mint step left no report"])


def test_it_holds_no_secret(job: Job) -> None:
    minted = job.mint()
    assert minted.outputs["token"][:40] not in (job.session / "report.json").read_text()
