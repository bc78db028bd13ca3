"""How much later steps get: the agent's key or not, variables or not."""

from __future__ import annotations

from tests.action.step import ROOT_DID, Job


def test_export_key_false_leaves_later_steps_with_verify(job: Job) -> None:
    minted = job.mint(export_key="false")
    assert minted.env == {"KANONIV_TOKEN": minted.outputs["token"], "KANONIV_ROOT_DID": ROOT_DID}
    assert minted.outputs["home"] == ""
    assert sorted(path.name for path in job.session.iterdir()) == ["report.json", "token"]


def test_export_env_false_leaves_the_environment_alone(job: Job) -> None:
    minted = job.mint(export_env="false")
    assert minted.env == {}
    assert minted.outputs["token"] != ""
    assert (job.session / "home").is_dir()


def test_the_agents_key_is_masked_even_when_it_is_thrown_away(job: Job) -> None:
    minted = job.mint(export_key="false")
    _, mark, after = minted.stdout.partition(f"::add-mask::{minted.outputs['token']}\n")
    masks = [line for line in after.splitlines() if line.startswith("::add-mask::")]
    # base64 and hex; base64url too when this key's differs
    assert mark
    assert len(masks) in (4, 6)
