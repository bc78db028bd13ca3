"""The tables of vectors/names.json: keys and their names, base64url, times to live, scopes."""

from __future__ import annotations

from typing import Any

import pytest

from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.encoding import b64u, escape, unb64u, unescape
from kanoniv_auth.core.errors import KeyInvalid, TokenParseError, UsageError
from kanoniv_auth.core.keys import KeyPair, did, did_key, parse_did_key, parse_public
from kanoniv_auth.core.scopes import check_scope, check_wire, covers, scope
from tests.core.vector_files import read

NAMES: dict[str, Any] = read("names.json")


@pytest.mark.parametrize("row", NAMES["keys"], ids=lambda row: row["did"][10:18])
def test_key(row: dict[str, str]) -> None:
    pair = KeyPair.from_seed(bytes.fromhex(row["seed"]))
    public = bytes.fromhex(row["public"])
    assert (pair.public, pair.did, pair.did_key) == (public, row["did"], row["did_key"])
    assert (did(public), did_key(public)) == (row["did"], row["did_key"])
    assert parse_did_key(row["did_key"]) == parse_public(row["public"]) == public


def test_the_first_one_is_rfc_8032s() -> None:
    assert NAMES["keys"][0]["did"] == "did:agent:21fe31dfa154a261626bf854046fd227"


@pytest.mark.parametrize("row", NAMES["did_key_refused"], ids=lambda row: row["why"])
def test_did_key_refused(row: dict[str, str]) -> None:
    with pytest.raises(KeyInvalid):
        parse_did_key(row["text"])


@pytest.mark.parametrize("row", NAMES["base64url"], ids=lambda row: ascii(row["text"]))
def test_base64url(row: dict[str, Any]) -> None:
    if row["hex"] is None:
        with pytest.raises(TokenParseError):
            unb64u(row["text"])
    else:
        assert unb64u(row["text"]).hex() == row["hex"]
        assert b64u(bytes.fromhex(row["hex"])) == row["text"]


@pytest.mark.parametrize("row", NAMES["ttl"], ids=lambda row: repr(row["ttl"])[:30])
def test_ttl(row: dict[str, Any]) -> None:
    if row["seconds"] == "refused":
        with pytest.raises(UsageError):
            parse_ttl(row["ttl"])
    else:
        assert parse_ttl(row["ttl"]) == (None if row["seconds"] == "never" else row["seconds"])


@pytest.mark.parametrize("row", NAMES["scope"], ids=lambda row: row["scope"][:30])
def test_scope(row: dict[str, Any]) -> None:
    assert scope(*row["segments"]) == row["scope"]
    assert check_scope(row["scope"]) == row["scope"]


@pytest.mark.parametrize("row", NAMES["scope_refused"], ids=lambda row: row["why"])
def test_scope_refused(row: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        scope(*row["segments"])


@pytest.mark.parametrize("row", NAMES["typed"], ids=lambda row: ascii(row["typed"]))
def test_typed_scope(row: dict[str, Any]) -> None:
    if row["scope"] is not None:
        assert check_scope(row["typed"]) == row["scope"]
        return
    with pytest.raises(UsageError) as refusal:
        check_scope(row["typed"])
    assert refusal.value.facts["fix"] == row["fix"]
    assert row["fix"] is None or check_scope(row["fix"]) == row["fix"]


def test_a_scope_covers_its_own_segments_however_short() -> None:
    assert covers({"a"}, "a.b")
    assert covers({"a"}, "a.b.c")
    assert covers({"a.b"}, "a.b.c")
    for granted, action in (
        ({"a"}, "b.a"),
        ({"a"}, "ab"),
        ({"a.b"}, "a"),
        ({"a"}, "aa.b"),
        (set[str](), "a.b"),
    ):
        assert not covers(granted, action)


def test_an_escape_excuses_no_letter_behind_it() -> None:
    assert check_wire("a%2eb") == "a%2eb"
    for text in ("a%2e/b", "a%2e/", "%2e b", "a%2e%", "a%2e:b"):
        with pytest.raises(TokenParseError):
            check_wire(text)


def test_of_ascii_only_three_printable_letters_are_escaped() -> None:
    every = "".join(map(chr, range(0x20, 0x7F)))
    written = escape(every)
    assert written == every.replace("%", "%25").replace('"', "%22").replace("\\", "%5c")
    assert unescape(written) == every
    assert escape("\x1f\x7f\x00") == "%1f%7f%00"
