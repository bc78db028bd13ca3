"""Rotations that are taken up: signed by both roots, the old one trusted; and everything that is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    DAY,
    EVE,
    HELPER,
    ISSUED,
    LINK,
    NEUTRAL,
    NOW,
    OTHER_ROOT,
    ROOT,
    SEAL,
    UNIVERSAL,
    Key,
    b64u,
    canonical,
    flipped,
)
from vectors.themes.lists import REVOKED, ROTATED, case

UNTIL = NOW + 30 * DAY


def table(**changed: Any) -> dict[str, Any]:
    """The payload of a rotation as a table; None leaves a key out."""
    fields = {
        "iat": ISSUED,
        "new": OTHER_ROOT.text,
        "old": ROOT.text,
        "seq": 1,
        "until": UNTIL,
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def wrap(payload: bytes, old: Key = ROOT, new: Key = OTHER_ROOT, tag: bytes = ROTATED) -> str:
    """Sign payload bytes as a rotation."""
    return "kdx2." + b64u(old.sign(tag + payload) + new.sign(tag + payload) + payload)


def made(old: Key = ROOT, new: Key = OTHER_ROOT, **changed: Any) -> str:
    """A rotation with some of its fields changed."""
    return wrap(canonical(table(old=old.text, new=new.text, **changed)), old, new)


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _form()
    yield from _signed()
    yield from _payload()
    yield from _taken_up()


def _form() -> Iterator[dict[str, Any]]:
    good = made()
    payload = canonical(table())
    texts: dict[str, Any] = {
        "a number": 1,
        "the prefix without its dot": "kdx2",
        "the prefix alone": "kdx2.",
        "another prefix": good.replace("kdx2", "kdr2"),
        "a capital prefix": good.replace("kdx2", "KDX2"),
        "a space before": " " + good,
        "a line end after": good + "\n",
        "padding": good + "==",
        "one signature": "kdx2." + b64u(ROOT.sign(ROTATED + payload) + payload),
        "two signatures alone": "kdx2." + b64u(bytes(128)),
        "1,025 characters": _long(1025),
    }
    for name, text in texts.items():
        yield case(name, "parse", "A18", f"{name} is no rotation", text)


def _long(size: int) -> str:
    """A rotation of exactly so many characters, by a field that is not known."""
    for count in range(1, size):
        text = wrap(canonical({**table(), "note": "n" * count}))
        if len(text) == size:
            return text
    raise AssertionError(size)


def _signed() -> Iterator[dict[str, Any]]:
    payload = canonical(table())
    for at, what in ((3, "the old signature"), (70, "the new signature"), (140, "the payload")):
        text = "kdx2." + flipped(made().removeprefix("kdx2."), at)
        yield case(f"a bit of {what}", "bad_signature", "A1", f"one bit of {what} is another", text)
    for name, signers, why in (
        (
            "the old root did not sign",
            (EVE, OTHER_ROOT),
            "eve makes a successor that the old root never saw",
        ),
        ("the new root did not sign", (ROOT, EVE), "a successor that does not hold its key"),
        ("the wrong order", (OTHER_ROOT, ROOT), "both signed, in each other's place"),
        ("the old root twice", (ROOT, ROOT), "one key in both places"),
        ("the new root twice", (OTHER_ROOT, OTHER_ROOT), "the successor appoints itself"),
    ):
        yield case(name, "bad_signature", "A2", why, wrap(payload, *signers))
    for tag, what in ((LINK, "link"), (SEAL, "seal"), (REVOKED, "revoked"), (b"", "no")):
        why = f"signed under {what} tag, which is for something else"
        yield case(f"{what} tag", "bad_signature", "A19", why, wrap(payload, tag=tag))
    for name in ("old", "new"):
        weak = canonical(table(**{name: b64u(NEUTRAL)}))
        pair = UNIVERSAL + OTHER_ROOT.sign(ROTATED + weak)
        if name == "new":
            pair = ROOT.sign(ROTATED + weak) + UNIVERSAL
        why = f"the {name} root is a key that signs for everybody"
        yield case(f"small-order {name} root", "parse", "A16", why, "kdx2." + b64u(pair + weak))
    why = "what strangers wrote is not read"
    yield case(
        "a flaw under bad signatures",
        "bad_signature",
        "A40",
        why,
        wrap(canonical(table(seq=0)), EVE, HELPER),
    )


def _payload() -> Iterator[dict[str, Any]]:
    good = canonical(table())
    raw: dict[str, bytes] = {
        "a space": good.replace(b'"seq":', b'"seq": '),
        "a key twice": good.replace(b'"seq":1', b'"seq":1,"seq":1'),
        "another order": b'{"seq":1,' + canonical(table(seq=None))[1:],
        "a point": good.replace(b'"seq":1', b'"seq":1.0'),
        "bytes after": good + b" ",
    }
    for name, payload in raw.items():
        yield case(name, "parse", "A12", f"the payload with {name}", wrap(payload))
    for name in ("iat", "new", "old", "seq", "until"):
        text = wrap(canonical(table(**{name: None})))
        yield case(f"no {name}", "parse", "A39", f"{name} is not there", text)
    flaws: dict[str, dict[str, Any]] = {
        "an unknown field": {"scp": ["deploy"]},
        "number 0": {"seq": 0},
        "a number that is true": {"seq": True},
        "an end as text": {"until": "never"},
        "a beginning as text": {"iat": "1"},
    }
    for name, changed in flaws.items():
        text = wrap(canonical(table(**changed)))
        yield case(f"field: {name}", "parse", "A13", f"the payload has {name}", text)
    yield case("to itself", "parse", "", "a root that follows itself", made(new=ROOT))
    text = made(until=ISSUED - 1)
    yield case("ended before it was said", "bad_bounds", "A13", "no honest root signs this", text)


def _taken_up() -> Iterator[dict[str, Any]]:
    yield case("a rotation", "allow", "", "the old root is trusted, and both signed", made())
    yield case("at once", "allow", "", "the old root ends when it is said", made(until=ISSUED))
    yield case(
        "by its DID",
        "allow",
        "",
        "the old root is pinned by its label",
        made(),
        keys=[],
        dids=[ROOT.did],
    )
    why = "whoever trusts only the successor does not need to be told, and a stranger must not tell"
    yield case(
        "the new root alone is trusted", "untrusted_root", "A2", why, made(), keys=[OTHER_ROOT]
    )
    yield case(
        "a stranger's", "untrusted_root", "A2", "eve rotates a root of her own", made(EVE, HELPER)
    )
    yield case("nothing is trusted", "no_trusted_root", "A3", "nothing is pinned", made(), keys=[])
    why = "a key from an old backup appoints a successor"
    yield case("of a retired root", "untrusted_root", "", why, made(seq=2), retired={ROOT.did: NOW})
    yield case(
        "from the future",
        "not_yet_valid",
        "A28",
        "31 seconds are more than clocks differ",
        made(iat=NOW + 31),
    )
    yield case(
        "half a minute early",
        "allow",
        "A28",
        "clocks differ by up to 30 seconds",
        made(iat=NOW + 30),
    )
    first, second = made(), made(seq=2, until=UNTIL - DAY)
    yield case("the same again", "allow", "", "the very bytes that are known", first, known=[first])
    yield case(
        "an earlier end", "allow", "", "an end can come sooner than was said", second, known=[first]
    )
    yield case(
        "an older one", "rolled_back", "A27", "1 would undo what 2 said", first, known=[second]
    )
    why = "two rotations with number 1, and one of them lies"
    yield case(
        "another under one number", "rolled_back", "A27", why, made(new=BUILDER), known=[first]
    )
    why = "the end that was announced is put off"
    yield case(
        "a later end", "rolled_back", "A27", why, made(seq=2, until=UNTIL + 1), known=[first]
    )
    back = made(OTHER_ROOT, ROOT)
    why = "the successor appoints the root that has given way to it"
    yield case(
        "and back again", "rolled_back", "", why, back, known=[first], keys=[ROOT, OTHER_ROOT]
    )
    why = "the successor has a successor of its own"
    yield case(
        "one after the other",
        "allow",
        "",
        why,
        made(OTHER_ROOT, BUILDER),
        known=[first],
        keys=[ROOT, OTHER_ROOT],
    )
