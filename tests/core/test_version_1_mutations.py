"""Any changed byte of a version 1 token is refused, or changes nothing that is proven; nothing crashes it."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from kanoniv_auth.core.encoding import b64u, unb64u
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.legacy_v1 import VerifiedV1, prove_v1
from kanoniv_auth.core.legacy_v1_issue import issue_v1
from kanoniv_auth.core.rfc3339 import format_time, parse_time
from kanoniv_auth.core.roots import TrustedRoots

NOW = 1_800_000_000
ROOT, MIDDLE, LEAF = (KeyPair(bytes([number]) * 32) for number in (1, 2, 3))
ROOTS = TrustedRoots(keys=[ROOT.public])


def proven(text: str) -> VerifiedV1:
    return prove_v1(text, roots=ROOTS, audience=None, now=NOW, revoked=None)


def issued() -> str:
    first = issue_v1(
        ROOT, MIDDLE, parent=None, scopes=("deploy", "read"), now=NOW, ttl=3600, entropy=bytes(16)
    )
    return issue_v1(
        MIDDLE, LEAF, parent=proven(first), scopes=("deploy.web",), now=NOW, ttl=60, entropy=bytes(16)
    )  # fmt: skip


TOKEN = issued()
FOUND = proven(TOKEN)


def proven_or_why(text: str) -> VerifiedV1 | str:
    try:
        return proven(text)
    except AuthError as refusal:
        return str(refusal)  # the sentence can be made from the facts


def judge(text: str) -> None:
    # what the holder's copy says outside of what was signed may differ
    found = proven_or_why(text)
    assert isinstance(found, str) or (found.chain, found.holder) == (FOUND.chain, FOUND.holder)


def test_letters_of_the_text() -> None:
    for place, letter in enumerate(TOKEN):
        for other in {"A", "_", "=", letter.swapcase()} - {letter}:
            judge(TOKEN[:place] + other + TOKEN[place + 1 :])
        judge(TOKEN[:place])
        judge(TOKEN[:place] + TOKEN[place + 1 :])


def test_bytes_of_the_json() -> None:
    raw = unb64u(TOKEN)
    for place in range(len(raw)):
        for byte in {raw[place] ^ 1, raw[place] ^ 0x20, raw[place] ^ 0x80, ord("9"), ord('"')}:
            judge(b64u(raw[:place] + bytes([byte]) + raw[place + 1 :]))


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**53,
    "",
    "x",
    [],
    [1],
    {},
    {"a": 1},
    "did:agent:" + "0" * 32,
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, itself first."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


def with_change(path: tuple[Any, ...], new: object, *, gone: bool = False) -> str:
    fields = json.loads(unb64u(TOKEN))
    if not path:
        return b64u(json.dumps(new).encode())
    here = fields
    for key in path[:-1]:
        here = here[key]
    if gone:
        del here[path[-1]]
    else:
        here[path[-1]] = new
    return b64u(json.dumps(fields, separators=(",", ":")).encode())


def test_every_field_is_something_else_or_gone() -> None:
    # the 32 numbers of a key are all alike
    paths = [
        p
        for p in places(json.loads(unb64u(TOKEN)))
        if "issuer_public_key" not in p[:-1] or p[-1] == 7
    ]
    assert len(paths) > 100
    for path in paths:
        for new in ODD:
            judge(with_change(path, new))
        if path:
            judge(with_change(path, None, gone=True))


@pytest.mark.parametrize("seed", range(4))
def test_parts_of_one_token_in_another_place(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    fields = json.loads(unb64u(TOKEN))
    paths = places(fields)
    for _ in range(300):
        source, target = chance.choice(paths), chance.choice(paths[1:])
        part = fields
        for key in source:
            part = part[key]
        judge(with_change(target, part))


def test_times_there_and_back() -> None:
    chance = random.Random(1)  # noqa: S311 - as above
    for _ in range(2000):
        seconds = chance.randrange(253402300800)
        assert parse_time(format_time(seconds)) == seconds * 1000
    assert format_time(951782400) == "2000-02-29T00:00:00.000Z"
    assert format_time(4107542400) == "2100-03-01T00:00:00.000Z"
    assert parse_time("2027-01-15T08:00:00.001Z") == NOW * 1000 + 1
