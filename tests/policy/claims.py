"""What GitHub says of a run, and policies that trust it or not; by hand, from GitHub's documentation."""

from __future__ import annotations

from typing import Any

from kanoniv_auth.core.errors import PolicyRefused
from kanoniv_auth.core.policy_reading import read_policy
from kanoniv_auth.core.trust_policy import Policy, Row, decide

ISSUER = "https://token.actions.githubusercontent.com"
SHA = "0123456789abcdef0123456789abcdef01234567"
SHARED = "octo-org/shared/.github/workflows/deploy.yml"


def token(**changes: Any) -> dict[str, Any]:
    """The claims of a push to main, in environment staging; a change of None leaves one out."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "https://auth.example",
        "sub": "repo:octo-org/shop:environment:staging",
        "jti": "a1b2",
        "iat": 1_800_000_000,
        "nbf": 1_799_999_700,
        "exp": 1_800_000_300,
        "actor": "octocat",
        "actor_id": "1",
        "base_ref": "",
        "head_ref": "",
        "environment": "staging",
        "event_name": "push",
        "job_workflow_ref": f"{SHARED}@{SHA}",
        "ref": "refs/heads/main",
        "ref_protected": "true",
        "ref_type": "branch",
        "repository": "octo-org/shop",
        "repository_id": "123456",
        "repository_owner": "octo-org",
        "repository_owner_id": "789",
        "repository_visibility": "private",
        "runner_environment": "github-hosted",
        "sha": SHA,
        "workflow": "deploy",
        "workflow_ref": "octo-org/shop/.github/workflows/deploy.yml@refs/heads/main",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def fields(**changes: Any) -> dict[str, Any]:
    """What a policy's file says; a change of None leaves a key out."""
    found: dict[str, Any] = {
        "issuer": ISSUER,
        "repository_id": "123456",
        "repository_owner_id": "789",
        "conditions": {"ref": {"exact": "refs/heads/main"}},
        "scopes": ["deploy.staging"],
        "max_ttl": "1h",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def policy(name: str = "deploy", **changes: Any) -> Policy:
    return read_policy(name, fields(**changes))


def on(**conditions: Any) -> Policy:
    """A policy with these conditions; a text is an exact one."""
    return policy(
        conditions={
            claim: {"exact": wanted} if isinstance(wanted, str) else wanted
            for claim, wanted in conditions.items()
        }
    )


def failed(
    policies: Policy | list[Policy],
    claims: dict[str, Any],
    scopes: str = "deploy.staging",
    ttl: int = 600,
) -> list[tuple[str, str]]:
    """Claims that did not fit, and why; empty when it was allowed. A refusal without a reason fails the test."""
    several = policies if isinstance(policies, list) else [policies]
    refusal = None
    try:
        decide(several, claims, scopes.split(","), ttl)
    except PolicyRefused as error:
        refusal = error
    if refusal is None:
        return []
    assert str(refusal)
    rows = refusal.facts["rows"]
    assert isinstance(rows, tuple)
    assert all(isinstance(row, Row) for row in rows)
    found = [(row.claim, row.why) for row in rows if not row.holds]
    assert found
    return found
