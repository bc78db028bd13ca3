"""Revocation lists that are taken up: whole, of a trusted root, newer than the one before; and all that is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    DAY,
    ENV,
    EVE,
    ISSUED,
    LINK,
    NEUTRAL,
    NOW,
    ONE,
    OTHER_ROOT,
    ROOT,
    SEAL,
    TWO,
    UNIVERSAL,
    Key,
    b64u,
    canonical,
    flipped,
)

REVOKED, ROTATED = (f"kanoniv-auth/2 {tag}\0".encode() for tag in ("revoked", "root"))
IDS = sorted([b64u(ONE.id), b64u(TWO.id)])
KEYS = sorted([CI.text, BUILDER.text])


def case(name: str, expect: str, rows: str, why: str, text: Any, **setting: Any) -> dict[str, Any]:
    """One vector: a text, the trusted roots, the time, and what of this root is known already."""
    vector = {
        "name": name,
        "why": why,
        "rows": rows.split(),
        "expect": expect,
        "text": text,
        "roots": {
            "keys": [k.hex for k in setting.pop("keys", [ROOT])],
            "dids": setting.pop("dids", []),
            "retired": setting.pop("retired", {}),
        },
        "now": setting.pop("now", NOW),
        "known": setting.pop("known", []),
    }
    assert not setting, setting
    return vector


def table(**changed: Any) -> dict[str, Any]:
    """The payload of a list as a table; None leaves a key out."""
    fields = {
        "exp": ISSUED + 90 * DAY,
        "iat": ISSUED,
        "ids": IDS,
        "keys": KEYS,
        "root": ROOT.text,
        "seq": 2,
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def wrap(payload: bytes, by: Key = ROOT, tag: bytes = REVOKED) -> str:
    """Sign payload bytes as a list."""
    return "kdr2." + b64u(by.sign(tag + payload) + payload)


def made(**changed: Any) -> str:
    """A list with some of its fields changed."""
    return wrap(canonical(table(**changed)))


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _good()
    yield from _form()
    yield from _signed()
    yield from _payload()
    yield from _taken_up()


def _good() -> Iterator[dict[str, Any]]:
    for name, why, changed in (
        ("a list", "two links and two keys", {}),
        ("links alone", "a list without keys has no such field", {"keys": None}),
        ("keys alone", "a list without links has no such field", {"ids": None}),
        (
            "nothing revoked",
            "its root says so, which is worth knowing",
            {"ids": None, "keys": None},
        ),
        ("the first one", "numbers begin with 1", {"seq": 1}),
        ("an old one", "a list that ended applies all the same", {"exp": ISSUED + 1}),
        ("half a minute from the future", "clocks differ by up to 30 seconds", {"iat": NOW + 30}),
        ("the largest number", "2^53 is the largest integer there is", {"seq": 2**53}),
    ):
        yield case(name, "allow", "", why, made(**changed))


def _form() -> Iterator[dict[str, Any]]:
    good = made()
    body = good.removeprefix("kdr2.")
    texts: dict[str, Any] = {
        "null": None,
        "a number": 2,
        "an empty text": "",
        "the prefix alone": "kdr2.",
        "a token": TWO.seal(),
        "another prefix": "kdx2." + body,
        "a capital prefix": good.replace("kdr2", "KDR2"),
        "a space before": " " + good,
        "a line end after": good + "\n",
        "padding": good + "=",
        "the other alphabet": good[:-30] + "+/" + good[-28:],
        "a signature without payload": "kdr2." + b64u(ROOT.sign(REVOKED)),
        "63 bytes": "kdr2." + b64u(bytes(63)),
        "bare JSON": canonical(table()).decode(),
    }
    for name, text in texts.items():
        yield case(name, "parse", "A18", f"{name} is no list", text)


def _signed() -> Iterator[dict[str, Any]]:
    good = made()
    body, payload = good.removeprefix("kdr2."), canonical(table())
    for at, what in ((0, "R"), (40, "S"), (70, "the payload")):
        why = f"one bit of {what} is another"
        yield case(f"a bit of {what}", "bad_signature", "A1", why, "kdr2." + flipped(body, at))
    yield case(
        "by another key", "bad_signature", "A2", "eve signs in the root's name", wrap(payload, EVE)
    )
    yield case(
        "by the revoked one",
        "bad_signature",
        "A2",
        "the holder takes itself off",
        wrap(canonical(table(keys=None)), CI),
    )
    for tag, what in ((LINK, "link"), (SEAL, "seal"), (ENV, "env"), (ROTATED, "root"), (b"", "no")):
        why = f"signed under {what} tag, which is for something else"
        yield case(f"{what} tag", "bad_signature", "A19", why, wrap(payload, tag=tag))
    weak = canonical(table(root=b64u(NEUTRAL)))
    yield case(
        "a small-order root",
        "parse",
        "A16",
        "a key that signs for everybody",
        "kdr2." + b64u(UNIVERSAL + weak),
        keys=[],
    )
    yield case(
        "S too large",
        "bad_signature",
        "A15",
        "S + L is the same number to a lax reader",
        "kdr2." + b64u(_malleable(payload) + payload),
    )
    yield case(
        "a flaw under a bad signature",
        "bad_signature",
        "A40",
        "what a stranger wrote is not read",
        wrap(canonical(table(seq=0)), EVE),
    )
    hidden = canonical({**table(), "zzz": {"root": EVE.text}})
    yield case(
        "a second root inside",
        "parse",
        "A11",
        "signed by the key that a hasty reader finds last",
        wrap(hidden, EVE),
        keys=[ROOT, EVE],
    )
    yield case(
        "a second root inside, by the first",
        "bad_signature",
        "A11",
        "the key that stands last is the one asked",
        wrap(hidden, ROOT),
        keys=[ROOT, EVE],
    )


def _malleable(payload: bytes) -> bytes:
    signature = ROOT.sign(REVOKED + payload)
    order = 2**252 + 27742317777372353535851937790883648493
    number = int.from_bytes(signature[32:], "little") + order
    return signature[:32] + number.to_bytes(32, "little")


def _payload() -> Iterator[dict[str, Any]]:
    good = canonical(table())
    raw: dict[str, bytes] = {
        "a space": good.replace(b'"seq":', b'"seq": '),
        "another order": b'{"seq":2,' + canonical(table(seq=None))[1:],
        "a key twice": good.replace(b'"seq":2', b'"seq":2,"seq":2'),
        "an escape": good.replace(b'"seq"', b'"\\u0073eq"'),
        "a point": good.replace(b'"seq":2', b'"seq":2.0'),
        "an exponent": good.replace(b'"seq":2', b'"seq":2e0'),
        "a minus": good.replace(b'"seq":2', b'"seq":-2'),
        "a zero before": good.replace(b'"seq":2', b'"seq":02'),
        "a list around": b"[" + good + b"]",
        "bytes after": good + b"{}",
        "a byte that is no ASCII": good.replace(b'"seq"', b'"s\xe9q"'),
    }
    for name, payload in raw.items():
        yield case(name, "parse", "A12", f"the payload with {name}", wrap(payload))
    for name in ("exp", "iat", "root", "seq"):
        yield case(f"no {name}", "parse", "A39", f"{name} is not there", made(**{name: None}))
    flaws: dict[str, dict[str, Any]] = {
        "an unknown field": {"alg": "none"},
        "number 0": {"seq": 0},
        "a number as text": {"seq": "2"},
        "a number that is true": {"seq": True},
        "a number over 2^53": {"seq": 2**53 + 1},
        "a time as text": {"exp": "never"},
        "no links in a list": {"ids": []},
        "no keys in a list": {"keys": []},
        "links out of order": {"ids": IDS[::-1]},
        "keys out of order": {"keys": KEYS[::-1]},
        "a link twice": {"ids": [IDS[0], IDS[0]]},
        "a link as text": {"ids": IDS[0]},
        "a link as number": {"ids": [7]},
        "a link of 31 bytes": {"ids": [b64u(bytes(31))]},
        "a link of 33 bytes": {"ids": [b64u(bytes(33))]},
        "a link in hex": {"ids": [ONE.id.hex()]},
        "a link with loose bits": {"ids": [IDS[0][:-1] + "B"]},
        "a link that is empty": {"ids": [""]},
        "a root in hex": {"root": ROOT.hex},
    }
    for name, changed in flaws.items():
        yield case(f"field: {name}", "parse", "A13", f"the payload has {name}", made(**changed))
    for name, changed in (
        ("the end is the beginning", {"exp": ISSUED}),
        ("the end before the beginning", {"exp": ISSUED - 1}),
    ):
        yield case(name, "bad_bounds", "A13", f"{name}: no honest root signs this", made(**changed))


def _taken_up() -> Iterator[dict[str, Any]]:
    other = wrap(canonical(table(root=OTHER_ROOT.text)), OTHER_ROOT)
    yield case(
        "a foreign root",
        "untrusted_root",
        "A2",
        "its root signs what it likes, and is not trusted",
        other,
    )
    yield case(
        "of two roots",
        "allow",
        "",
        "the other root is trusted here",
        other,
        keys=[ROOT, OTHER_ROOT],
    )
    yield case("no root at all", "no_trusted_root", "A3", "nothing is pinned", made(), keys=[])
    yield case(
        "a root by its DID", "allow", "", "pinned by its label", made(), keys=[], dids=[ROOT.did]
    )
    yield case(
        "a retired root",
        "untrusted_root",
        "",
        "what it signs now counts no more",
        made(),
        retired={ROOT.did: NOW},
    )
    yield case(
        "a root that ends",
        "allow",
        "",
        "a second before it is retired",
        made(),
        retired={ROOT.did: NOW + 1},
    )
    yield case(
        "from the future",
        "not_yet_valid",
        "A28",
        "31 seconds are more than clocks differ",
        made(iat=NOW + 31),
    )
    one, two, three = (made(seq=number) for number in (1, 2, 3))
    yield case("the next number", "allow", "", "3 comes after 2", three, known=[two])
    yield case(
        "a number left out",
        "allow",
        "",
        "3 comes after 1: a list says everything",
        three,
        known=[one],
    )
    yield case("the same again", "allow", "", "the very bytes that are known", two, known=[two])
    yield case(
        "an older one", "rolled_back", "A27", "1 would undo what 2 revoked", one, known=[two]
    )
    yield case(
        "another under one number",
        "rolled_back",
        "A27",
        "two lists with number 2, and one of them lies",
        made(ids=None),
        known=[two],
    )
    yield case(
        "a later time under one number",
        "rolled_back",
        "A27",
        "the time is not what orders lists",
        made(iat=ISSUED + 1, exp=ISSUED + 91 * DAY),
        known=[two],
    )
