"""debug_claims shows what the token says, from a list of names, and never the token; a dry run sends it nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from kanoniv_auth.core.errors import PolicyRefused
from kanoniv_auth.core.policy_reading import read_policy
from kanoniv_auth.core.trust_policy import decide
from tests.action.standin import Heard, Reply, Scene, audience_of, exchanges, token_for, tokens
from tests.support.issuer import github_claims


def saying(**claims: Any) -> Any:
    def endpoint(heard: Heard) -> Reply:
        token = token_for(audience_of(heard), **claims)
        return Reply(body=json.dumps({"value": token}).encode())

    return endpoint


def test_beside_a_grant(keyless: Scene) -> None:
    minted = keyless.mint(debug_claims="true")
    assert minted.exit == 0
    assert "**What the OIDC token says**" in minted.summary
    assert "| `event_name` | push |" in minted.summary
    assert "kanoniv-auth: claim ref: refs/heads/main" in minted.lines
    for secret in keyless.secrets():
        assert secret not in minted.summary + "\n".join(minted.lines)


def test_not_unless_asked(keyless: Scene) -> None:
    minted = keyless.mint()
    assert minted.summary == ""
    assert not [line for line in minted.lines if "claim" in line]


def test_a_dry_run_shows_them_and_sends_the_token_nowhere(keyless: Scene) -> None:
    planned = keyless.mint(dry_run="true", debug_claims="true")
    assert (planned.exit, planned.outputs["skip_reason"], planned.env) == (0, "dry_run", {})
    assert "| `repository_id` | 123456 |" in planned.summary
    assert len(tokens(keyless.server.heard)) == 1
    assert exchanges(keyless.server.heard) == []


def test_a_dry_run_alone_asks_nobody(keyless: Scene) -> None:
    assert keyless.mint(dry_run="true").outputs["mode"] == "oidc"
    assert keyless.server.heard == []


def test_only_names_of_the_list(keyless: Scene) -> None:
    keyless.endpoint = saying(secret_claim="not for logs", repo_property_x="nor this")
    minted = keyless.mint(debug_claims="true")
    said = minted.summary + "\n".join(minted.lines)
    for hidden in ("secret_claim", "not for logs", "nor this", "octocat", "jti"):
        assert hidden not in said


@pytest.mark.parametrize(
    "value",
    [
        "a\n::error::x",
        "<b>x</b> @octocat",
        "x | y\n```\n# z",
        "\x1b[31m",
        "\ud800",
        7,
        ["x"],
        {"a": 1},
    ],
)
def test_a_claims_value_is_text(keyless: Scene, value: object) -> None:
    keyless.endpoint = saying(environment=value, head_ref=value)
    minted = keyless.mint(debug_claims="true")
    assert minted.exit == 0
    assert not [line for line in minted.lines if line.startswith("::error")]
    # in a fenced block nothing is markup but its end
    head, _, fenced = minted.summary.partition("\n```yaml\n")
    assert fenced.count("\n```") == (1 if fenced else 0)
    for markup in ("<b>", "@octocat", "\n# z", "\x1b"):
        assert markup not in head + fenced.partition("\n```")[2]
    assert "\x1b" not in minted.stdout


def policy_in(summary: str) -> Any:
    return yaml.safe_load(summary.partition("```yaml\n")[2].partition("\n```")[0])


@pytest.mark.parametrize(
    ("claims", "conditions"),
    [
        ({}, {"job_workflow_ref", "ref"}),
        ({"environment": 'prod "blue" # 1: ü'}, {"environment", "job_workflow_ref", "ref"}),
        (
            {
                "event_name": "pull_request",
                "ref": "refs/pull/7/merge",
                "base_ref": "main",
                "job_workflow_ref": "octo-org/app/.github/workflows/x.yml@refs/pull/7/merge",
            },
            {"base_ref"},
        ),
    ],
)
def test_the_policy_lets_this_job_in_and_others_not(
    keyless: Scene, claims: dict[str, Any], conditions: set[str]
) -> None:
    keyless.endpoint = saying(**claims)
    found = policy_in(keyless.mint(debug_claims="true", ttl="1h30m5s").summary)
    policy = read_policy("job", found)
    assert set(found["conditions"]) == conditions
    assert found["audience"] == keyless.server.url
    audience = audience_of(tokens(keyless.server.heard)[0])
    issuer = "https://token.actions.githubusercontent.com"
    here = github_claims(issuer, audience, 0, **claims)
    assert decide([policy], here, ["build", "deploy.staging"], 5405).policy == "job"
    for change in ({"repository_id": "1"}, {"event_name": "schedule"}):
        with pytest.raises(PolicyRefused):
            decide([policy], {**here, **change}, ["build"], 60)
    for scopes, ttl in ((["admin"], 60), (["build"], 5406)):
        with pytest.raises(PolicyRefused):
            decide([policy], here, scopes, ttl)


def test_no_policy_from_a_token_that_is_not_githubs(keyless: Scene) -> None:
    keyless.endpoint = saying(repository_id=None)
    minted = keyless.mint(debug_claims="true")
    assert "```yaml" not in minted.summary
    assert "| `repository` |" in minted.summary
