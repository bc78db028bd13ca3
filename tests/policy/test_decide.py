"""What is granted, what is refused, and that every condition is explained."""

from __future__ import annotations

import copy
import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.claim_matching import MAX_WANTED, Matcher
from kanoniv_auth.core.errors import PolicyInvalid, PolicyRefused, UsageError
from kanoniv_auth.core.policy_reading import read_policy
from kanoniv_auth.core.trust_policy import Policy, decide, explain
from tests.policy.claims import ISSUER, failed, fields, on, policy, token


@pytest.mark.parametrize(
    ("scopes", "wrong"),
    [
        ("deploy.staging", []),
        ("deploy.staging.web", []),
        ("deploy.staging.web,deploy.staging", []),
        ("deploy", ["scopes"]),
        ("deploy.stagingx", ["scopes"]),
        ("deploy.prod", ["scopes"]),
        ("deploy.staging,build", ["scopes"]),
    ],
)
def test_scopes_are_within_the_most_it_gives_or_refused(scopes: str, wrong: list[str]) -> None:
    assert [claim for claim, _ in failed(policy(), token(), scopes)] == wrong


@pytest.mark.parametrize(("ttl", "wrong"), [(1, []), (3600, []), (3601, ["ttl"]), (10**8, ["ttl"])])
def test_a_time_is_within_the_longest_or_refused(ttl: int, wrong: list[str]) -> None:
    assert [claim for claim, _ in failed(policy(), token(), ttl=ttl)] == wrong


def test_nothing_is_clamped() -> None:
    found = decide([policy(scopes=["deploy"], max_ttl="4h")], token(), ["deploy.staging.web"], 61)
    assert (found.scopes, found.ttl) == (("deploy.staging.web",), 61)


@pytest.mark.parametrize("scopes", [[], ["*"], ["deploy.*"], [""], ["a b"], [1], ["é"]])
def test_scopes_outside_the_grammar(scopes: Any) -> None:
    with pytest.raises(UsageError):
        decide([policy()], token(), scopes, 60)


@pytest.mark.parametrize("ttl", [0, -1, 1.5, "1h", None, True, float("nan"), 10**12])
def test_a_time_that_is_none(ttl: Any) -> None:
    with pytest.raises((UsageError, TypeError)):
        decide([policy()], token(), ["deploy.staging"], ttl)


def test_no_policy_allows_nothing() -> None:
    with pytest.raises(PolicyRefused, match="there is no policy"):
        decide([], token(), ["deploy.staging"], 60)


def test_the_first_by_name_that_gives_all_of_it() -> None:
    small, large = policy("a-small"), policy("b-large", scopes=["deploy"], max_ttl="4h")
    same = policy("c-same", scopes=["deploy"], max_ttl="4h")
    closed = policy("0-closed", conditions={"ref": {"exact": "refs/heads/x"}}, scopes=["deploy"])
    several = [same, large, closed, small]
    assert decide(several, token(), ["deploy.staging"], 60).policy == "a-small"
    assert decide(several, token(), ["deploy.prod"], 60).policy == "b-large"
    assert decide(several, token(), ["deploy.staging"], 7200).policy == "b-large"
    # two policies do not add up
    assert failed([small, policy("build", scopes=["build"])], token(), "deploy.staging,build")


def test_the_explanation_covers_every_condition_of_every_policy() -> None:
    wide = on(ref="refs/heads/main", environment="staging")
    other = policy("other", audience="https://x", conditions={"ref": {"glob": "refs/tags/*"}})
    found = decide([other, wide], token(), ["deploy.staging"], 60)
    assert [(row.policy, row.claim, row.why) for row in found.rows] == [
        ("deploy", "iss", ""),
        ("deploy", "repository_id", ""),
        ("deploy", "repository_owner_id", ""),
        ("deploy", "event_name", ""),
        ("deploy", "environment", ""),
        ("deploy", "ref", ""),
        ("deploy", "scopes", ""),
        ("deploy", "ttl", ""),
        ("other", "iss", ""),
        ("other", "aud", "another value"),
        ("other", "repository_id", ""),
        ("other", "repository_owner_id", ""),
        ("other", "event_name", ""),
        ("other", "ref", "another value"),
        ("other", "scopes", ""),
        ("other", "ttl", ""),
    ]
    row = found.rows[-3]
    assert (row.wanted, row.seen, row.holds) == ("glob refs/tags/*", "refs/heads/main", False)


def test_the_sentence_says_what_was_seen_and_not_what_is_wanted() -> None:
    """It goes to whoever sent the token; the policy is its owner's."""
    trusted = on(ref="refs/heads/secret-branch", environment="prod")
    with pytest.raises(PolicyRefused) as caught:
        decide(
            [trusted], token(environment=None, ref="refs/heads/x\x1b[31m\n"), ["deploy.prod"], 60
        )
    said = str(caught.value)
    assert "ref is refs/heads/x\\x1b[31m\\n" in said
    assert "environment is absent" in said
    assert "scopes is deploy.prod" in said
    assert "secret-branch" not in said
    assert said.isprintable()


