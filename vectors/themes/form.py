"""Step 0 and base64url: what is no token at all, or none of this version."""

from __future__ import annotations

import binascii
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    ENV,
    NOW,
    ONE,
    ROOT,
    THREE,
    TWO,
    b64u,
    canonical,
    case,
    from_b64u,
)
from vectors.themes.valid import LARGE, deep, filler


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    for kind, value in (
        ("null", None),
        ("a number", 2),
        ("a list", [TWO.seal()]),
        ("a table", {"t": TWO.seal()}),
    ):
        yield case(f"token is {kind}", "parse", "A39", f"{kind} is not text", value)
    yield from _versions()
    yield from _sizes()
    yield from _parts()
    yield from _proofs()
    yield from _base64()


def _jwt() -> str:
    head, body = (
        b64u(b'{"alg":"EdDSA","typ":"JWT"}'),
        b64u(canonical({"scope": "deploy.staging", "sub": CI.did})),
    )
    return f"{head}.{body}.{b64u(ROOT.sign(f'{head}.{body}'.encode()))}"


def _version_1() -> str:
    link = {
        "agent_did": CI.did,
        "expires_at": NOW + 60,
        "issuer_did": ROOT.did,
        "scopes": ["deploy.staging"],
    }
    signed = {**link, "signature": binascii.b2a_hex(ROOT.sign(canonical(link))).decode()}
    return json.dumps({"version": 1, "chain": [signed], **link}, sort_keys=True)


def _envelope() -> str:
    table = {
        "act": "deploy.staging",
        "arg": b64u(hashlib.sha256(b"").digest()),
        "cid": b64u(TWO.id),
        "iat": NOW,
        "non": b64u(bytes(16)),
        "prv": b64u(bytes(32)),
        "res": "success",
        "seq": 0,
        "str": b64u(bytes(16)),
        "tgt": "",
    }
    return f"kde2.{b64u(BUILDER.sign(ENV + canonical(table)) + canonical(table))}~{'.'.join(TWO.links)}"


def _versions() -> Iterator[dict[str, Any]]:
    rest = TWO.seal().removeprefix("kd2")
    foreign = {
        "an empty text": ("", "nothing is no token"),
        "prefix kd3": ("kd3" + rest, "another version is another format"),
        "prefix KD2": ("KD2" + rest, "the prefix is not folded"),
        "no prefix": (rest[1:], "links without their prefix"),
        "kd2 without its dot": ("kd2" + rest[1:], "the dot belongs to the prefix"),
        "space before": (" kd2" + rest, "nothing stands before a token"),
        "byte order mark before": ("\ufeffkd2" + rest, "not even an invisible mark"),
        "bearer before": ("Bearer kd2" + rest, "a header's first word is no part of the token"),
        "a JWT": (_jwt(), "EdDSA by the very same key, in another format"),
        "an unsigned JWT": (
            b64u(b'{"alg":"none"}') + "." + b64u(b"{}") + ".",
            "no algorithm field is ever read",
        ),
        "version 1": (_version_1(), "JSON of the published product"),
        "version 1 in base64": (
            b64u(_version_1().encode()),
            "as it travels in the published product",
        ),
        "version 7": ('{"version":7}', "an unknown number of a version"),
        "a bundle": (
            "kdb2." + b64u(BUILDER.seed) + rest[3:],
            "a bundle holds a key and is never verified",
        ),
        "an envelope": (_envelope(), "a receipt is no token"),
        "a revocation list": ("kdr2." + b64u(bytes(80)), "nor is a revocation list"),
        "a rotation": ("kdx2." + b64u(bytes(80)), "nor is a rotation"),
    }
    for name, (token, why) in foreign.items():
        yield case(name, "unknown_version", "A18", why, token)


def _sizes() -> Iterator[dict[str, Any]]:
    big = LARGE.seal(audience=filler(16384))
    yield case(
        "one character too large",
        "too_large",
        "A29",
        "16,385 characters: the largest token and one more",
        big + "A",
    )
    yield case(
        "large and of no version",
        "too_large",
        "A29",
        "the size is looked at before the prefix",
        "x" * 16385,
    )
    yield case(
        "seventeen links",
        "too_deep",
        "A29 A32",
        "one link more than there may be, each signed well",
        deep(17).seal(),
    )
    yield case(
        "seventeen times nothing much",
        "too_deep",
        "A29",
        "links are counted before they are decoded",
        "kd2." + ".".join("A" * 17) + "~s",
    )
    yield case(
        "seventeen links without a proof",
        "too_deep",
        "A29",
        "and before the proof is looked for",
        deep(17).grant,
    )


def _parts() -> Iterator[dict[str, Any]]:
    links, proof = TWO.grant.removeprefix("kd2."), TWO.seal().partition("~")[2]
    first, second = TWO.links
    empty = {
        "prefix alone": ("kd2.", "there is no link"),
        "prefix and proof": (f"kd2.~{proof}", "a proof of nothing"),
        "empty link first": (f"kd2..{links}~{proof}", "an empty link before the others"),
        "empty link last": (f"kd2.{links}.~{proof}", "an empty link after the others"),
        "empty link between": (f"kd2.{first}..{second}~{proof}", "an empty link between two"),
        "empty proof": (f"kd2.{links}~", "a proof of no characters"),
        "two proofs": (
            f"kd2.{links}~{proof}~{proof}",
            "a second proof stands in the first one's text",
        ),
        "proof before links": (f"kd2.~{proof}~{links}", "the parts have one order"),
        "newline after": (
            f"kd2.{links}~{proof}\n",
            "nothing stands after a token, not even a newline",
        ),
        "space after": (f"kd2.{links}~{proof} ", "nor a space"),
        "zero after": (f"kd2.{links}~{proof}\0", "nor a zero character"),
        "comma after": (f"kd2.{links}~{proof},", "nor the comma of a list"),
    }
    for name, (token, why) in empty.items():
        yield case(name, "parse", "A1 A14", why, token)
    yield case(
        "a grant",
        "holder_unproven",
        "A4",
        "links without a proof: nobody has accepted them",
        TWO.grant,
    )
    yield case(
        "a grant of one link",
        "holder_unproven",
        "A4",
        "the root's word alone does not prove the holder",
        ONE.grant,
    )
    broken = ONE.with_link(0, "not base64url!")
    yield case(
        "an unreadable grant",
        "holder_unproven",
        "A4",
        "the proof is missed before links are decoded",
        broken.grant,
    )


