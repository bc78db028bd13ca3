"""Keyless mode against the real service and an issuer that signs: let in by a policy, or refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from tests.action.real import World


def test_a_job_is_let_in_and_held_to_it(world: World) -> None:
    minted = world.mint(debug_claims="true")
    assert (minted.exit, minted.codes) == (0, [])
    assert minted.outputs["scopes"] == "build,deploy.staging"
    verdict = {"token": minted.outputs["token"]}
    allowed = world.service.post("/v1/verify", {**verdict, "scope": "deploy.staging"})
    assert (allowed.status_code, allowed.json()["valid"]) == (200, True)
    assert allowed.json()["agent_did"] == minted.outputs["agent_did"]
    assert world.service.post("/v1/verify", {**verdict, "scope": "admin"}).status_code == 403


def test_the_root_is_the_services(world: World) -> None:
    root = world.mint().outputs["root_did"]
    assert world.mint(expected_root_did=root).exit == 0
    refused = world.mint(expected_root_did="did:agent:" + "0" * 32)
    assert (refused.exit, refused.codes, refused.env) == (1, ["KAN-OIDC-009"], {})


REFUSED: dict[str, dict[str, Any]] = {
    "another repository": {"repository_id": "999"},
    "its name, and another id": {"repository": "octo-org/app", "repository_id": "1"},
    "another owner": {"repository_owner_id": "1"},
    "another branch": {"ref": "refs/heads/feature"},
    "a stranger's event": {"event_name": "pull_request_target"},
    "no branch": {"ref": None},
    "another issuer": {"iss": "https://evil.example"},
    "over": {"exp": 1, "iat": 1, "nbf": 1},
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_token_that_is_not_let_in(world: World, how: str) -> None:
    world.issuer.claims(**REFUSED[how])
    refused = world.mint(max_attempts="1")
    assert (refused.exit, refused.codes, refused.env) == (1, ["KAN-OIDC-008"], {})
    assert "**What the OIDC token says**" in refused.summary
    assert refused.outputs["token"] == ""


def test_the_suggested_policy_is_the_one_that_was_missing(world: World, tmp_path: Path) -> None:
    """What the summary shows, given to the service as it is, lets the next run in."""
    world.issuer.claims(ref="refs/heads/release", repository_id="31337")
    refused = world.mint(max_attempts="1")
    assert refused.codes == ["KAN-OIDC-008"]
    text = refused.summary.partition("```yaml\n")[2].partition("\n```")[0]
    added = world.service.folder.parent / "policies" / "suggested.yaml"
    added.write_text(text + "\n", encoding="utf-8")
    try:
        end = time.monotonic() + 15
        minted = world.mint(max_attempts="1")
        while minted.exit and time.monotonic() < end:
            minted = world.mint(max_attempts="1")
    finally:
        added.unlink()
    assert minted.exit == 0


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"scopes": "admin"}, "KAN-OIDC-008"),
        ({"ttl": "2h"}, "KAN-OIDC-008"),
        ({"audience": "https://elsewhere.example:{did}"}, "KAN-OIDC-008"),
        ({"audience": "https://github.com/octo-org"}, "KAN-OIDC-008"),
        ({"api_key": "kas_" + "A" * 43}, "KAN-OIDC-008"),
    ],
)
def test_more_than_the_policy_gives(world: World, inputs: dict[str, str], code: str) -> None:
    refused = world.mint(max_attempts="1", **inputs)
    assert (refused.exit, refused.codes, refused.env) == (1, [code], {})


def test_its_ledger_knows_whom_it_let_in(world: World) -> None:
    minted = world.mint()
    headers = {"Authorization": f"Bearer {world.service.key}"}
    holder = {"holder": minted.outputs["agent_did"]}
    listed = httpx.get(world.service.url + "/v1/delegations", params=holder, headers=headers)
    (row,) = listed.json()["delegations"]
    assert sorted(row["scopes"]) == ["build", "deploy.staging"]


def test_its_revocation_ends_it(world: World) -> None:
    """The link is revoked at the service by whoever may; the service's own answer changes at once."""
    minted = world.mint()
    verdict = {"token": minted.outputs["token"], "scope": "build"}
    assert world.service.post("/v1/verify", verdict).status_code == 200
    now, roots = int(time.time()), TrustedRoots(dids=[minted.outputs["root_did"]])
    chain = read_parent(minted.outputs["token"], roots=roots, now=now, revoked=None)
    revoked = world.service.post("/v1/revocations", {"ids": [chain.id.hex()]}, world.service.key)
    assert revoked.status_code == 200
    assert world.service.post("/v1/verify", verdict).status_code == 403
