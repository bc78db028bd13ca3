"""A22: an action that begins with the letters of a granted scope.

`deploy` must cover `deploy.staging` and not `deployment`. The published product accepted the empty action. Whole
segments are compared, and an action outside the grammar is covered by nothing.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, Links, envelope
from tests.advisories.verifier import ACCEPTED, envelope_verdict, verdict

CHAIN = Links().grow(ALICE, scp=["deploy"])

OUTSIDE = [
    "deployment",
    "deployx.staging",
    "deplo",
    "d",
    "",
    ".",
    "..",
    "deploy.",
    ".deploy",
    "deploy..staging",
    "deploy. ",
    " deploy",
    "deploy ",
    "deploy\n",
    "deploy\0",
    "deploy/staging",
    "deploy:staging",
    "deploy-staging",
    "deploy_",
    "deploy%2estaging",
    "deploy.%2e",
    "x.deploy",
    "staging.deploy",
    "*",
    "deploy,release",
    "release",
    "null",
    "None",
]


@pytest.mark.parametrize("action", OUTSIDE, ids=repr)
def test_an_action_that_only_looks_covered(action: str) -> None:
    # an escape of a byte that needs one is a segment like any other
    word = ACCEPTED if action == "deploy.%2e" else "scope"
    assert verdict(CHAIN.sealed(), action) == word
    assert verdict(CHAIN.pop(action), action) == word


@pytest.mark.parametrize(
    "action", ["deploy", "deploy.staging", "deploy.staging.web", "deploy." + "x" * 200]
)
def test_an_action_that_is_covered(action: str) -> None:
    assert verdict(CHAIN.sealed(), action) == ACCEPTED


@pytest.mark.parametrize(
    "action",
    ["deploy..x", "deploy.", "deploy.a b", "deploy." + "x" * 201, "deploy" + ".x" * 16, "deploy.é"],
)
def test_below_a_granted_scope_and_outside_the_grammar(action: str) -> None:
    assert verdict(CHAIN.sealed(), action) == "scope"
    assert (
        envelope_verdict(envelope(CHAIN, act=action if action.isascii() else "deploy.%c3%a9"))
        == "scope"
    )


def test_the_longest_action_there_is() -> None:
    assert verdict(CHAIN.sealed(), "deploy" + ".x" * 15) == ACCEPTED


@pytest.mark.parametrize("action", ["release", "deploy", "deployment.x", ""])
def test_a_receipt_for_an_action_that_was_not_granted(action: str) -> None:
    chain = CHAIN.grow(BOB, scp=["deploy.staging"])
    assert envelope_verdict(envelope(chain, act=action)) == "scope"


@pytest.mark.parametrize("action", [None, 1, b"deploy", ("deploy",)], ids=repr)
def test_an_action_that_is_no_text(action: object) -> None:
    assert verdict(CHAIN.sealed(), action) == "scope"  # type: ignore[arg-type]
