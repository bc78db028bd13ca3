"""What the repository allows at most: asking for more is refused, not cut down."""

from __future__ import annotations

import pytest

from tests.action.step import ROOT_DID, Job


@pytest.mark.parametrize(
    ("code", "said", "inputs"),
    [
        ("KAN-GUARD-001", ROOT_DID, {"expected_root_did": "did:agent:" + "0" * 32}),
        ("KAN-GUARD-002", "scope build is not within", {"allowed_scopes": "deploy"}),
        (
            "KAN-GUARD-002",
            "scope deploy is not within",
            {"scopes": "deploy", "allowed_scopes": "deploy.staging"},
        ),
        ("KAN-GUARD-003", "ttl 4h is longer than max_ttl 1h", {"max_ttl": "1h"}),
        ("KAN-GUARD-003", "no expiry", {"ttl": "never", "max_ttl": "10d"}),
    ],
)
def test_refused(job: Job, code: str, said: str, inputs: dict[str, str]) -> None:
    refused = job.mint(**inputs)
    assert (refused.exit, refused.codes, refused.env) == (2, [code], {})
    assert said in refused.lines[0]
    assert "token" not in [path.name for path in job.session.iterdir()]


def test_all_of_them_at_once(job: Job) -> None:
    refused = job.mint(expected_root_did="did:agent:" + "0" * 32, allowed_scopes="x", max_ttl="1s")
    assert refused.codes == ["KAN-GUARD-001", "KAN-GUARD-002", "KAN-GUARD-002", "KAN-GUARD-003"]


def test_kept(job: Job) -> None:
    minted = job.mint(expected_root_did=ROOT_DID, allowed_scopes="deploy\nbuild", max_ttl="4h")
    assert minted.outputs["scopes"] == "build,deploy.staging"
