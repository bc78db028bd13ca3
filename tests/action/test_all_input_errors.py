"""Every input error at once, before anything is minted; each with its input, its cause and its fix."""

from __future__ import annotations

import pytest

from kanoniv_ci.table import INPUTS
from tests.action.step import Job

EXPECTED = [
    ("KAN-KEY-003", "root_key: "),
    ("KAN-INPUT-001", "scopes: scope 'deploy staging'"),
    ("KAN-INPUT-001", "scopes: scope '..'"),
    ("KAN-INPUT-001", "ttl: TTL 'soon'"),
    ("KAN-INPUT-003", "post_audit is 'yes'"),
    ("KAN-INPUT-003", "agent_name is 'two words'"),
    ("KAN-KEY-003", "expected_root_did: "),
    ("KAN-INPUT-001", "allowed_scopes: "),
    ("KAN-INPUT-001", "max_ttl: "),
    ("KAN-INPUT-004", "env_name LD_PRELOAD"),
    ("KAN-INPUT-003", "on_fork is 'mint'"),
    ("KAN-INPUT-003", "runtime is 'podman'"),
    ("KAN-INPUT-003", "image is 'python:3.12'"),
    ("KAN-INPUT-003", "comment_mode is 'loud'"),
    ("KAN-INPUT-006", "comment_key is longer than 200"),
    ("KAN-INPUT-003", "github_api_url is 'http://github.example'"),
    ("KAN-INPUT-003", "endpoint is 'ftp://x'"),
    ("KAN-INPUT-003", "max_attempts is '0'"),
    ("KAN-INPUT-003", "timeout_seconds is '1h'"),
    ("KAN-INPUT-003", "version is '>=1'"),
]


def test_all_at_once(job: Job) -> None:
    refused = job.mint(
        root_key="short",
        scopes="deploy staging, ..,ok",
        ttl="soon",
        post_audit="yes",
        agent_name="two words",
        expected_root_did="did:web:x",
        allowed_scopes="a b",
        max_ttl="1y",
        env_name="LD_PRELOAD",
        on_fork="mint",
        runtime="podman",
        image="python:3.12",
        comment_mode="loud",
        comment_key="k" * 201,
        github_api_url="http://github.example",
        endpoint="ftp://x",
        max_attempts="0",
        timeout_seconds="1h",
        version=">=1",
    )
    assert refused.exit == 2
    told = "\n".join(refused.lines)
    for code, name in EXPECTED:
        assert f"::error title={code}::{name}" in told
    assert len(refused.lines) == len(EXPECTED) == 20
    assert refused.summary.count("| [KAN-") == 20
    assert refused.env == {}
    assert sorted(path.name for path in job.session.iterdir()) == ["report.json"]


@pytest.mark.parametrize("name", ["scopes", "root_key"])
def test_missing(job: Job, name: str) -> None:
    refused = job.mint(**{name: " "})
    assert (refused.exit, refused.codes) == (2, ["KAN-INPUT-002"])
    assert f"{name} is missing" in refused.lines[0]


@pytest.mark.parametrize("value", ["yes", "on", "1", "tRue", "no", "n"])
def test_booleans_are_those_of_yaml_1_2(job: Job, value: str) -> None:
    assert job.mint(export_key=value).codes == ["KAN-INPUT-003"]


def test_empty_means_not_given(job: Job) -> None:
    empty = {name: "" for name in INPUTS if name not in ("root_key", "scopes")}
    assert job.mint(**empty).exit == 0


def test_scopes_by_comma_or_line_sorted_and_once(job: Job) -> None:
    minted = job.mint(scopes="test,build\n deploy.staging \n\nbuild,")
    assert minted.outputs["scopes"] == "build,deploy.staging,test"
