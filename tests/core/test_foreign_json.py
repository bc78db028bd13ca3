"""JSON from elsewhere: read as the standard library reads it, but for what two readers could read differently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core import foreign_json
from kanoniv_auth.core.errors import TokenParseError

LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    ),
    max_leaves=20,
)


@given(VALUE, st.booleans(), st.sampled_from([None, 1]))
def test_it_reads_what_json_writes(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert foreign_json.read(f" {text}\r\n".encode()) == value


@given(VALUE.filter(lambda value: "." not in json.dumps(value) and "e" not in json.dumps(value)))
def test_json_reads_what_it_writes(value: Any) -> None:
    text = foreign_json.write(value)
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"x":{"b":1,"b":2}}]', "NaN", "-Infinity", "[1e999]", "1" * 21, "",
        " ", "{", "[1,]", "{'a':1}", "01", "1 2", "{}{}", "\ufeff{}", '"\\ud800"', '"\\uDFFF"', '{"\\ud800":1}',
        '["\\ud83d"]', '"a\nb"', "\v1", "\u00a01", "tru", '{"a" 1}',
    ],
    ids=ascii,
)  # fmt: skip
def test_it_refuses(text: str) -> None:
    with pytest.raises(TokenParseError):
        foreign_json.read(text.encode())


def test_half_characters_that_belong_together_are_one() -> None:
    assert foreign_json.read(b'{"\\ud83d\\ude00":"\\ud83d\\ude00"}') == {"\U0001f600": "\U0001f600"}


@pytest.mark.parametrize("data", [b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', b'{"a":"\xc0\xaf"}'])
def test_bytes_that_are_no_text(data: bytes) -> None:
    with pytest.raises(TokenParseError):
        foreign_json.read(data)


@pytest.mark.parametrize(
    ("depth", "fits"), [(64, True), (65, False), (66, False), (100_000, False)]
)
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_depth(depth: int, fits: bool, opened: str, closed: str) -> None:
    data = (opened * depth + "1" + closed * depth).encode()
    if fits:
        foreign_json.read(data)
        foreign_json.read(data.replace(b"1", b'"\\ud83d\\ude00"'))
    else:
        with pytest.raises(TokenParseError):
            foreign_json.read(data)


def test_size() -> None:
    fits = b'"' + b"x" * (foreign_json.LARGEST - 2) + b'"'
    assert len(foreign_json.read(fits)) == foreign_json.LARGEST - 2  # type: ignore[arg-type]
    with pytest.raises(TokenParseError) as caught:
        foreign_json.read(fits + b" ")
    assert caught.value.slug == "too_large"


def test_it_writes_no_float() -> None:
    with pytest.raises(TypeError):
        foreign_json.write(1.5)
