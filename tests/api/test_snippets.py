"""The product's published Python snippets, run as they are printed: no root is loaded, `parent=` is understood."""

from __future__ import annotations

import pytest

import kanoniv_auth
from kanoniv_auth.api import roots
from tests.support import snippet as snippets

QUICK_START = """
from kanoniv_auth import delegate, verify, sign
# Issue a delegation token
token = delegate(scopes=["deploy.staging", "build"], ttl="4h")
# Verify before acting
verify(action="deploy.staging", token=token) # passes
verify(action="deploy.prod", token=token) # raises ScopeViolation
# Sign an execution envelope (provable audit)
envelope = sign(action="deploy.staging", token=token, result="success")
"""
CHAIN = """
from kanoniv_auth import delegate, verify
# Root delegates to coordinator
root_token = delegate(scopes=["deploy", "build", "test"], ttl="8h")
# Coordinator sub-delegates to deploy agent (narrower scopes)
deploy_token = delegate(
scopes=["deploy.staging"], # narrowed from "deploy"
ttl="2h", # shorter TTL
parent=root_token, # chain link
)
# Deploy agent cannot exceed its authority
verify(action="deploy.staging", token=deploy_token) # passes
verify(action="deploy.prod", token=deploy_token) # raises ScopeViolation
verify(action="build", token=deploy_token) # raises ScopeViolation
"""
AGENT = """
from kanoniv_auth import register_agent, delegate
# Agent gets a persistent DID that survives across sessions
agent = register_agent("deploy-bot")
print(agent.did) # did:agent:a3f9c2b1e4d8...
# Delegate to the named agent
token = delegate(scopes=["deploy.staging"], ttl="4h", name="deploy-bot")
# Next session, same DID
agent2 = register_agent("deploy-bot") # returns existing identity
"""


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The root key lies in the home; this process has not loaded it."""
    kanoniv_auth.init_root()
    monkeypatch.setattr(roots._memory, "root", None)


def run(snippet: str) -> dict[str, object]:
    names: dict[str, object] = {}
    assert snippets.run(snippet, names) >= 3
    return names


def test_quick_start(root: None) -> None:
    assert str(run(QUICK_START)["envelope"]).startswith("kde2.")


def test_sub_delegation(root: None) -> None:
    run(CHAIN)


def test_named_agent(root: None, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(AGENT)
    assert names["agent"] == names["agent2"]
    did = capsys.readouterr().out.strip()
    assert did.startswith("did:agent:")
    assert kanoniv_auth.verify("deploy.staging")["agent_did"] == did
    assert kanoniv_auth.resolve_name("deploy-bot") == did
    assert [row["name"] for row in kanoniv_auth.list_agents()] == ["deploy-bot"]
    assert kanoniv_auth.get_agent("deploy-bot") == names["agent"]
    assert kanoniv_auth.get_agent("nobody") is None
