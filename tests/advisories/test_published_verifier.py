"""What was done to the published product's Python verifier (0.3.0): each attack that it accepted, done to ours.

Names and numbers are those of the findings. Where the published format had unsigned fields to edit and ours has none,
the nearest thing is done: the field is edited where it is, or added outside.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import kanoniv_auth
from kanoniv_auth.core.errors import AuthError
from tests.advisories.attacker import (
    ALICE,
    BOB,
    CAROL,
    LINK_TAG,
    MALLORY,
    NOW,
    ROOT,
    ZEROS,
    Links,
    b64,
    canonical,
    fields_of,
    honest,
    unb64,
)
from tests.advisories.verifier import ACCEPTED, Memory, once_over, parent_verdict, verdict, word_for

CHAIN = honest()
TOKEN = CHAIN.sealed()


def edited(link: int, **changes: Any) -> Links:
    """A link's payload changed after it was signed; None takes a field out."""
    raw = unb64(CHAIN.texts[link])
    fields = {**json.loads(raw[64:]), **changes}
    payload = canonical({name: value for name, value in fields.items() if value is not None})
    return CHAIN.with_text(link, b64(raw[:64] + payload))


def test_a1_scopes_are_edited() -> None:
    assert (
        verdict(edited(1, scp=["deploy.prod"]).sealed(), "deploy.prod", after=[]) == "bad_signature"
    )
    assert (
        verdict(json.dumps({"token": TOKEN, "scopes": ["deploy"]}), "deploy") == "unknown_version"
    )


@pytest.mark.parametrize(
    ("exp", "word"),
    [(None, "bad_signature"), (NOW + 10**6, "bad_signature"), ("never", "bad_signature")],
)
def test_a2_the_expiry_is_dropped_garbled_extended(exp: object, word: str) -> None:
    assert verdict(edited(1, exp=exp).sealed(exp=NOW + 60)) == word


def test_a2e_an_expiry_that_is_text_is_no_crash() -> None:
    assert verdict(Links().grow(ALICE, exp="2027-01-01T00:00:00Z").sealed(exp=NOW + 60)) == "parse"


def test_a3_the_victims_root_link_and_an_unrelated_one() -> None:
    own = Links(holder=MALLORY).grow(MALLORY, scp=["deploy"])
    spliced = Links(texts=(CHAIN.texts[0], own.texts[0]), ids=own.ids * 2, holder=MALLORY)
    assert verdict(spliced.sealed()) == "bad_signature"


def test_a4_the_roots_name_over_the_attackers_key() -> None:
    assert verdict(Links().grow(MALLORY, signer=MALLORY).sealed()) == "bad_signature"


def test_a5_a_root_of_ones_own() -> None:
    assert verdict(Links(holder=MALLORY).grow(MALLORY).sealed()) == "untrusted_root"


def test_a6_the_receiver_is_edited() -> None:
    assert verdict(edited(1, aud=b64(MALLORY.public)).sealed(signer=MALLORY)) == "bad_signature"


@pytest.mark.parametrize(
    "message", [b'{"hello":"world"}', b"", b"null", canonical(fields_of(MALLORY.public))]
)
def test_a6b_any_message_the_root_has_signed(message: bytes) -> None:
    payload = Links().payload(MALLORY)
    assert verdict(Links().append(ROOT.sign(message), payload, MALLORY).sealed()) == "bad_signature"
    # and one that the root did sign as a link, but that says nothing
    assert (
        verdict(Links().append(ROOT.sign(LINK_TAG + ZEROS + message), message, MALLORY).sealed())
        == "parse"
    )


def test_a6c_a_payload_that_is_null() -> None:
    assert (
        verdict(Links().append(ROOT.sign(LINK_TAG + ZEROS + b"null"), b"null", ALICE).sealed())
        == "parse"
    )


def test_a7_a_wider_child_truly_signed() -> None:
    assert verdict(CHAIN.grow(MALLORY, scp=["deploy"]).sealed(), "deploy") == "widened"


def test_a7b_delegating_from_a_tampered_parent() -> None:
    assert parent_verdict(edited(1, scp=["deploy"]).text) == "bad_signature"
    assert parent_verdict(CHAIN.grow(MALLORY, scp=["deploy"]).text) == "widened"


def test_a8_the_last_link_is_cut_off() -> None:
    prefix = CHAIN.cut(1, BOB)
    assert verdict(prefix.text, "deploy") == "holder_unproven"
    assert verdict(prefix.sealed(), "deploy") == "bad_signature"
    assert verdict(f"{prefix.text}~{TOKEN.partition('~')[2]}", "deploy") == "bad_signature"


def test_a8b_the_first_link_is_cut_off() -> None:
    assert verdict(Links(texts=CHAIN.texts[1:], ids=CHAIN.ids[1:], holder=BOB).sealed()) == "parse"


def test_a9_links_five_times_and_backwards() -> None:
    five = Links(texts=CHAIN.texts + CHAIN.texts[1:] * 4, ids=CHAIN.ids, holder=BOB)
    assert verdict(five.sealed()) == "bad_signature"
    assert verdict(Links(texts=CHAIN.texts[::-1], ids=CHAIN.ids, holder=ALICE).sealed()) == "parse"


def test_a10_the_agent_and_its_name_are_replaced() -> None:
    assert verdict(edited(1, nam="ceo").sealed()) == "bad_signature"
    assert verdict(CHAIN.sealed(signer=CAROL)) == "bad_signature"


