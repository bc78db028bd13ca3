"""The keyless page shows the workflow that is run in a runner (tests/e2e/test_keyless.py), and a policy that is one."""

from __future__ import annotations

from kanoniv_auth.cloud.policy_file import read as read_policy
from tests.support.checkout import ROOT
from tests.support.markdown import read

PAGE = ROOT / "docs" / "how-to" / "keyless.md"
YAML = [
    block.text
    for block in read(PAGE.read_text(encoding="utf-8")).blocks
    if block.language == "yaml"
]


def test_the_workflow_is_the_example() -> None:
    assert YAML[1] == (ROOT / "examples" / "keyless.yml").read_text(encoding="utf-8")


def test_the_policy_lets_the_workflow_in() -> None:
    policy = read_policy(YAML[0].encode(), file="staging.yaml", name="staging")
    assert policy.scopes == ("build", "deploy.staging")
    assert policy.events == {"push"}
    assert policy.max_ttl >= 15 * 60
