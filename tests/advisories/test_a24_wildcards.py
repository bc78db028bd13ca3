"""A24: a scope list that means everything.

`*`, an empty list, text where a list belongs, or so many scopes that nobody reads them. The published product took
text apart into letters and issued each as a scope (its PoC A12s). There are no wildcards, and an empty list is
malformed.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.scopes import parse_scopes
from tests.advisories.attacker import ALICE, NOW, ROOT, Links
from tests.advisories.verifier import ACCEPTED, verdict

EVERYTHING: list[object] = [
    [], None, "deploy", "", {"deploy": 1}, 1, True, [[]], [""], ["*"], ["deploy.*"], ["deploy", ""], ["."], ["**"],
    ["deploy", "*"], [None], [1], [["deploy"]], ["deploy", 1], [True], [{"a": "b"}], ["deploy."], [".deploy"],
    ["a..b"], ["deploy", "deploy"], ["release", "deploy"], [f"s{n:02}" for n in range(65)], ["x" * 201],
    [".".join("a" * 17)],
]  # fmt: skip


@pytest.mark.parametrize("scopes", EVERYTHING, ids=lambda scopes: repr(scopes)[:40])
def test_a_scope_list_outside_the_grammar(scopes: object) -> None:
    assert verdict(Links().grow(ALICE, scp=scopes).sealed()) == "parse"


@pytest.mark.parametrize(
    "scopes",
    [[f"s{n:02}" for n in range(64)], ["x" * 200], [".".join("a" * 16)]],
    ids=["64", "200", "16"],
)
def test_the_largest_that_is_allowed(scopes: list[str]) -> None:
    assert verdict(Links().grow(ALICE, scp=scopes).sealed(), scopes[0]) == ACCEPTED


@pytest.mark.parametrize("action", ["*", "deploy.*", "", "deploy"])
def test_a_star_asked_for_is_an_action_like_no_other(action: str) -> None:
    assert verdict(Links().grow(ALICE, scp=["release"]).sealed(), action) == "scope"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        ",",
        "*",
        "deploy.*",
        "deploy,,*",
        ",".join(f"s{n}" for n in range(65)),
        [],
        [""],
        ["*"],
    ],
)
def test_what_a_person_types_is_checked_before_it_is_signed(typed: str | list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scopes(typed)
    assert caught.value.slug == "usage"


def test_text_is_never_a_list_of_letters() -> None:
    assert parse_scopes("deploy") == ("deploy",)


def test_our_issuer_signs_no_empty_list() -> None:
    with pytest.raises(AuthError) as caught:
        issue(
            KeyPair.from_seed(ROOT.seed),
            ALICE.public,
            parent=None,
            scopes=(),
            now=NOW,
            ttl=60,
            entropy=bytes(16),
        )
    assert caught.value.slug == "parse"
