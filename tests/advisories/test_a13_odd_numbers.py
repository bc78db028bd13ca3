"""A13: numbers that are no integers, or larger than any clock.

Truly signed. `1e30` as an expiry never comes, NaN compares as false with everything, `true` is 1 in Python, and text
compares by letters. The published product accepted NaN, and its Rust side compared expiries as text (its PoC A2e,
B12, B16d).
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import (
    ALICE,
    BOB,
    HOUR,
    NOW,
    Links,
    envelope,
    envelope_payload,
    honest,
)
from tests.advisories.verifier import ACCEPTED, envelope_verdict, verdict

PARENT = Links().grow(ALICE, exp=None)

ODD = [
    "1.0", f"{NOW}.0", f"{NOW}.5", "1e30", "1E9", "1800003600e0", "NaN", "Infinity", "-Infinity", "true", "false",
    '"1800003600"', '"never"', "-1", "-0", "0.0", "01800003600", "+1800003600", "9007199254740993",
    "9223372036854775808", "1" + "0" * 400, "1" + "0" * 5000, "0x6b49d200", "[1800003600]", "{}", "", "1_800_003_600",
]  # fmt: skip


def with_number(payload: bytes, field: str, text: str) -> bytes:
    head, _, tail = payload.partition(f'"{field}":'.encode())
    return head + f'"{field}":{text}'.encode() + tail[tail.index(b",") :]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("field", ["iat", "exp"])
def test_an_odd_time_in_a_link(field: str, text: str) -> None:
    good = PARENT.payload(BOB, scp=["deploy.staging"])
    odd = PARENT.grow(BOB, raw=with_number(good, field, text))
    assert verdict(odd.sealed(), after=[PARENT.sealed()]) == "parse"


@pytest.mark.parametrize("text", ODD)
def test_an_odd_number_in_a_caveat(text: str) -> None:
    good = PARENT.payload(BOB, cav=[["not_before", 0]])
    odd = good.replace(b'["not_before",0]', f'["not_before",{text}]'.encode())
    assert verdict(PARENT.grow(BOB, raw=odd).sealed()) == "parse"


@pytest.mark.parametrize("text", [text for text in ODD if text])
@pytest.mark.parametrize("field", ["iat", "seq"])
def test_an_odd_number_in_a_receipt(field: str, text: str) -> None:
    odd = with_number(envelope_payload(honest()), field, text)
    assert envelope_verdict(envelope(honest(), raw=odd)) == "parse"


def test_the_largest_time_there_is() -> None:
    assert verdict(PARENT.grow(BOB, exp=2**53).sealed(exp=NOW + HOUR)) == ACCEPTED
    assert verdict(PARENT.grow(BOB, exp=2**53 + 1).sealed(exp=NOW + HOUR)) == "parse"


@pytest.mark.parametrize(
    ("iat", "exp"), [(NOW, NOW), (NOW, NOW - 1), (NOW - 5, NOW - 9), (0, 0), (2**53, 1)]
)
@pytest.mark.parametrize("place", ["root link", "child"])
def test_a_link_that_ends_before_it_begins(iat: int, exp: int, place: str) -> None:
    chain = Links() if place == "root link" else PARENT
    token = chain.grow(BOB, iat=iat, exp=exp, scp=["deploy.staging"]).sealed(exp=exp)
    assert verdict(token) == "bad_bounds"
