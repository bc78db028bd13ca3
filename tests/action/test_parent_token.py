"""Delegating from a token: its holder's key is given as root_key, and the root is pinned by the repository."""

from __future__ import annotations

import json

import pytest

from tests.action.step import KEY, ROOT_DID, Job


def parent(job: Job, **inputs: str) -> dict[str, str]:
    """Mint a parent; the inputs that delegate from it."""
    minted = job.mint(scopes="deploy,build", ttl="1h", agent_name="coordinator", **inputs)
    digits = minted.outputs["agent_did"].rpartition(":")[2]
    key = json.loads((job.session / "home" / "keys" / f"{digits}.key").read_text())["private_key"]
    return {"parent_token": minted.outputs["token"], "root_key": key, "expected_root_did": ROOT_DID}


def test_good(job: Job) -> None:
    given = parent(job)
    child = job.again()
    minted = child.mint(**given, scopes="deploy.staging", ttl="15m", agent_name="deployer")
    assert minted.exit == 0, minted.stdout
    assert minted.outputs["root_did"] == ROOT_DID
    assert (minted.outputs["chain_depth"], minted.outputs["mode"]) == ("2", "parent_token")
    assert minted.outputs["token"].startswith(given["parent_token"].partition("~")[0])
    shown = child.report().summary
    assert "sub-delegation from a parent token" in shown
    assert "coordinator did:agent:" in shown
    # neither the parent's key nor its token goes on to later steps
    everything = "".join(p.read_text() for p in child.session.rglob("*") if p.is_file())
    assert given["root_key"] not in everything
    assert given["parent_token"].partition("~")[2] not in everything


def test_the_expiry_is_cut_and_that_is_said(job: Job) -> None:
    given = parent(job)
    minted = job.again().mint(**given, scopes="build", ttl="8h")
    assert 3500 < int(minted.outputs["expires_in"]) <= 3600
    assert "the expiry was cut to the parent token's" in minted.stdout


@pytest.mark.parametrize(
    ("code", "status", "change"),
    [
        ("KAN-TOKEN-006", 1, {"scopes": "test"}),
        ("KAN-PARENT-001", 2, {"root_key": KEY}),
        ("KAN-INPUT-005", 2, {"expected_root_did": ""}),
        ("KAN-ROOT-002", 1, {"expected_root_did": "did:agent:" + "0" * 32}),
        ("KAN-TOKEN-003", 2, {"parent_token": "eyJhbGciOiJIUzI1NiJ9.e30.x"}),
        ("KAN-TOKEN-001", 2, {"parent_token": "kd2.AAAA"}),
    ],
)
def test_refused(job: Job, code: str, status: int, change: dict[str, str]) -> None:
    given = {**parent(job), "scopes": "build", **change}
    refused = job.again().mint(**given)
    assert (refused.exit, refused.codes, refused.env) == (status, [code], {})