# --------------------------------------------------------------------------- nothing unvalidated


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a/b"}, {"name": ""}, {"name": "a" * 65}, {"name": "é"}, {"name": ".x"}, {"name": "a\n"},
        {"issuer": "x"}, {"repository_id": 1}, {"repository_owner_id": "*"},
        {"scopes": ()}, {"scopes": ["a"]}, {"scopes": ("b", "a")}, {"scopes": ("a", "a")}, {"scopes": ("a:b",)},
        {"scopes": ("*",)}, {"scopes": (" a",)}, {"scopes": (1,)}, {"scopes": tuple(f"a{n:02}" for n in range(65))},
        {"max_ttl": 0}, {"max_ttl": True}, {"max_ttl": 1.5}, {"max_ttl": None}, {"max_ttl": 120 * 86400 + 1},
        {"audience": ""}, {"audience": "a\nb"}, {"audience": 1},
        {"events": frozenset()}, {"events": {"push"}}, {"events": frozenset({"psh"})}, {"events": frozenset({1})},
        {"conditions": {}}, {"conditions": (("ref", "refs/heads/main"),)},
        {"conditions": (("sub", Matcher("exact", ("x",))),)},
        {"conditions": (("ref", Matcher("exact", ("x",))), ("ref", Matcher("exact", ("y",))))},
        {"conditions": (("sha", Matcher("exact", ("x",))), ("ref", Matcher("exact", ("y",))))},
    ],
)  # fmt: skip
def test_a_policy_cannot_be_built_from_what_is_not_valid(changes: dict[str, Any]) -> None:
    good = policy()
    given = {field.name: getattr(good, field.name) for field in dataclasses.fields(good)}
    assert Policy(**given) == good
    with pytest.raises(PolicyInvalid):
        Policy(**{**given, **changes})
    with pytest.raises(PolicyInvalid):
        dataclasses.replace(good, **changes)


def test_a_policy_never_changes() -> None:
    good = policy()
    for value in (good, good.conditions[0][1]):
        for field in dataclasses.fields(value):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, field.name, None)
    assert copy.deepcopy(good) == good
    with pytest.raises((AttributeError, TypeError)):
        good.extra = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "values"),
    [("regex", ("x",)), ("exact", ()), ("exact", "x"), ("exact", ["x"]), ("exact", ("x", "x")), ("exact", ("",)),
     ("exact", ("x" * (MAX_WANTED + 1),)), ("glob", ("**",)), ("exact", (None,)), ("", ("x",)),
     ("exact", tuple(map(str, range(65))))],
)  # fmt: skip
def test_a_matcher_cannot_be_built_from_what_is_not_valid(kind: str, values: Any) -> None:
    with pytest.raises(PolicyInvalid):
        Matcher(kind, values)


@pytest.mark.parametrize(
    "data", [None, [], "x", 1, {1: 2}, {}, {**fields(), "extra": 1}, {**fields(), "": 1}]
)
def test_what_is_no_policy(data: object) -> None:
    with pytest.raises(PolicyInvalid):
        read_policy("x", data)


def test_an_error_says_where() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"conditions": {"ref": {"glob": "a**"}}}, "conditions.ref"),
        ({"conditions": {"ref": "x"}}, "conditions.ref"),
        ({"events": ["psh"]}, "events"),
        ({"max_ttl": "never"}, "max_ttl"),
        ({"repository_id": 5}, "repository_id"),
    ]
    for changes, key in cases:
        with pytest.raises(PolicyInvalid) as caught:
            policy(**changes)
        assert caught.value.facts["key"] == key
        assert caught.value.reason.exit == 2


def test_several_values_and_one() -> None:
    assert on(ref={"exact": "a"}) == on(ref={"exact": ["a"]})
    either = on(ref={"glob": ["refs/heads/main", "refs/tags/v*"]})
    assert failed(either, token(ref="refs/tags/v2")) == []
    assert failed(either, token(ref="refs/tags/x"))


def test_custom_properties_of_a_repository() -> None:
    trusted = on(repo_property_tier="gold")
    assert failed(trusted, token(repo_property_tier="gold")) == []
    assert failed(trusted, token(repo_property_tier="gold,silver"))


# ------------------------------------------------------------------------------------------- globs

PIECES = st.text(alphabet="ab*/:", min_size=1, max_size=12).filter(lambda text: "**" not in text)
TEXTS = st.text(alphabet="ab/:*", max_size=14)


@given(pattern=PIECES, text=TEXTS)
def test_a_glob_is_what_its_regular_expression_says(pattern: str, text: str) -> None:
    wanted = "".join("[^/:]*" if letter == "*" else re.escape(letter) for letter in pattern)
    assert Matcher("glob", (pattern,)).fits(text) == bool(re.fullmatch(wanted, text))


@given(text=st.text(min_size=1, max_size=40))
def test_an_exact_matcher_fits_itself_alone(text: str) -> None:
    try:
        matcher = Matcher("exact", (text,))
    except PolicyInvalid:
        return
    assert matcher.fits(text)
    assert not any(
        matcher.fits(other) for other in (text + "a", "a" + text, text[1:], text.swapcase() + "/")
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(claims=st.dictionaries(st.sampled_from(sorted(token())) | st.text(), JSON))
def test_whatever_the_claims_are_there_is_a_verdict_for_each_condition(
    claims: dict[str, Any],
) -> None:
    rows = explain(on(ref={"glob": "refs/*/*"}, environment="staging"), claims)
    assert len(rows) == 6
    assert all(
        row.holds == (claims.get(row.claim) == token()[row.claim])
        for row in rows
        if row.claim != "ref"
    )
    assert all(row.seen is None or row.seen.isprintable() for row in rows)
    assert rows[0].holds == (claims.get("iss") == ISSUER)
