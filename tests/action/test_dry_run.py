"""A dry run checks everything, shows the plan and mints nothing; it needs no key."""

from __future__ import annotations

import pytest

from tests.action.step import ROOT_DID, Job


@pytest.mark.parametrize("key", [True, False])
def test_dry_run(job: Job, key: bool) -> None:
    planned = job.mint(dry_run="true", **({} if key else {"root_key": ""}))
    assert planned.exit == 0
    assert planned.lines == [
        "kanoniv-auth: dry run: would mint build, deploy.staging; nothing was minted"
    ]
    assert (planned.outputs["skipped"], planned.outputs["skip_reason"]) == ("true", "dry_run")
    assert (planned.outputs["token"], planned.env) == ("", {})
    assert planned.outputs["root_did"] == (ROOT_DID if key else "")
    assert [path.name for path in job.session.iterdir()] == ["report.json"]
    shown = job.report().summary
    assert "dry run, nothing was minted" in shown
    assert "| `deploy.staging` |" in shown


def test_it_finds_what_would_be_refused(job: Job) -> None:
    assert job.mint(dry_run="true", max_ttl="1h").codes == ["KAN-GUARD-003"]
