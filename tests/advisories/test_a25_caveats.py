"""A25: a caveat that the verifier does not know, cannot check, or finds fulfilled by something else.

The issuer wrote "only up to 5 USD", "only below docs/"; the published product ignored every caveat it did not know,
and its Rust side dropped all of them when one was unknown (its PoC A11b, B7, B16d). Here a caveat that is not known
to hold does not hold, on any link of the chain.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, NOW, Links, envelope
from tests.advisories.verifier import ACCEPTED, envelope_verdict, proven, verdict

UNKNOWN: list[list[object]] = [
    ["max_uses", 1],
    ["999"],
    ["expires", 1],
    ["Audience", "x"],
    ["audience2", "x"],
    ["max-cost", "USD", 5],
    ["not_after", 1],
    ["geo", "DE", "AT", "CH"],
    ["x", 1, 2, 3],
]


def chain_with(caveat: object, place: str) -> Links:
    """The caveat on the link of the root, or on the one below."""
    if place == "parent":
        return Links().grow(ALICE, cav=[caveat]).grow(BOB, scp=["deploy.staging"])
    return Links().grow(ALICE).grow(BOB, scp=["deploy.staging"], cav=[caveat])


@pytest.mark.parametrize("place", ["parent", "leaf"])
@pytest.mark.parametrize("caveat", UNKNOWN, ids=repr)
def test_an_unknown_caveat_never_holds(caveat: list[object], place: str) -> None:
    chain = chain_with(caveat, place)
    assert verdict(chain.sealed()) == "unknown_caveat"
    assert envelope_verdict(envelope(chain)) == "unknown_caveat"
    assert proven(chain.sealed()) == ACCEPTED  # whose token it is can still be said


MALFORMED: list[object] = [
    [],
    "audience",
    {"audience": "x"},
    1,
    None,
    True,
    [[]],
    [1],
    [None],
    ["audience"],
    ["audience", 1],
    ["audience", ""],
    ["audience", "x", "y"],
    ["audience", ["x"]],
    ["audience", None],
    ["audience", True],
    ["context", "a"],
    ["context", "a", 1],
    ["max_depth"],
    ["max_depth", "1"],
    ["max_depth", -1],
    ["max_depth", True],
    ["not_before", "1"],
    ["max_cost", "USD"],
    ["max_cost", 5, "USD"],
    ["max_cost", "USD", -5],
    ["max_cost", "USD", "5"],
    ["", 1],
    ["max_uses", -1],
    ["max_uses", None],
    ["max_uses", 2**53 + 1],
    ["max_uses", {"a": 1}],
    ["context", "a", "b\n"],
    ["context", "é", "b"],
    ["resource"],
    ["resource", ""],
    ["resource", "/"],
    ["resource", "/etc"],
    ["resource", "a//b"],
    ["resource", "a/"],
    ["resource", "a/../b"],
    ["resource", "."],
    ["resource", ".."],
    ["resource", "a/*/b"],
    ["resource", "a*"],
    ["resource", "*/a"],
    ["resource", "**"],
    ["resource", "a/**"],
    ["resource", "../*"],
    ["resource", "/*"],
]


@pytest.mark.parametrize("caveat", MALFORMED, ids=repr)
def test_a_caveat_of_another_shape_is_malformed(caveat: object) -> None:
    assert verdict(chain_with(caveat, "leaf").sealed()) == "parse"


@pytest.mark.parametrize(
    "caveats",
    [{}, "", 0, True, [["x", n] for n in range(65)], [["max_depth", 2], ["max_depth", 1]]],
)
def test_a_list_of_caveats_of_another_shape_is_malformed(caveats: object) -> None:
    assert verdict(Links().grow(ALICE, cav=caveats).sealed()) == "parse"


@pytest.mark.parametrize("place", ["parent", "leaf"])
@pytest.mark.parametrize(
    ("context", "word"),
    [
        ({"env": "ci"}, ACCEPTED),
        ({"env": "CI"}, "caveat"),
        ({"env": "ci "}, "caveat"),
        ({"env": ""}, "caveat"),
        ({"ENV": "ci"}, "caveat"),
        ({}, "caveat"),
        (None, "caveat"),
        ({"ci": "env"}, "caveat"),
    ],
    ids=repr,
)
def test_a_context(context: dict[str, str] | None, word: str, place: str) -> None:
    assert verdict(chain_with(["context", "env", "ci"], place).sealed(), context=context) == word


@pytest.mark.parametrize("place", ["parent", "leaf"])
@pytest.mark.parametrize(
    ("cost", "word"),
    [
        (("USD", 0), ACCEPTED),
        (("USD", 500), ACCEPTED),
        (("USD", 501), "caveat"),
        (("USD", -1), "caveat"),
        (("EUR", 1), "caveat"),
        (("usd", 1), "caveat"),
        (None, "caveat"),
        (("USD", True), "caveat"),
        (("USD", 1.5), "caveat"),
        (("USD", "1"), "caveat"),
        (("USD", float("nan")), "caveat"),
    ],
    ids=repr,
)
def test_a_cost(cost: tuple[str, int] | None, word: str, place: str) -> None:
    assert verdict(chain_with(["max_cost", "USD", 500], place).sealed(), cost=cost) == word


RESOURCES = [
    ("docs/api/*", "docs/api/v1", ACCEPTED),
    ("docs/api/*", "docs/api/v1/x", ACCEPTED),
    ("docs/api/*", "docs/api", "caveat"),
    ("docs/api/*", "docs/api/", "caveat"),
    ("docs/api/*", "docs/apis/v1", "caveat"),
    ("docs/api/*", "docs", "caveat"),
    ("docs/api/*", "docs/api/../../etc/passwd", "caveat"),
    ("docs/api/*", "docs/api/./x", "caveat"),
    ("docs/api/*", "docs/api//x", "caveat"),
    ("docs/api/*", "/docs/api/x", "caveat"),
    ("docs/api/*", None, "caveat"),
    ("docs/api/*", "", "caveat"),
    ("docs/api", "docs/api", ACCEPTED),
    ("docs/api", "docs/api/v1", "caveat"),
    ("docs/api", "docs/API", "caveat"),
    ("*", "anything", ACCEPTED),
    ("*", "any/thing", ACCEPTED),
    ("*", None, "caveat"),
    ("*", "", "caveat"),
    ("*", "..", "caveat"),
    ("*", "a/..", "caveat"),
]


@pytest.mark.parametrize(("pattern", "resource", "word"), RESOURCES)
@pytest.mark.parametrize("place", ["parent", "leaf"])
def test_a_resource(pattern: str, resource: str | None, word: str, place: str) -> None:
    assert verdict(chain_with(["resource", pattern], place).sealed(), resource=resource) == word


def test_a_time_before_which_it_does_not_count() -> None:
    chain = Links().grow(ALICE, cav=[["not_before", NOW + 60]])
    assert verdict(chain.sealed(), now=NOW + 59) == "not_yet_valid"
    assert verdict(chain.sealed(), now=NOW + 60) == ACCEPTED
    assert envelope_verdict(envelope(chain, iat=NOW + 59)) == "not_yet_valid"
    assert envelope_verdict(envelope(chain, iat=NOW + 60)) == ACCEPTED


def test_all_caveats_of_all_links_must_hold() -> None:
    chain = (
        Links()
        .grow(ALICE, cav=[["context", "a", "1"]])
        .grow(BOB, scp=["deploy.staging"], cav=[["context", "b", "2"]])
    )
    assert verdict(chain.sealed(), context={"a": "1", "b": "2"}) == ACCEPTED
    assert verdict(chain.sealed(), context={"a": "1"}) == "caveat"
    assert verdict(chain.sealed(), context={"b": "2"}) == "caveat"


def test_a_child_cannot_replace_its_parents_caveat() -> None:
    chain = (
        Links()
        .grow(ALICE, cav=[["context", "a", "1"]])
        .grow(BOB, scp=["deploy.staging"], cav=[["context", "a", "2"]])
    )
    assert verdict(chain.sealed(), context={"a": "1"}) == "caveat"
    assert verdict(chain.sealed(), context={"a": "2"}) == "caveat"


FACTS = [
    (["context", "env", "ci"], {"env": "ci"}, ACCEPTED),
    (["context", "env", "ci"], {"env": "x"}, "caveat"),
    (["context", "env", "ci"], None, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD 500"}, ACCEPTED),
    (["max_cost", "USD", 500], {"cost": "USD 501"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD -1"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD 007"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD  7"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD +7"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD 7 "}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD 7 EUR"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD 1e1"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "usd 7"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": " USD 7"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "EUR 1"}, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD %d9%a1"}, "caveat"),
    (["max_cost", "USD", 500], None, "caveat"),
    (["max_cost", "USD", 500], {"cost": "USD " + "0" * 5000 + "1"}, "caveat"),
    (["resource", "a/*"], {"resource": "a/b"}, ACCEPTED),
    (["resource", "a/*"], {"resource": "b"}, "caveat"),
    (["audience", "shop"], {"audience": "shop"}, ACCEPTED),
    (["audience", "shop"], {"audience": "bank"}, "caveat"),
    (["audience", "shop"], None, "caveat"),
]


@pytest.mark.parametrize(("caveat", "facts", "word"), FACTS)
def test_a_receipt_is_held_to_the_facts_that_were_signed(
    caveat: object, facts: object, word: str
) -> None:
    assert envelope_verdict(envelope(chain_with(caveat, "parent"), fct=facts)) == word
