"""RFC 8785: its own examples, the numbers of its appendix B, and what is refused."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.jcs import args_sha256, jcs

# appendix B: bits of the double, and its one text
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert jcs(value).decode("ascii") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"), (-0.5, "-0.5"), (0.75, "0.75"), (1.5, "1.5"), (100.0, "100"), (1.5e21, "1.5e+21"),
        (-1.5e-7, "-1.5e-7"), (2.0**53, "9007199254740992"), (-0.0, "0"), (0.0001, "0.0001"), (0.00001, "0.00001"),
    ],
)  # fmt: skip
def test_where_the_point_stands(value: float, text: str) -> None:
    assert jcs(value).decode("ascii") == text


def test_the_largest_integers() -> None:
    assert jcs([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


def test_the_example_of_section_3() -> None:
    given_text = (
        r'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
        r'"string":"\u20ac$\u000F\u000aA'
        r"'"
        r'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}'
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert jcs(json.loads(given_text)).decode("utf-8") == expected


def test_keys_stand_in_the_order_of_utf_16() -> None:
    # section 3.2.3: an astral key's first unit is a surrogate, and so before U+FB33
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    found = list(json.loads(jcs(dict.fromkeys(keys, 0))))
    assert found == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_one_value_has_one_text() -> None:
    assert jcs({"a": 1}) == jcs({"a": 1.0}) == jcs(json.loads('{"a":10e-1}')) == b'{"a":1}'
    assert args_sha256({"b": [1, -0.0], "a": "\u2028"}) == args_sha256(
        {"a": "\u2028", "b": [1.0, 0]}
    )


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        10**30,
        float("nan"),
        float("inf"),
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        b"",
        object(),
    ],
    ids=[
        "2^53",
        "-2^53",
        "10^30",
        "NaN",
        "inf",
        "half",
        "half a key",
        "a number as key",
        "bytes",
        "object",
    ],
)
def test_what_two_readers_could_see_differently_is_refused(value: object) -> None:
    with pytest.raises(TokenParseError):
        jcs({"a": [value]})


def test_a_nest_is_refused() -> None:
    nest: list[object] = []
    for _ in range(100_000):
        nest = [nest]
    with pytest.raises(TokenParseError):
        jcs(nest)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
ANY = st.recursive(LEAF, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@given(ANY)
def test_it_reads_back_as_the_same_value_and_the_same_text(value: object) -> None:
    text = jcs(value)
    again = json.loads(text, parse_int=float)  # a large double is written without a point
    assert jcs(again) == text
    assert again == value


def test_the_table_of_the_spec() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "spec" / "mcp-proof.md"
    form = r"^\| `(\{.*\})` \| `(\{.*\})` \| `([0-9a-f]{64})` \|$"
    rows = re.findall(form, page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 3
    for given_text, text, digest in rows:
        value = json.loads(given_text)
        assert (jcs(value).decode("utf-8"), args_sha256(value).hex()) == (text, digest)
