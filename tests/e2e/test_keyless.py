"""The documentation's keyless workflow in a real runner: an issuer that signs, the service, the Action, later steps.

Nothing is secret in the repository: a run gets two variables, and what GitHub's runner gives with `id-token: write`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.shell import Shell
from tests.e2e.selftest import play
from tests.support.act import Job
from tests.support.checkout import ROOT, commit, copy_tree
from tests.support.events import event
from tests.support.github_process import GitHubProcess
from tests.support.issuer import IssuerProcess
from tests.support.keyless import serving_for_real
from tests.support.service import Process
from tests.support.workflow_run import Run

pytestmark = pytest.mark.runner

ACTION, WORKFLOW = "kanoniv/auth-action@v1", ".github/workflows/keyless.yml"


@dataclass
class World:
    """Issuer, service, and the two folders of a run: somebody's repository, and the Action's."""

    issuer: IssuerProcess
    service: Process
    repository: Path
    action: Path
    github: GitHubProcess

    def run(self, variables: Mapping[str, str] | None = None, *, permitted: bool = True) -> Run:
        given = {"KANONIV_ENDPOINT": self.service.url, "KANONIV_ROOT_DID": self.root_did}
        return play(
            Job(
                workflow=WORKFLOW,
                checkout=self.repository,
                event=event("push"),
                event_name="push",
                job="deploy",
                secrets={"GITHUB_TOKEN": self.github.token},
                variables={**given, **(variables or {})},
                env={
                    "GITHUB_API_URL": self.github.url,
                    **(self.issuer.runner if permitted else {}),
                },
                local_actions={ACTION: self.action},
            )
        )

    def ledger(self, holder: str) -> list[dict[str, Any]]:
        """What the service has issued to a holder."""
        answer = httpx.get(
            f"{self.service.url}/v1/delegations",
            params={"holder": holder},
            headers={"Authorization": f"Bearer {self.service.key}"},
            timeout=30,
        )
        rows: list[dict[str, Any]] = answer.json()["delegations"]
        return rows

    @property
    def root_did(self) -> str:
        answer = self.service.post("/v1/delegations", {"scopes": ["x"]}, self.service.key)
        return str(answer.json()["root_did"])


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, github_process: GitHubProcess
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("keyless")
    action = commit(copy_tree(folder / "action"), "kanoniv/auth-action")
    repository = folder / "repository"
    (repository / WORKFLOW).parent.mkdir(parents=True)
    shutil.copy2(ROOT / "examples" / "keyless.yml", repository / WORKFLOW)
    shutil.copy2(ROOT / "examples" / "deploy.sh", repository / "deploy.sh")
    commit(repository, "octo-org/app")
    with serving_for_real(folder) as (service, issuer):
        yield World(issuer, service, repository, action, github_process)


@pytest.fixture(autouse=True)
def fresh(world: World) -> None:
    world.issuer.reset()
    world.github.reset()


def told(ran: Run) -> str:
    return f"{ran.log()}\n{ran.stderr}"


def summaries(ran: Run) -> str:
    """All that steps wrote: of a composite that failed, the runner does not tell it once more."""
    return "".join(str(r["content"]) for r in ran.records if r.get("command") == "summary")


def test_the_workflow_runs_and_is_held_to_its_grant(world: World) -> None:
    ran = world.run()
    assert ran.results == {"deploy": "success"}, told(ran)
    found = ran.outputs("auth")
    assert (found["mode"], found["runtime"], found["scopes"]) == (
        "oidc",
        "host",
        "build,deploy.staging",
    )
    assert found["root_did"] == world.root_did
    assert ran.outcome("staging") == "success"
    assert "VERIFIED" in ran.said("staging")
    assert ran.outcome("production") == "failure"
    assert "scope 'deploy.prod' is not granted" in ran.said("production")
    assert "deployed to staging" in ran.said("deploy")
    assert "keyless, by this job's OIDC token, on host" in ran.summary
    log = ran.log() + ran.stderr + ran.summary
    for secret in (world.issuer.request_token, found["token"]):
        assert secret not in log
    assert {world.issuer.request_token, found["token"]} <= set(ran.masks)
    # the key of the grant was made in the job, and the service knows it by its public half alone
    (row,) = world.ledger(found["agent_did"])
    assert row["scopes"] == ["build", "deploy.staging"]


def test_at_its_end_the_job_shows_what_it_did_and_its_grant_is_over(
    world: World, tmp_path: Path
) -> None:
    ran = world.run()
    token = ran.outputs("auth")["token"]
    assert ran.outcome("report") == "success", told(ran)
    ended = ran.outputs("report")
    assert (ended["grant"], ended["receipts"], ended["untrue"]) == ("revoked", "1", "0")
    assert "has signed 1 receipt" in ran.summary
    assert "| `deploy.staging` |" in ran.summary
    assert token not in ran.log() + ran.stderr + ran.summary
    # the service refuses it at once
    answer = world.service.post("/v1/verify", {"token": token, "scope": "deploy.staging"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:kanoniv:error:revoked")
    (row,) = world.ledger(ran.outputs("auth")["agent_did"])
    assert row["revoked_at"] is not None
    # a verifier elsewhere does when it has fetched the list
    elsewhere = Shell(tmp_path)
    words, root = ("verify", "-s", "build", "-t", "-"), {"KANONIV_ROOT_DID": world.root_did}
    assert elsewhere.kanoniv(*words, stdin=token, **root).status == 0
    sync = ("revocations", "sync", "--endpoint", world.service.url)
    assert elsewhere.kanoniv(*sync, **root).status == 0
    said = elsewhere.kanoniv(*words, stdin=token, **root)
    assert (said.status, "[revoked]" in said.err) == (1, True)


REFUSED: dict[str, dict[str, Any]] = {
    "renamed, and somebody took the old name": {"repository_id": "31337"},
    "pull_request_target": {"event_name": "pull_request_target"},
    "another branch": {"ref": "refs/heads/feature"},
    "a claim is missing": {"ref": None},
    "another owner": {"repository_owner_id": "31337"},
    "over": {"iat": 1000, "nbf": 700, "exp": 1300},
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_run_that_is_not_let_in(world: World, how: str) -> None:
    world.issuer.claims(**REFUSED[how])
    ran = world.run()
    assert ran.results == {"deploy": "failure"}, told(ran)
    assert [title for _, title, _ in ran.annotations] == ["KAN-OIDC-008"]
    assert ran.outputs("auth")["token"] == ""
    assert "KANONIV_TOKEN" not in ran.env()
    assert "**What the OIDC token says**" in summaries(ran)
    assert ("deploy",) not in ran.steps() or ran.outcome("deploy") == "skipped"


def test_without_the_permission(world: World) -> None:
    ran = world.run(permitted=False)
    assert ran.results == {"deploy": "failure"}, told(ran)
    assert [title for _, title, _ in ran.annotations] == ["KAN-OIDC-004"]
    assert "id-token: write # an OIDC token for this job" in summaries(ran)


def test_a_service_with_another_root(world: World) -> None:
    """Whoever sits at the address of the service has a root of its own: the pin in the variables holds."""
    ran = world.run({"KANONIV_ROOT_DID": "did:agent:" + "0" * 32})
    assert ran.results == {"deploy": "failure"}, told(ran)
    assert [title for _, title, _ in ran.annotations] == ["KAN-OIDC-009"]
    assert "KANONIV_TOKEN" not in ran.env()
