"""What was done to the published Rust verifier of version 1 (kanoniv-agent-auth 0.2.0), as far as a token is concerned.

tests/api/test_version_1_attacks.py asks the published verifier as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.advisories.attacker import ALICE, BOB, MALLORY, ROOT, Key
from tests.advisories.attacks_v1_rust import ATTACKS, CHILD, PARENT, STAGING
from tests.advisories.forge_v1 import (
    EARLIER,
    LATER,
    Link,
    caveats_of,
    link,
    nested,
    signed,
    token,
)
from tests.advisories.verifier import ACCEPTED
from tests.advisories.verifier_v1 import verdict_v1


def whole(links: tuple[Link, ...], holder: Key, action: str) -> str:
    return token(holder, *links, scopes=[action])


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused(name: str) -> None:
    links, holder, action, slug, _ = ATTACKS[name]
    assert verdict_v1(whole(links, holder, action), action) == slug
    # nor when the parents are inside the last link, as the Rust library carries them
    last = nested(*links)
    assert verdict_v1(token(holder, *links[:-1], last, scopes=[action]), action) == slug


def test_b8_a_parent_with_the_same_words_and_another_signature() -> None:
    """The parent hash covers the proof, so a parent that was signed again is another one."""
    again = link(ROOT, ALICE, "deploy", "deploy.staging", until=LATER)
    again = {**again, "proof": signed(ROOT, again["proof"]["payload"], nonce="another")}
    assert verdict_v1(token(BOB, again, CHILD)) == "bad_signature"
    assert verdict_v1(token(BOB, PARENT, CHILD)) == ACCEPTED


def test_b8_no_parent_hash_below_a_parent() -> None:
    """What the published command lines write: the links need not belong together, so they are not taken to."""
    loose = link(ALICE, BOB, "deploy.staging")
    assert verdict_v1(token(BOB, PARENT, loose)) == "bad_signature"
    # and a first link with a parent is not a first link
    assert verdict_v1(token(BOB, link(ROOT, BOB, parent_hash="0" * 64))) == "bad_signature"


@pytest.mark.parametrize(
    "parent",
    [
        CHILD, {**PARENT, "delegate_did": MALLORY.did}, {**PARENT, "parent_proof": PARENT}, {**PARENT, "more": 1},
        "x", [], {}, False,
    ],
)  # fmt: skip
def test_a_nested_parent_that_is_not_the_link_before(parent: object) -> None:
    text = token(BOB, PARENT, {**CHILD, "parent_proof": parent}, scopes=["deploy.staging"])
    assert verdict_v1(text) == "bad_signature"


def test_a_nested_parent_that_is() -> None:
    first = {**PARENT, "parent_proof": None}
    assert verdict_v1(token(BOB, PARENT, {**CHILD, "parent_proof": first})) == ACCEPTED
    assert verdict_v1(token(BOB, {**STAGING, "parent_proof": STAGING})) == "bad_signature"


@pytest.mark.parametrize(
    ("lists", "action", "word"),
    [
        ([["deploy"], ["deploy.staging"]], "deploy.staging", ACCEPTED),
        ([["deploy"], ["deploy.staging"]], "deploy.prod", "scope"),
        ([["deploy.staging"], ["deploy"]], "deploy.prod", "scope"),
        ([["read.all"], ["deploy", "read"]], "deploy", "scope"),
        ([["deploy"], ["release"]], "deploy", "parse"),
    ],
)
def test_scopes_that_are_given_twice_add_up(lists: list[list[str]], action: str, word: str) -> None:
    """The Rust library repeats a parent's caveats before the child's own: all of them hold."""
    rows = [{"type": "action_scope", "value": scopes} for scopes in lists]
    claimed = [lists[-1][0]] if lists == [["deploy"], ["deploy.staging"]] else [lists[0][0]]
    assert verdict_v1(token(BOB, link(ROOT, BOB, caveats=rows), scopes=claimed), action) == word


@pytest.mark.parametrize("order", [1, -1])
def test_the_earliest_of_two_expiries_counts(order: int) -> None:
    rows = [*caveats_of(["deploy.staging"], LATER), *caveats_of(None, EARLIER)][::order]
    assert verdict_v1(token(BOB, link(ROOT, BOB, caveats=rows), expires_at=None)) == "expired"


@pytest.mark.parametrize(
    "until",
    [
        "", "never", "2099", "2099-01-01", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00.0000Z",
        "2099-01-01t00:00:00.000z",
        "2099-01-01 00:00:00.000Z", "2099-01-01T00:00:00.000+00:00", "2099-13-01T00:00:00.000Z",
        "2099-02-29T00:00:00.000Z", "2099-00-10T00:00:00.000Z", "2099-01-00T00:00:00.000Z", "2099-01-01T24:00:00.000Z",
        "2099-01-01T00:60:00.000Z", "2099-01-01T00:00:60.000Z", "+099-01-01T00:00:00.000Z", "2O99-01-01T00:00:00.000Z",
        "2099-01-01T00:00:+1.000Z", "2099-01-01T00:00: 1.000Z", "1969-12-31T23:59:59.999Z",
        "2099-01-01T00:00:00.000Z ", "\u0662099-01-01T00:00:00.000Z", 4070908800, None, ["2099-01-01T00:00:00.000Z"],
    ],
)  # fmt: skip
def test_b12_an_expiry_has_one_spelling(until: Any) -> None:
    rows = [*caveats_of(["deploy.staging"], None), {"type": "expires_at", "value": until}]
    text = token(BOB, link(ROOT, BOB, caveats=rows), scopes=["deploy.staging"])
    assert verdict_v1(text) == "parse"
