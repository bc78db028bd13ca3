"""A root key and scopes: a token that verifies, its outputs, its variables, its home, its summary."""

from __future__ import annotations

import json
import re
import stat
import time

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import verify
from tests.action.step import ROOT_DID, Job


def test_good(job: Job) -> None:
    minted = job.mint(ttl="15m", agent_name="deploy-bot")
    assert minted.exit == 0
    assert minted.stderr == ""
    assert minted.lines == [
        f"kanoniv-auth: minted {minted.outputs['token_fingerprint']} for {minted.outputs['agent_did']}"
    ]
    token = minted.outputs["token"]
    verified = verify(
        token,
        roots=TrustedRoots(dids=[ROOT_DID]),
        audience=None,
        access=Access("deploy.staging.eu"),
        now=int(time.time()),
        once=None,
        revoked=None,
        cache=None,
    )
    links = verified.chain.links
    assert (len(links), links[0].name, links[0].scopes) == (
        1,
        "deploy-bot",
        ("build", "deploy.staging"),
    )
    assert minted.outputs == {
        "token": token,
        "agent_did": verified.agent_did,
        "root_did": ROOT_DID,
        "scopes": "build,deploy.staging",
        "expires_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(verified.expires_at)),
        "expires_in": "900",
        "chain_depth": "1",
        "token_fingerprint": minted.outputs["token_fingerprint"],
        "token_file": str(job.session / "token"),
        "home": str(job.session / "home"),
        "cli_version": minted.outputs["cli_version"],
        "runtime": "host",
        "mode": "root_key",
        "skipped": "false",
        "skip_reason": "",
        "report_sha256": minted.outputs["report_sha256"],
    }
    assert re.fullmatch("[0-9a-f]{16}", minted.outputs["token_fingerprint"])
    assert minted.env == {
        "KANONIV_TOKEN": token,
        "KANONIV_ROOT_DID": ROOT_DID,
        "KANONIV_HOME": str(job.session / "home"),
    }
    assert (job.session / "token").read_text() == token


def test_the_home_is_private_and_holds_the_agents_key_alone(job: Job) -> None:
    minted = job.mint()
    digits = minted.outputs["agent_did"].rpartition(":")[2]
    home = job.session / "home"
    found = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    tokens = [name for name in found if name.endswith(".token")]
    assert found == sorted(
        [f"keys/{digits}.key", "tokens/latest", "trusted_roots/root.pub", *tokens]
    )
    for path in job.session.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_report_shows_it(job: Job) -> None:
    minted = job.mint(agent_name="deploy-bot")
    shown = job.report()
    assert (shown.exit, shown.stdout, shown.outputs) == (0, "", {})
    for text in (
        "`deploy-bot` may act until <relative-time datetime=",
        f"| Agent | `{minted.outputs['agent_did']}` |",
        "| Depth | 1 of at most 16 |",
        "| Mode | root key, on host |",
        f"| Token fingerprint | `{minted.outputs['token_fingerprint']}` |",
        "| `deploy.staging` |",
        "```mermaid\ngraph LR\n",
        "└─ deploy-bot did:agent:",
        "[run 42.1](https://github.com/Codertocat/Hello-World/actions/runs/42)",
    ):
        assert text in shown.summary
    assert minted.outputs["token"] not in shown.summary


def test_without_a_session_directory_it_makes_its_own(job: Job) -> None:
    del job.environ["KANONIV_SESSION"]
    minted = job.mint()
    assert re.fullmatch(
        re.escape(job.environ["RUNNER_TEMP"]) + r"/kanoniv-[^/]+/home", minted.outputs["home"]
    )


def test_never_must_be_said_and_then_holds(job: Job) -> None:
    minted = job.mint(ttl="never")
    assert (minted.outputs["expires_at"], minted.outputs["expires_in"]) == ("", "")
    assert json.loads((job.session / "report.json").read_text())["expires_at"] is None
    assert "no expiry" in job.report().summary
