"""A record of the audit log is the line that docs/spec/audit-log.md §2 says, whatever text is in it, and reads back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core import audit
from kanoniv_auth.core.audit import (
    LONGEST_LINE,
    START,
    Happening,
    Place,
    is_hash,
    line_hash,
    read_place,
    signed_seq,
    write_line,
)
from kanoniv_auth.core.errors import LogBroken
from kanoniv_auth.core.trail import read_line

PREV = hashlib.sha256(b"before").hexdigest()
LINE: dict[str, Any] = {"seq": 7, "at": 1_800_000_000, "prev": PREV, "checkpoint": 5}
TOKEN = "kd2." + "Ab3_" * 40


def written(what: Happening, **more: Any) -> bytes:
    return write_line(**{**LINE, **more}, what=what)


def fields_of(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


def escaped(text: str) -> str:
    """§2, of text without tokens: UTF-8, at most 256 bytes of it and no half letter, then `%` and two hex digits."""
    data = text.encode("utf-8", "backslashreplace")[:256].decode("utf-8", "ignore").encode()
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and chr(byte) not in '%"\\' else f"%{byte:02x}"
        for byte in data
    )


# a prefix that is split leaves nothing to cut
TEXT = st.text(st.characters(exclude_characters=".J_"), max_size=300)
WORD = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=32)
VALUE = st.one_of(TEXT, st.booleans(), st.integers(-(2**60), 2**60))


@given(st.tuples(WORD, TEXT, TEXT, TEXT), st.booleans(), st.dictionaries(WORD, VALUE, max_size=12))
def test_a_line_is_canonical_json_of_escaped_texts(
    texts: tuple[str, str, str, str], claimed: bool, details: dict[str, Any]
) -> None:
    event, result, agent, name = texts
    line = written(
        Happening(event, result, agent=agent, name=name, claimed=claimed, details=details)
    )
    shown = {
        key: value if type(value) is bool or (type(value) is int and 0 <= value <= 2**53) else escaped(str(value))
        for key, value in details.items()
    }  # fmt: skip
    named = [("result", result), ("agent", agent), ("name", name), *sorted(details.items())]
    long = [
        key
        for key, text in named
        if isinstance(text, str) and len(text.encode("utf-8", "backslashreplace")) > 256
    ]
    fields = {
        **LINE, "event": event, "result": escaped(result), "agent": escaped(agent), "name": escaped(name),
        "claimed": claimed, "details": shown, "cut": ",".join(long),
    }  # fmt: skip
    assert line == json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
    entry = read_line(line, "log")
    assert (entry.seq, entry.at, entry.prev, entry.checkpoint) == (7, LINE["at"], PREV, 5)
    assert (entry.what.event, entry.what.claimed, entry.cut) == (event, claimed, tuple(long))
    assert read_place(line, "log") == Place(7, 5, event, PREV)


@pytest.mark.parametrize(
    ("text", "kept", "is_cut"),
    [
        ("x" * 256, "x" * 256, False), ("x" * 257, "x" * 256, True),
        ("é" * 128, "%c3%a9" * 128, False), ("é" * 129, "%c3%a9" * 128, True),
        ("x" * 255 + "é", "x" * 255, True), ("%" * 256, "%25" * 256, False), ("%" * 257, "%25" * 256, True),
        # of what is very long the rest is not even looked at
        ("x" * 5000, "x" * 256, True), ("kd2." + "A" * 4092, "kd2.%e2%80%a6", False),
        ("kd2." + "A" * 4093, "kd2.%e2%80%a6", True),
        ("kd2." + "A" * 4092 + " tail", "kd2.%e2%80%a6", True), ('a"b', "a%22b", False), ("a\\b", "a%5cb", False),
        ("a%b", "a%25b", False),
        ('a "b" \\', "a %22b%22 %5c", False), ("\udcff", "%5cudcff", False), ("", "", False),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_longer_than_256_bytes_is_cut_and_named(text: str, kept: str, is_cut: bool) -> None:
    what = Happening("sign", text, agent=text, name=text, details={"b": text, "a": text, "n": 1})
    fields = fields_of(written(what))
    assert [fields[name] for name in ("result", "agent", "name")] == [kept] * 3
    assert fields["details"] == {"a": kept, "b": kept, "n": 1}
    assert fields["cut"] == ("result,agent,name,a,b" if is_cut else "")


def test_of_a_token_only_the_prefix_is_kept_before_anything_is_cut() -> None:
    what = Happening("sign", "x" * 250 + TOKEN, agent=TOKEN, details={"target": f"a {TOKEN} b"})
    fields = fields_of(written(what))
    assert fields["details"] == {"target": "a kd2.%e2%80%a6 b"}
    assert (fields["agent"], fields["name"]) == ("kd2.%e2%80%a6", "")
    assert (fields["result"], fields["cut"]) == ("x" * 250 + "kd2.", "result")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, 0), (1, 1), (2**53, 2**53), (True, True), (False, False),
        (-1, "-1"), (2**53 + 1, "9007199254740993"), (-(2**70), "-1180591620717411303424"),
    ],
)  # fmt: skip
def test_numbers(value: int, shown: object) -> None:
    found = fields_of(written(Happening("exec", "ok", details={"n": value})))["details"]["n"]
    assert (type(found), found) == (type(shown), shown)


def test_who_is_nobody_unless_somebody_is_named() -> None:
    what = Happening("verify", "denied", details={})
    assert (what.agent, what.name, what.claimed) == ("", "", False)
    fields = fields_of(written(what, seq=1, checkpoint=0, prev=START, at=0))
    assert (fields["agent"], fields["name"], fields["claimed"]) == ("", "", False)
    assert (fields["seq"], fields["checkpoint"], fields["at"], fields["prev"]) == (1, 0, 0, "0" * 64)  # fmt: skip
    assert (fields["details"], fields["cut"]) == ({}, "")


def test_names_of_events_and_details() -> None:
    longest = "abcdefghijklmnopqrstuvwxyz_abcde"
    Happening(longest, "ok", details={longest: 1, "z": 2})
    Happening("verify", "ok", details={"k" + "a" * n: n for n in range(12)})
    for event, details in (
        ("", {}), ("a" * 33, {}), ('verify"', {}), ("Verify", {}), ("a b", {}), ("é", {}), ("a1", {}),
        ("verify", {"": 1}), ("verify", {"a" * 33: 1}), ("verify", {"ok": 1, "A": 1}),
        ("verify", {"k" + "a" * n: n for n in range(13)}),
    ):  # fmt: skip
        said = r"^an event and its details have names of \[a-z_\]\{1,32\}, twelve at most$"
        with pytest.raises(ValueError, match=said):
            Happening(event, "ok", details=details)


def test_the_longest_line_is_within_its_bound() -> None:
    long = "\n" * 300
    details = {"k" * 31 + chr(97 + n): long for n in range(12)}
    what = Happening("e" * 32, long, agent=long, name=long, claimed=False, details=details)
    line = written(what, seq=2**53, at=2**53, checkpoint=2**53 - 1)
    assert len(line) < LONGEST_LINE
    assert read_line(line, "log").seq == 2**53


def test_the_hash_of_a_line() -> None:
    tagged = hashlib.sha256(b"kanoniv-auth/2 log\0" + b"{}").hexdigest()
    assert line_hash(b"{}") == tagged


# -------------------------------------------------------------------- what the next writer has to follow


def changed(**more: object) -> bytes:
    fields = {**fields_of(written(Happening("sign", "ok", details={}))), **more}
    return json.dumps({name: one for name, one in fields.items() if one is not ...}).encode()


def test_a_place_is_what_the_line_says() -> None:
    place = read_place(changed(), "x")
    assert (place.seq, place.checkpoint, place.event, place.prev) == (7, 5, "sign", PREV)
    assert read_place(changed(checkpoint=0, seq=1), "x") == Place(1, 0, "sign", PREV)
    assert read_place(changed(checkpoint=6), "x").checkpoint == 6


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"1", b"\xff", b"{" * 5000, b'{"seq":7}', changed(seq="7"), changed(seq=True),
        changed(seq=5), changed(seq=4), changed(checkpoint=7), changed(checkpoint=-1), changed(checkpoint="5"),
        changed(checkpoint=...), changed(seq=...), changed(prev=...), changed(prev=1), changed(prev="0" * 63),
        changed(prev="0" * 65), changed(prev="A" * 64), changed() + b"x",
    ],
    ids=range(22),
)  # fmt: skip
def test_what_nobody_can_follow(line: bytes) -> None:
    with pytest.raises(LogBroken) as refusal:
        read_place(line, "log:3")
    assert refusal.value.facts == {"where": "log:3", "detail": "not a record"}


def test_what_a_checkpoint_says_it_is_for() -> None:
    assert signed_seq(b'{"seq":3}\n', "x") == signed_seq(b'{"seq":3}', "x") == 3
    assert signed_seq(b'{"seq":1,"x":[]}', "x") == 1
    for line in (
        b"", b"x", b"[]", b"3", b"{}", b'{"seq":0}', b'{"seq":-1}', b'{"seq":true}', b'{"seq":"3"}',
    ):  # fmt: skip
        with pytest.raises(LogBroken) as refusal:
            signed_seq(line, "point")
        assert refusal.value.facts == {"where": "point", "detail": "not a checkpoint"}


def test_a_hash_is_64_lowercase_hex_digits() -> None:
    assert is_hash(START)
    assert is_hash("0123456789abcdef" * 4)
    for text in ("", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 63 + " ", b"0" * 64, 0, None):
        assert not is_hash(text)
    assert audit.REPAIRED == "repaired"
