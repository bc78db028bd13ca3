"""What every run of the self-test must look like, whatever the runtime and the user."""

from __future__ import annotations

import re
import time

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import fingerprint
from kanoniv_auth.core.verification import verify
from tests.e2e.selftest import ROOT, SEED, spellings
from tests.support.github_process import GitHubProcess
from tests.support.workflow_run import Run

STEPS = ("0", "auth", "outputs", "staging", "production", "delegate", "exec", "verify", "refused")
DID = re.compile(r"did:agent:[0-9a-f]{32}")


def told(ran: Run) -> str:
    """For the message of a failed assertion."""
    return f"{ran.log()}\n{ran.stderr}"


def steps(ran: Run) -> None:
    """The job succeeded, and so did each step on its own."""
    assert ran.results == {"e2e": "success"}, told(ran)
    assert {step: ran.outcome(step) for step in STEPS} == dict.fromkeys(STEPS, "success")


def held_to_it(ran: Run) -> None:
    """Later steps were allowed and refused for the right reasons, and a refused command never started."""
    assert "VERIFIED" in ran.said("staging")
    assert "scope 'deploy.prod' is not granted" in ran.said("production")
    assert "deployed to staging" in ran.said("exec")
    assert "SIGNED" in ran.said("exec")
    assert "DENIED" in ran.said("exec")
    assert "deployed to build" not in ran.said("exec")
    assert "VALID" in ran.said("exec")
    assert ran.outcome("verify_production") == "failure"
    assert "deploy.prod" in ran.log("verify_production")


def outputs(ran: Run, runtime: str) -> None:
    """The outputs, and the token among them, which the verifier accepts for exactly what was asked."""
    found = ran.outputs("auth")
    token, now = found["token"], int(time.time())
    assert DID.fullmatch(found["agent_did"])
    assert found["root_did"] == ROOT.did
    assert found["scopes"] == "build,deploy.staging"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["expires_at"])
    assert found["expires_in"] == "900"
    assert found["chain_depth"] == "1"
    assert found["token_fingerprint"] == fingerprint(token)
    assert found["runtime"] == runtime
    assert found["mode"] == "root_key"
    assert found["skipped"] == "false"
    assert found["comment_url"].startswith("https://github.com/Codertocat/Hello-World/")
    assert found["cli_version"]
    verified = verify(
        token,
        roots=TrustedRoots(keys=[ROOT.public]),
        audience=None,
        access=Access("deploy.staging"),
        now=now,
        once=None,
        revoked=None,
        cache=None,
    )
    assert verified.agent_did == found["agent_did"]
    assert ran.env()["KANONIV_TOKEN"] == token
    assert ran.env()["KANONIV_ROOT_DID"] == ROOT.did
    assert ran.env()["KANONIV_HOME"] == found["home"]


def shown(ran: Run, github: GitHubProcess) -> None:
    """Summary and comment say who may do what, and one comment is all there is."""
    found = ran.outputs("auth")
    comments = github.comments()
    assert [(c["login"], c["repository"], c["issue"]) for c in comments] == [
        ("github-actions[bot]", "Codertocat/Hello-World", 2)
    ]
    body = comments[0]["body"]
    assert body.startswith("<!-- kanoniv-auth:v1 key=")
    assert f"#issuecomment-{comments[0]['id']}" in found["comment_url"]
    for text in (body, ran.summary):
        assert "```mermaid\ngraph LR" in text
        assert "| `deploy.staging` |" in text
        assert "| `build` |" in text
        assert found["agent_did"] in text
        assert ROOT.did in text
        assert "selftest" in text
        assert found["token_fingerprint"] in text
        assert found["token"] not in text
        assert found["token"].removeprefix("kd2.")[:40] not in text


def talked(github: GitHubProcess) -> None:
    """The log of the stand-in: looked for an own comment, wrote one, with the token in the header and nowhere else."""
    assert github.violations() == []
    assert github.calls() == [
        "GET issues/list-comments 200",
        "POST issues/create-comment 201",
        "GET issues/list-comments 200",  # did another run write at the same time?
    ]
    for request in github.requests():
        assert request["login"] == "github-actions[bot]"
        assert github.token not in str(request["path"]) + str(request["query"]) + str(
            request["body"]
        )


def silent(ran: Run, github: GitHubProcess, agent_key: str = "") -> None:
    """No secret in any line a person could read; act's own `arg` fields, where we get values from, are no log.

    A step "before", where there is one, has printed the root key on purpose.
    """
    log = ran.log(but="before") + ran.stderr
    hidden = [*spellings(SEED), ran.outputs("auth")["token"], github.token, agent_key]
    assert [text for text in hidden if text and text in log] == []


def masked(ran: Run, github: GitHubProcess, agent_key: str) -> None:
    """What a step prints on purpose shows before the mint and not after it: hidden by our masks and no others."""
    steps(ran)
    assert ROOT.secret_text() in ran.said("before")
    assert ran.outcome("parrot") == "success"
    assert "root key: ***" in ran.said("parrot")
    assert "token: *** and ***" in ran.said("parrot")
    silent(ran, github, agent_key)
    assert {*spellings(SEED), ran.outputs("auth")["token"], agent_key} <= set(ran.masks)