@pytest.mark.parametrize(
    "more", [{"version": 99}, {"v": 1}, {"agent_private_key": b64(MALLORY.seed)}]
)
def test_a11_fields_nobody_knows(more: dict[str, Any]) -> None:
    assert verdict(Links().grow(ALICE, **more).sealed()) == "parse"


@pytest.mark.parametrize(
    ("caveat", "word"),
    [
        (["max_cost", "USD", 1], "caveat"),
        (["resource", "a"], "caveat"),
        (["context", "a", "b"], "caveat"),
        (["x"], "unknown_caveat"),
    ],
)
def test_a11b_caveats_that_were_ignored(caveat: list[object], word: str) -> None:
    assert verdict(Links().grow(ALICE, cav=[caveat]).sealed()) == word


WRONG_TYPES: list[dict[str, Any]] = [
    {"scp": None},
    {"scp": {}},
    {"scp": 1},
    {"scp": "x"},
    {"aud": [1, 2, 3]},
    {"aud": [256] * 32},
    {"aud": 1},
    {"aud": {}},
    {"aud": "!" * 43},
    {"iss": [1]},
    {"iss": None},
    {"iss": {}},
    {"jti": 1},
    {"jti": []},
    {"nam": []},
    {"nam": 1},
    {"cav": {}},
    {"cav": "x"},
    {"exp": []},
    {"iat": None},
    {"iat": "0"},
    {"iat": {}},
]


@pytest.mark.parametrize("wrong", WRONG_TYPES, ids=repr)
def test_a12_wrong_types_are_no_crash(wrong: dict[str, Any]) -> None:
    fields = {**fields_of(ALICE.public), "iss": b64(ROOT.public), **wrong}
    payload = canonical({name: value for name, value in fields.items() if value is not None})
    assert verdict(Links().grow(ALICE, raw=payload).sealed()) == "parse"


def test_a12s_text_is_not_taken_apart_into_letters() -> None:
    assert verdict(Links().grow(ALICE, scp="x").sealed(), "x") == "parse"


def test_a12s_nor_when_it_is_issued(home: object) -> None:
    kanoniv_auth.init_root()
    token = kanoniv_auth.delegate("deploy", "1h")
    assert kanoniv_auth.verify("deploy", token).scopes == ("deploy",)
    assert word_for(lambda: kanoniv_auth.verify("d", token)) == "scope"


@pytest.mark.parametrize("scope", ["d\u00e9ploy", "\u0434eploy", "deploy\u200b"])
def test_a13_a_scope_that_is_not_ascii(scope: str, home: object) -> None:
    raw = json.dumps(
        {**fields_of(ALICE.public, scp=[scope]), "iss": b64(ROOT.public)},
        ensure_ascii=False,
        sort_keys=True,
    )
    assert (
        verdict(
            Links().grow(ALICE, raw=raw.replace(": ", ":").replace(", ", ",").encode()).sealed()
        )
        == "parse"
    )
    kanoniv_auth.init_root()
    with pytest.raises(AuthError) as caught:
        kanoniv_auth.delegate([scope])
    assert caught.value.slug == "usage"


# what was done to the published Rust verifier (0.2.0), by its own numbers


def test_b1_a_stolen_delegation_under_the_thiefs_key() -> None:
    assert verdict(edited(1, aud=b64(MALLORY.public)).pop(signer=MALLORY)) == "bad_signature"
    assert verdict(CHAIN.pop(signer=MALLORY)) == "bad_signature"


def test_b11_a_child_below_a_stolen_parent() -> None:
    assert (
        verdict(CHAIN.grow(MALLORY, signer=MALLORY, scp=["deploy.staging"]).sealed())
        == "bad_signature"
    )


def test_b2_b3_another_action_or_other_arguments_than_were_signed() -> None:
    assert verdict(CHAIN.pop("deploy.staging.a"), "deploy.staging.b") == "bad_signature"
    assert verdict(CHAIN.pop(args=b"1"), args=b"2") == "bad_signature"


def test_b5_the_same_proof_again() -> None:
    memory = Memory()
    assert [once_over(CHAIN.pop(), once=memory) for _ in range(2)] == [ACCEPTED, "replayed"]


def test_b7_one_unknown_caveat_drops_no_others() -> None:
    token = Links().grow(ALICE, cav=[["context", "a", "b"], ["zzz", 1]]).sealed()
    assert verdict(token) == "caveat"
    assert verdict(token, context={"a": "b"}) == "unknown_caveat"


def test_b8_another_parent() -> None:
    other = Links().grow(ALICE, scp=["deploy", "release"])
    swapped = Links(texts=(other.texts[0], CHAIN.texts[1]), ids=CHAIN.ids, holder=BOB)
    assert verdict(swapped.sealed()) == "bad_signature"


@pytest.mark.parametrize("exp", ["zzz", "3000", "9999-12-31T23:59:59Z"])
def test_b12_expiries_that_were_compared_as_text(exp: str) -> None:
    assert verdict(Links().grow(ALICE, exp=exp).sealed(exp=NOW + 60)) == "parse"


def test_b16d_a_negative_cost() -> None:
    assert (
        verdict(Links().grow(ALICE, cav=[["max_cost", "USD", 5]]).sealed(), cost=("USD", -1))
        == "caveat"
    )
