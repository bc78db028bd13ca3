"""Keyless mode when all is well: what is sent, what is exported, what later steps may do."""

from __future__ import annotations

import time

import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import ScopeViolation
from kanoniv_auth.core.keys import did, parse_did_key
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import verify
from tests.action.standin import (
    SERVICE_ROOT,
    Heard,
    Reply,
    Scene,
    audience_of,
    exchanges,
    grant,
    tokens,
)


def test_a_token_under_the_services_root(keyless: Scene) -> None:
    minted = keyless.mint(expected_root_did=SERVICE_ROOT.did)
    assert (minted.exit, minted.codes) == (0, [])
    found = minted.outputs
    assert (found["mode"], found["runtime"]) == ("oidc", "host")
    assert (found["root_did"], found["scopes"]) == (SERVICE_ROOT.did, "build,deploy.staging")
    assert 890 <= int(found["expires_in"]) <= 900
    assert minted.env["KANONIV_ROOT_DID"] == SERVICE_ROOT.did
    roots = TrustedRoots(keys=[SERVICE_ROOT.public])

    def may(scope: str) -> str:
        verified = verify(
            found["token"],
            roots=roots,
            audience=None,
            access=Access(scope),
            now=int(time.time()),
            once=None,
            revoked=None,
            cache=None,
        )
        return verified.agent_did

    assert may("deploy.staging") == found["agent_did"]
    with pytest.raises(ScopeViolation):
        may("deploy.prod")


def test_what_is_sent(keyless: Scene) -> None:
    """The audience names the key; the key is proven, and stays here; nothing else travels."""
    minted = keyless.mint()
    (asked,), (sent,) = tokens(keyless.server.heard), exchanges(keyless.server.heard)
    assert asked.path.startswith("/token?api-version=2.0&audience=")
    assert audience_of(asked) == f"{keyless.server.url}:{minted.outputs['agent_did']}"
    assert asked.headers["authorization"].startswith("bearer ")
    body = sent.json
    assert set(body) == {"oidc_token", "public_key", "possession", "scopes", "ttl"}
    assert did(parse_did_key(body["public_key"])) == minted.outputs["agent_did"]
    assert (body["scopes"], body["ttl"]) == (["build", "deploy.staging"], 900)
    assert "authorization" not in sent.headers


def test_an_api_key_goes_in_the_header_alone(keyless: Scene) -> None:
    key = "kas_" + "k" * 43
    minted = keyless.mint(api_key=key)
    asked, sent = keyless.server.heard
    assert sent.headers["authorization"] == f"Bearer {key}"
    assert key not in str(asked.headers) + asked.path + sent.body.decode()
    assert f"::add-mask::{key}" in minted.stdout
    assert key not in "\n".join(minted.lines) + minted.summary


@pytest.mark.parametrize(
    ("given", "wanted"), [("https://public.example:{did}", "https://public.example:"), ("x", "x")]
)
def test_another_audience(keyless: Scene, given: str, wanted: str) -> None:
    minted = keyless.mint(audience=given)
    assert minted.exit == 0
    asked = audience_of(tokens(keyless.server.heard)[0])
    assert asked == wanted + (minted.outputs["agent_did"] if "{did}" in given else "")


def test_each_attempt_takes_a_fresh_token(keyless: Scene) -> None:
    """A token counts once, also when the answer to it was lost."""
    statuses = iter([503, 429, 200])

    def flaky(heard: Heard) -> Reply:
        status = next(statuses)
        return grant(heard) if status == 200 else Reply(status, headers={"Retry-After": "0"})

    keyless.service = flaky
    minted = keyless.mint(max_attempts="3")
    assert minted.exit == 0
    assert [one.path[:6] for one in keyless.server.heard] == ["/token", "/v1/au"] * 3
    sent = [one.json["oidc_token"] for one in exchanges(keyless.server.heard)]
    assert len(set(sent)) == 3
    keys = {one.json["public_key"] for one in exchanges(keyless.server.heard)}
    assert len(keys) == 1
    for token in sent:
        assert f"::add-mask::{token}" in minted.stdout
    assert any("attempt 2/3 in 0.0 s: HTTP 503" in line for line in minted.lines)


def test_a_shorter_grant_is_used_and_said(keyless: Scene) -> None:
    keyless.service = lambda heard: grant(heard, ttl=60, scopes=("build",))
    minted = keyless.mint()
    assert minted.exit == 0
    assert minted.outputs["scopes"] == "build"
    assert int(minted.outputs["expires_in"]) <= 60
    assert any("the expiry was cut to what the service allows" in line for line in minted.lines)
    assert any("::warning" in line and "deploy.staging" in line for line in minted.lines)


def test_the_report_says_how(keyless: Scene) -> None:
    keyless.mint(agent_name="deploy-bot")
    summary = keyless.job.report(post_audit="false").summary
    assert "keyless, by this job's OIDC token, on host" in summary
    assert SERVICE_ROOT.did in summary


def test_export_key_off_leaves_no_key(keyless: Scene) -> None:
    minted = keyless.mint(export_key="false")
    assert (minted.exit, minted.outputs["home"]) == (0, "")
    assert not (keyless.job.session / "home").exists()


def test_later_steps_use_it(keyless: Scene) -> None:
    minted = keyless.mint()
    checked = keyless.job.run(
        "check",
        {"scope": "build", "root_did": SERVICE_ROOT.did, "token": minted.outputs["token"]},
    )
    assert (checked.exit, checked.outputs["agent_did"]) == (0, minted.outputs["agent_did"])