def _proofs() -> Iterator[dict[str, Any]]:
    raw = from_b64u(THREE.seal().partition("~s")[2])
    pop = from_b64u(THREE.pop().partition("~p")[2])
    shapes = {
        "proof of kind S": ("S" + b64u(raw), "the letter is not folded"),
        "proof of kind x": ("x" + b64u(raw), "there are two kinds of proof"),
        "proof without a letter": (
            b64u(raw)[1:],
            "whatever letter the signature happens to begin with",
        ),
        "seal of nothing": ("s", "a letter alone"),
        "seal without expiry": ("s" + b64u(raw[:64]), "64 bytes: the signature alone"),
        "seal cut in its expiry": ("s" + b64u(raw[:71]), "71 bytes: seven of the expiry's eight"),
        "seal of half a signature": ("s" + b64u(raw[:32]), "32 bytes"),
        "pop cut in its nonce": ("p" + b64u(pop[:87]), "87 bytes: a nonce has 16"),
        "pop with a longer nonce": ("p" + b64u(pop + b"\0"), "89 bytes: a nonce has 16, not 17"),
        "pop of nothing": ("p", "a letter alone, for a pop"),
    }
    for name, (proof, why) in shapes.items():
        yield case(name, "parse", "A4 A14", why, f"{THREE.grant}~{proof}")
    audiences = {
        "space": "ci .example",
        "quote": 'ci"example',
        "backslash": "ci\\example",
        "newline": "ci\nexample",
        "delete": "ci\x7f",
        "zero": "ci\0",
        "byte above 0x7e": "ci\xe9",
        "length of 256": "a" * 256,
    }
    for what, audience in audiences.items():
        yield case(
            f"audience with a {what}",
            "parse",
            "A26 A34",
            f"a well signed seal, its audience has a {what}",
            THREE.seal(audience=audience),
            audience=audience,
        )


def _base64() -> Iterator[dict[str, Any]]:
    first, second = TWO.links
    odd = next(
        c
        for n in range(3)
        if len(from_b64u((c := ONE.to(BUILDER, ["deploy.staging"], nam="n" * (n + 1))).links[1]))
        % 3
    )
    texts = {
        "padding": (first + "=" * (-len(first) % 4 or 1), "padding has no place in a token"),
        "newline inside": (
            first[:40] + "\n" + first[40:],
            "decoders that skip white space give the same bytes",
        ),
        "space inside": (first[:40] + " " + first[40:], "nor is a space skipped"),
        "junk inside": (first[:40] + "!" + first[40:], "nor a character outside the alphabet"),
        "plus": ("+" + first[1:], "the other base64 alphabet has plus"),
        "slash": ("/" + first[1:], "and slash"),
        "Cyrillic A": ("\u0410" + first[1:], "what looks like a letter of the alphabet"),
        "fullwidth A": ("\uff21" + first[1:], "what a normaliser would turn into one"),
        "one character over": (
            first[: len(first) // 4 * 4 + 1],
            "a length of 4n+1 holds no whole byte",
        ),
        "signature alone": (b64u(from_b64u(first)[:64]), "64 bytes leave no payload"),
        "less than a signature": (b64u(from_b64u(first)[:63]), "63 bytes leave no signature"),
    }
    for name, (text, why) in texts.items():
        yield case(
            f"first link: {name}",
            "parse",
            "A14",
            f"{why}, in the first link",
            TWO.with_link(0, text).seal(),
        )
    last = {
        "padding": second + "=" * (-len(second) % 4 or 1),
        "junk inside": second[:40] + "!" + second[40:],
        "signature alone": b64u(from_b64u(second)[:64]),
    }
    for name, text in last.items():
        yield case(
            f"second link: {name}",
            "parse",
            "A14",
            f"{name} in the last link",
            TWO.with_link(1, text).seal(),
        )
    text = odd.links[1]
    for bit in (1, 2) if len(text) % 4 == 3 else (1, 2, 4, 8):
        alike = text[:-1] + _sibling(text[-1], bit)
        yield case(
            f"unused bit {bit}",
            "parse",
            "A14",
            f"the same bytes with bit {bit} of the last character's rest",
            odd.with_link(1, alike).seal(),
        )
    seal = next(
        s
        for n in range(3)
        if len(s := THREE.seal(audience="a" * n)) and len(s.partition("~s")[2]) % 4
    )
    alike = seal[:-1] + _sibling(seal[-1], 1)
    yield case(
        "unused bit in a seal",
        "parse",
        "A14",
        "the same seal, spelled another way",
        alike,
        audience="",
    )


def _sibling(letter: str, bit: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) ^ bit]
