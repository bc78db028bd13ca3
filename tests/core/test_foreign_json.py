"""JSON from elsewhere: read as the standard library reads it, but for what two readers could read differently."""

from __future__ import annotations

import json
import sys
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


# what it writes has no numbers with a point
WRITABLE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(WRITABLE)
def test_json_reads_what_it_writes(value: Any) -> None:
    text = foreign_json.write(value)
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == value


REFUSED = [
    '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"x":{"b":1,"b":2}}]', "NaN", "-Infinity", "[1e999]", "1" * 21, "",
    " ", "{", "[1,]", "{'a':1}", "01", "1 2", "{}{}", "\ufeff{}", '"\\ud800"', '"\\uDFFF"', '{"\\ud800":1}',
    '["\\ud83d"]', '"a\nb"', "\v1", "\u00a01", "tru", '{"a" 1}',
    "X1", "1X", "[1,,2]", '{"a":1,}',
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
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


@pytest.mark.parametrize("accelerated", [True, False])
def test_either_scanner(monkeypatch: pytest.MonkeyPatch, *, accelerated: bool) -> None:
    if not accelerated:
        monkeypatch.setitem(sys.modules, "_json", None)
    scan, quoted = foreign_json._make()
    for text in ("NaN", "Infinity", "-Infinity"):
        with pytest.raises(ValueError, match=f"^{text}$"):
            scan(text, 0)
    monkeypatch.setattr(foreign_json, "_scan", scan)
    monkeypatch.setattr(foreign_json, "_quoted", quoted)
    for text in REFUSED:
        with pytest.raises(TokenParseError):
            foreign_json.read(text.encode())
    value = {"\u00e9": [1, "\U0001f600\u2028", True, False, None, {}], "b": []}
    text = '{"\\u00e9":[1,"\\ud83d\\ude00\\u2028",true,false,null,{}],"b":[]}'
    assert foreign_json.write(value) == text
    assert foreign_json.read(text.encode()) == value
    assert foreign_json.read(b"[-2.5e3, 18446744073709551616]") == [-2500.0, 2**64]


def test_a_tuple_is_a_list_and_a_key_is_text() -> None:
    assert foreign_json.write({1: (True, "\x00")}) == '{"1":[true,"\\u0000"]}'


@pytest.mark.parametrize(("value", "name"), [(1.5, "float"), ({"a": b""}, "bytes")])
def test_it_writes_no(value: object, name: str) -> None:
    with pytest.raises(TypeError, match=f"^no JSON is made of {name}$"):
        foreign_json.write(value)
