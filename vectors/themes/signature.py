"""Signatures that do not belong where they stand: flipped, malleable, of another purpose, by another key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    ENV,
    EVE,
    EXPIRES,
    HELPER,
    LINK,
    NEUTRAL,
    ONE,
    ORDER,
    POP,
    ROOT,
    SEAL,
    THREE,
    TWO,
    ZERO,
    b64u,
    begin,
    canonical,
    case,
    fields,
    flipped,
    from_b64u,
    start,
)
from vectors.themes.valid import deep

CHILD = canonical(fields(BUILDER, ["deploy.staging"]))
SSHSIG = b"SSHSIG" + bytes(4) + b"\0\0\0\x04file"


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _flipped()
    yield from _malleable()
    yield from _other_purpose()
    yield from _other_key()


def bad(name: str, rows: str, why: str, token: str, **setting: Any) -> dict[str, Any]:
    """A case that fails on a signature."""
    return case(name, "bad_signature", rows, why, token, **setting)


def _flipped() -> Iterator[dict[str, Any]]:
    for index, holder in enumerate(("first", "second", "third")):
        for position, part in ((0, "R"), (40, "S"), (-20, "the payload")):
            text = flipped(THREE.links[index], position)
            yield bad(
                f"{holder} link: a bit of {part}",
                "A1 A10",
                f"one bit of {part} in the {holder} link",
                THREE.with_link(index, text).seal(),
            )
    seal, pop = THREE.seal(audience="ci.example"), THREE.pop()
    head, tail = seal.partition("~s")[0], seal.partition("~s")[2]
    for position, part in ((0, "R"), (63, "S"), (71, "the expiry"), (72, "the audience")):
        yield bad(
            f"seal: a bit of {part}",
            "A1 A4",
            f"one bit of {part} in the seal",
            f"{head}~s{flipped(tail, position)}",
            audience="ci.example",
        )
    tail = pop.partition("~p")[2]
    for position, part in ((0, "R"), (32, "S"), (71, "the time"), (87, "the nonce")):
        yield bad(
            f"pop: a bit of {part}",
            "A1 A27",
            f"one bit of {part} in the pop",
            f"{head}~p{flipped(tail, position)}",
            seen=[],
        )
    noise = bytes(range(64))
    text = b64u(noise + from_b64u(THREE.links[0])[64:])
    yield bad(
        "noise for the first signature",
        "A10",
        "a cache keyed by payloads alone would take it",
        THREE.with_link(0, text).seal(),
    )
    text = b64u(bytes(64) + from_b64u(THREE.links[2])[64:])
    yield bad(
        "zeros for the last signature", "A10", "64 zero bytes", THREE.with_link(2, text).seal()
    )
    long = deep(16)
    yield bad(
        "the sixteenth link",
        "A30",
        "fifteen good links do not make up for it",
        long.with_link(15, flipped(long.links[15], 3)).seal(),
    )
    swapped = THREE.with_link(
        1, b64u(from_b64u(THREE.links[2])[:64] + from_b64u(THREE.links[1])[64:])
    )
    yield bad(
        "another link's signature", "A5", "a true signature over another payload", swapped.seal()
    )


def _malleable() -> Iterator[dict[str, Any]]:
    for index in range(3):
        raw = from_b64u(THREE.links[index])
        text = b64u(_plus_order(raw[:64]) + raw[64:])
        yield bad(
            f"S + L in link {index}",
            "A15",
            f"the same equation with S beyond the order, in link {index}",
            THREE.with_link(index, text).seal(),
        )
    head, _, tail = THREE.seal().partition("~s")
    raw = from_b64u(tail)
    yield bad(
        "S + L in the seal",
        "A15",
        "the same with the seal",
        f"{head}~s{b64u(_plus_order(raw[:64]) + raw[64:])}",
    )
    head, _, tail = THREE.pop().partition("~p")
    raw = from_b64u(tail)
    yield bad(
        "S + L in the pop",
        "A15 A27",
        "a second spelling would be a second use",
        f"{head}~p{b64u(_plus_order(raw[:64]) + raw[64:])}",
        seen=[],
    )
    rest = EXPIRES.to_bytes(8, "big")
    for what, r in (
        ("R is the neutral element", NEUTRAL),
        ("R is p + 1", b"\xee" + b"\xff" * 30 + b"\x7f"),
    ):
        signature = HELPER.sign_with_small_r(SEAL + THREE.id + rest, r)
        yield bad(
            what, "A16", f"made with the right key, but {what}", THREE.seal(signature=signature)
        )
    payload = from_b64u(ONE.links[0])[64:]
    weak = start(payload, CI, signature=ROOT.sign_with_small_r(LINK + ZERO + payload, NEUTRAL))
    yield bad(
        "R is the neutral element, in a link",
        "A16",
        "the same in a root's own signature",
        weak.seal(),
    )


def _plus_order(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + s.to_bytes(32, "little")


def _other_purpose() -> Iterator[dict[str, Any]]:
    tags = {
        "link": LINK,
        "pop": POP,
        "env": ENV,
        "nothing": b"",
        "kd2 id": b"kd2 id\0",
        "revoked": b"kanoniv-auth/2 revoked\0",
        "root": b"kanoniv-auth/2 root\0",
        "exchange": b"kanoniv-auth/2 exchange\0",
        "approval": b"kanoniv-auth/2 approval\0",
        "seal without its zero": SEAL[:-1],
        "version 1": b"kanoniv-auth/1 seal\0",
        "SSH": SSHSIG,
    }
    for name, tag in tags.items():
        rows = "A20" if name == "SSH" else "A19"
        yield bad(
            f"seal signed as {name}",
            rows,
            f"the holder signed these bytes under the tag of {name}",
            TWO.seal(tag=tag),
        )
    payload = from_b64u(ONE.links[0])[64:]
    links = {**tags, "seal": SEAL, "link without its zero": LINK[:-1]}
    for name in (
        "seal",
        "pop",
        "env",
        "nothing",
        "revoked",
        "approval",
        "link without its zero",
        "SSH",
    ):
        rows = "A20" if name == "SSH" else "A19"
        yield bad(
            f"first link signed as {name}",
            rows,
            f"the root signed this payload under the tag of {name}",
            start(payload, CI, tag=links[name]).seal(),
        )
    for name in ("seal", "pop", "env", "nothing", "SSH"):
        rows = "A20" if name == "SSH" else "A19"
        yield bad(
            f"child link signed as {name}",
            rows,
            f"the holder signed a child under the tag of {name}",
            ONE.add(CHILD, BUILDER, tag=links[name]).seal(),
        )
    for name, tag in (("seal", SEAL), ("link", LINK), ("env", ENV), ("nothing", b"")):
        yield bad(
            f"pop signed as {name}",
            "A19 A27",
            f"a request signed under the tag of {name}",
            TWO.pop(tag=tag),
            seen=[],
        )
    commit = b"tree " + b"0" * 40 + b"\nauthor a <a@example.com> 1 +0000\n\n"
    yield bad(
        "a git commit as first link",
        "A20",
        "what a root key signs elsewhere is no link",
        start(payload, CI, signature=ROOT.sign(commit + payload)).seal(),
    )
    seal = TWO.seal()
    raw = from_b64u(seal.partition("~s")[2])
    yield bad(
        "a seal called a pop",
        "A19",
        "a seal of 24 bytes with the other letter",
        _renamed(TWO.seal(audience="a" * 16)),
        seen=[],
    )
    yield bad(
        "a pop called a seal",
        "A19",
        "a pop whose nonce could be an audience",
        TWO.pop(nonce=b"a" * 16).replace("~p", "~s"),
        audience="a" * 16,
    )
    as_link = ONE.add(CHILD, BUILDER, signature=raw[:64])
    yield bad(
        "a seal's signature in a link", "A19", "moved from the proof into a link", as_link.seal()
    )


def _renamed(token: str) -> str:
    return token.replace("~s", "~p")


def _other_key() -> Iterator[dict[str, Any]]:
    yield bad(
        "first link by somebody else",
        "A2",
        "names the root as its issuer and is signed by another key",
        start(from_b64u(ONE.links[0])[64:], CI, root=EVE).seal(),
    )
    yield bad(
        "first link by its delegate",
        "A2",
        "the delegate signs its own authority",
        start(from_b64u(ONE.links[0])[64:], CI, root=CI).seal(),
    )
    for name, key in (("the root", ROOT), ("its own delegate", BUILDER), ("somebody else", EVE)):
        yield bad(
            f"second link by {name}",
            "A2 A5",
            f"a child that {name} signed instead of the holder",
            ONE.add(CHILD, BUILDER, by=key).seal(),
        )
    for name, key in (("the root", ROOT), ("the parent", CI), ("somebody else", EVE)):
        yield bad(
            f"sealed by {name}",
            "A4",
            f"the proof is by {name}, not by the last delegate",
            TWO.seal(by=key),
        )
        yield bad(
            f"pop by {name}",
            "A4 A27",
            f"a request signed by {name}, not by the last delegate",
            TWO.pop(by=key),
            seen=[],
        )
    yield bad(
        "child signed as a first link",
        "A5",
        "the id of the parent is not in what was signed",
        ONE.add(CHILD, BUILDER, prev=ZERO).seal(),
    )
    yield bad(
        "first link signed as a child",
        "A5",
        "a first link stands on zeros",
        start(from_b64u(ONE.links[0])[64:], CI, prev=b"\1" * 32).seal(),
    )
    yield bad(
        "seal over the parent's id",
        "A4",
        "made for the chain without its last link",
        TWO.seal(over=ONE.id),
    )
    yield bad("seal over zeros", "A4", "made for no chain", TWO.seal(over=ZERO))
    yield bad(
        "seal of a longer chain",
        "A4",
        "made for the chain with one link more",
        TWO.seal(over=THREE.id, by=BUILDER),
    )
    wider = begin(CI, ["deploy", "test"], root=ROOT)
    yield bad(
        "seal of another chain",
        "A4 A6",
        "the same holder and root, and wider scopes",
        wider.grant + "~" + ONE.seal().partition("~")[2],
        action="deploy.prod",
    )
    later = TWO.seal(EXPIRES - 5).partition("~s")
    raw = from_b64u(later[2])
    yield bad(
        "a seal made longer",
        "A8",
        "its expiry put off by five seconds",
        f"{later[0]}~s{b64u(raw[:64] + EXPIRES.to_bytes(8, 'big'))}",
    )
    raw = from_b64u(TWO.seal(audience="a.example").partition("~s")[2])
    yield bad(
        "a seal without its audience",
        "A26",
        "the audience cut off",
        f"{TWO.grant}~s{b64u(raw[:72])}",
    )
    yield bad(
        "a seal with another audience",
        "A26",
        "the audience exchanged",
        f"{TWO.grant}~s{b64u(raw[:72] + b'b.example')}",
        audience="b.example",
    )
