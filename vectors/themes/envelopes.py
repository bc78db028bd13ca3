"""Receipts: whole, in one stream, within their authority; and everything that is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    ENV,
    EVE,
    EXPIRES,
    HELPER,
    ISSUED,
    LINK,
    NOW,
    ONE,
    OTHER_ROOT,
    ROOT,
    SEAL,
    THREE,
    TWO,
    ZERO,
    Chain,
    Key,
    b64u,
    begin,
    canonical,
    flipped,
)
from vectors.themes.valid import deep

STREAM = b64u(hashlib.sha256(b"stream").digest()[:16])


def case(
    name: str, expect: str, rows: str, why: str, *stream: Any, **setting: Any
) -> dict[str, Any]:
    """One vector: receipts that are verified one by one, and then as one stream."""
    return {
        "name": name,
        "why": why,
        "rows": rows.split(),
        "expect": expect,
        "stream": list(stream),
        "roots": {
            "keys": [k.hex for k in setting.pop("keys", [ROOT])],
            "dids": setting.pop("dids", []),
            "retired": setting.pop("retired", {}),
        },
        "revoked": setting.pop("revoked", {}),
    }


def table(chain: Chain, **changed: Any) -> dict[str, Any]:
    """The payload of a receipt as a table; None leaves a key out."""
    fields = {
        "act": "deploy.staging",
        "arg": b64u(hashlib.sha256(b"").digest()),
        "cid": b64u(chain.id),
        "iat": NOW,
        "non": b64u(hashlib.sha256(b"nonce").digest()[:16]),
        "prv": b64u(ZERO),
        "res": "success",
        "seq": 0,
        "str": STREAM,
        "tgt": "staging",
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def wrap(chain: Chain, payload: bytes, by: Key | None = None, tag: bytes = ENV) -> str:
    """Sign payload bytes as a receipt of a chain."""
    signature = (by or chain.holder).sign(tag + payload)
    return f"kde2.{b64u(signature + payload)}~{'.'.join(chain.links)}"


def made(chain: Chain, **changed: Any) -> str:
    """A receipt with some of its fields changed."""
    return wrap(chain, canonical(table(chain, **changed)))


def after(*tables: dict[str, Any]) -> str:
    """What `prv` must be after these payloads."""
    return b64u(hashlib.sha256(ENV + canonical(tables[-1])).digest())


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _good()
    yield from _form()
    yield from _fields()
    yield from _signed()
    yield from _authority()
    yield from _streams()


def _good() -> Iterator[dict[str, Any]]:
    yield case("a receipt", "allow", "A37", "who did what, under which authority", made(TWO))
    yield case(
        "every field",
        "allow",
        "",
        "facts and metadata of all types",
        made(
            TWO,
            fct={"ref": "refs/heads/main"},
            met={"ok": True, "bad": False, "run": 42, "note": ""},
            tgt="",
            res="",
        ),
    )
    yield case(
        "escaped texts",
        "allow",
        "A34",
        "newline, escape of a terminal, quote, per cent and Cyrillic, all as %xx",
        made(TWO, tgt="%0aadmin%1b[31m%22%5c%25", res="%d0%b4%d0%b0", met={"%22k%22": "%0a"}),
    )
    chain = begin(CI, ["git.push.main%2eevil"])
    yield case(
        "an escaped action",
        "allow",
        "A23",
        "the per cent sign of the scope is escaped like any other",
        made(chain, act="git.push.main%252eevil"),
    )
    caveats = begin(
        CI,
        ["deploy"],
        cav=[
            ["audience", "ci"],
            ["context", "ref", "main"],
            ["max_cost", "EUR", 5],
            ["resource", "src/*"],
        ],
    )
    facts = {"audience": "ci", "ref": "main", "cost": "EUR 5", "resource": "src/app"}
    yield case(
        "facts for every caveat",
        "allow",
        "A25",
        "what the holder says the caveats were held against",
        made(caveats, fct=facts),
    )
    for name in facts:
        less = {key: value for key, value in facts.items() if key != name}
        yield case(
            f"facts without {name}",
            "caveat",
            "A25",
            f"the caveat about {name} has no fact",
            made(caveats, fct=less),
        )
    for cost in ("EUR 6", "EUR -1", "EUR", "EUR 5.0", "USD 5", "EUR  5", "5", "EUR 05"):
        yield case(
            f"cost {cost}",
            "caveat",
            "A25 A13",
            f"the signed cost is {cost!r}",
            made(caveats, fct={**facts, "cost": cost}),
        )
    yield case(
        "the last second",
        "allow",
        "A8",
        "a second before the chain ends",
        made(TWO, iat=EXPIRES - 1),
    )
    yield case("largest receipt", "allow", "A29", "exactly 65,536 characters", large(65536))
    yield case("the first second", "allow", "A28", "as early as its links", made(TWO, iat=ISSUED))
    yield case(
        "long after",
        "allow",
        "A8",
        "a receipt outlives its chain: its own time counts",
        made(begin(CI, ["deploy"], exp=ISSUED + 9), iat=ISSUED + 5),
    )


def large(size: int) -> str:
    """A receipt of exactly so many characters, by the length of its target and of its result."""
    for rest in range(3):
        room = (size - len(made(TWO, tgt="", res="r" * rest))) * 3 // 4
        for length in range(room - 3, room + 4):
            text = made(TWO, tgt="t" * length, res="r" * rest)
            if len(text) == size:
                return text
    raise AssertionError(size)


def _form() -> Iterator[dict[str, Any]]:
    good = made(TWO)
    body, links = good.removeprefix("kde2.").split("~")
    texts: dict[str, tuple[str, Any]] = {
        "null": ("unknown_version", None),
        "an empty text": ("unknown_version", ""),
        "a token": ("unknown_version", TWO.seal()),
        "a capital prefix": ("unknown_version", good.replace("kde2", "KDE2")),
        "a space before": ("unknown_version", " " + good),
        "JSON": ("unknown_version", '{"action":"deploy.staging"}'),
        "65,537 characters": ("too_large", large(65537)),
        "no links": ("parse", f"kde2.{body}"),
        "empty links": ("parse", f"kde2.{body}~"),
        "a proof": ("parse", f"{good}~s{body}"),
        "no body": ("parse", f"kde2.~{links}"),
        "padding": ("parse", f"kde2.{body}{'=' * (-len(body) % 4 or 1)}~{links}"),
        "a signature alone": ("parse", f"kde2.{b64u(bytes(64))}~{links}"),
        "a newline after": ("parse", good + "\n"),
        "17 links": ("too_deep", made(deep(17))),
        "a grant for links": ("parse", f"kde2.{body}~kd2.{links}"),
        "links of more than a token": ("too_large", f"kde2.{body}~{'A' * 16384}"),
    }
    for name, (code, text) in texts.items():
        yield case(f"form: {name}", code, "A14 A18", f"a receipt that is, or has, {name}", text)


def _fields() -> Iterator[dict[str, Any]]:
    for name in ("act", "arg", "cid", "iat", "non", "prv", "res", "seq", "str", "tgt"):
        yield case(
            f"without {name}", "parse", "A37", f"{name} is required", made(TWO, **{name: None})
        )
    values: dict[str, dict[str, Any]] = {
        "an unknown field": {"zzz": 1},
        "an action that is no text": {"act": 1},
        "a short hash": {"arg": b64u(bytes(31))},
        "a long id": {"cid": b64u(bytes(33))},
        "a short nonce": {"non": b64u(bytes(15))},
        "a short stream": {"str": "AAAA"},
        "a number for a hash": {"prv": 0},
        "a float time": {"iat": 1.5},
        "a boolean time": {"iat": True},
        "a text time": {"iat": "1"},
        "a negative seq": {"seq": -1},
        "a boolean seq": {"seq": False},
        "a great seq": {"seq": 2**53 + 1},
        "facts in a list": {"fct": ["a"]},
        "a number as a fact": {"fct": {"run": 1}},
        "a table in facts": {"fct": {"a": {"b": "c"}}},
        "null in metadata": {"met": {"a": "b", "n": [None]}},
        "a list in metadata": {"met": {"a": [1]}},
        "a float in metadata": {"met": {"a": 0.5}},
        "half an escape": {"tgt": "100%"},
        "a capital escape": {"tgt": "%0A"},
        "an escape of a letter": {"tgt": "%41"},
        "bytes that are no UTF-8": {"res": "%ff"},
        "text beyond ASCII": {"tgt": "\u0434\u0430"},
        "an escaped surrogate": {"tgt": "%ed%a0%80"},
        "a key with half an escape": {"met": {"%": 1}},
        "empty facts": {"fct": {}},
        "empty metadata": {"met": {}},
        "no facts but a false": {"fct": False},
    }
    for name, change in values.items():
        yield case(
            f"field: {name}",
            "parse",
            "A34" if "escape" in name else "A13",
            f"a well signed receipt with {name}",
            made(TWO, **change),
        )
    text = canonical(table(TWO)).decode()
    variants = {
        "a field twice": text.replace('"act"', '"act":"prod","act"'),
        "a space": text.replace(":", ": ", 1),
        "a raw newline": text.replace("staging", "a\nb"),
        "an escape of JSON": text.replace('"act"', '"\\u0061ct"'),
        "another order": "{" + ",".join(reversed(text[1:-1].split(","))) + "}",
        "a list": f"[{text}]",
        "an object after it": text + "{}",
        "deep brackets": "[" * 40000,
    }
    for name, payload in variants.items():
        yield case(
            f"JSON: {name}",
            "parse",
            "A11 A12 A34",
            f"a payload with {name}",
            wrap(TWO, payload.encode()),
        )


def _signed() -> Iterator[dict[str, Any]]:
    payload = canonical(table(TWO))
    for name, key in (("the parent", CI), ("the root", ROOT), ("somebody else", EVE)):
        yield case(
            f"signed by {name}",
            "bad_signature",
            "A37",
            f"{name} signed for the holder",
            wrap(TWO, payload, key),
        )
    for name, tag in (("link", LINK), ("seal", SEAL), ("nothing", b"")):
        yield case(
            f"signed as {name}",
            "bad_signature",
            "A19",
            f"under the tag of {name}",
            wrap(TWO, payload, tag=tag),
        )
    body, links = made(TWO).removeprefix("kde2.").split("~")
    for position, part in ((0, "R"), (40, "S")):
        yield case(
            f"a bit of {part}",
            "bad_signature",
            "A1",
            f"one bit of {part}",
            f"kde2.{flipped(body, position)}~{links}",
        )
    wide = begin(CI, ["deploy", "test"]).to(BUILDER, ["deploy"])
    head = f"kde2.{body}~"
    yield case(
        "another chain of the same holder",
        "bad_signature",
        "A37",
        "its links exchanged for broader ones",
        head + ".".join(wide.links),
    )
    yield case(
        "the parent's chain",
        "bad_signature",
        "A4 A37",
        "its last link cut off",
        head + ONE.links[0],
    )
    yield case(
        "a longer chain", "bad_signature", "A37", "a link added", head + ".".join(THREE.links)
    )
    yield case(
        "a forged link",
        "bad_signature",
        "A1",
        "a bit of its chain",
        made(TWO.with_link(1, flipped(TWO.links[1], 0))),
    )
    foreign = begin(CI, ["deploy"], root=EVE)
    yield case(
        "a root of one's own", "untrusted_root", "A3 A37", "a fabricated receipt", made(foreign)
    )
    yield case(
        "nothing pinned", "no_trusted_root", "A3", "nothing to check it by", made(TWO), keys=[]
    )
    yield case(
        "another root pinned",
        "untrusted_root",
        "A3",
        "a receipt from elsewhere",
        made(TWO),
        keys=[OTHER_ROOT],
    )
    yield case(
        "retired before it was signed",
        "untrusted_root",
        "A3",
        "the root had retired by then",
        made(TWO),
        retired={ROOT.did: NOW},
    )
    yield case(
        "retired after it was signed",
        "allow",
        "A3",
        "the root retired a second later",
        made(TWO),
        retired={ROOT.did: NOW + 1},
    )


def _authority() -> Iterator[dict[str, Any]]:
    for action in ("test", "deploy", "deploy.staging2", "deploy%252estaging", "", "*"):
        yield case(
            f"action {action!r}",
            "scope",
            "A22 A37",
            f"{action!r} was not granted",
            made(TWO, act=action),
        )
    yield case(
        "too late", "expired", "A8", "signed when the chain had ended", made(TWO, iat=EXPIRES)
    )
    yield case(
        "too early",
        "not_yet_valid",
        "A28",
        "signed before its links, with no allowance",
        made(TWO, iat=ISSUED - 1),
    )
    later = ONE.to(BUILDER, ["deploy.staging"], iat=NOW + 10)
    yield case(
        "before the last link",
        "not_yet_valid",
        "A28",
        "within the life of its parent alone",
        made(later),
    )
    wide = ONE.to(BUILDER, ["prod"])
    yield case(
        "a widened chain",
        "widened",
        "A7 A37",
        "its own chain does not stand",
        made(wide, act="prod"),
    )
    longer = ONE.to(BUILDER, ["test"], exp=EXPIRES + 1)
    yield case(
        "a stretched chain",
        "outlives_parent",
        "A8",
        "nor does one that outlives its parent",
        made(longer, act="test"),
    )
    yield case(
        "a chain of impossible bounds",
        "bad_bounds",
        "A8",
        "nor one that ends before it begins",
        made(begin(CI, ["deploy"], exp=1), act="deploy"),
    )
    most = begin(CI, ["deploy"], cav=[["max_cost", "EUR", 2**53]])
    for amount, expect, why in (
        (2**53, "allow", "the largest integer is an amount like any other"),
        (2**53 + 1, "caveat", "one more is no integer of the format, so no amount"),
    ):
        yield case(
            f"a cost of {amount}",
            expect,
            "A25",
            why,
            made(most, act="deploy", fct={"cost": f"EUR {amount}"}),
        )
    unknown = begin(CI, ["deploy"], cav=[["zone", "eu"]])
    yield case(
        "an unknown caveat",
        "unknown_caveat",
        "A25",
        "nobody can say whether it held",
        made(unknown, fct={"zone": "eu"}),
    )
    early = begin(CI, ["deploy"], cav=[["not_before", NOW + 1]])
    yield case("not_before", "not_yet_valid", "A28", "a caveat about its own time", made(early))
    for name, entry in (("link", TWO.ids[0]), ("holder", BUILDER.public), ("root", ROOT.public)):
        yield case(
            f"revoked {name}",
            "revoked",
            "A31",
            f"the {name} is revoked by now",
            made(TWO),
            revoked={ROOT.hex: [entry.hex()]},
        )
    yield case(
        "revoked by another root",
        "allow",
        "A31",
        "whose list says nothing about it",
        made(TWO),
        revoked={OTHER_ROOT.hex: [BUILDER.hex]},
    )


def _streams() -> Iterator[dict[str, Any]]:
    first = table(TWO)
    second = table(TWO, seq=1, prv=after(first), res="failure")
    third = table(TWO, seq=2, prv=after(second))
    one, two, three = (wrap(TWO, canonical(fields)) for fields in (first, second, third))
    yield case("three in a row", "allow", "A37", "each names the one before", one, two, three)
    yield case("from the middle", "allow", "A37", "a part of a stream is one, too", two, three)
    yield case(
        "a missing tail", "allow", "A37", "this cannot be seen without a checkpoint", one, two
    )
    bad = {
        "a gap": (one, three),
        "a repetition": (one, one),
        "turned round": (two, one),
        "the last twice": (one, two, two),
        "two with one seq": (one, two, wrap(TWO, canonical({**second, "res": "success"}))),
        "a new beginning": (one, two, one),
        "another stream between": (one, wrap(TWO, canonical({**second, "str": b64u(bytes(16))}))),
        "a wrong prv": (one, wrap(TWO, canonical({**second, "prv": after(second)}))),
        "another holder": (one, wrap(THREE, canonical({**second, "cid": b64u(THREE.id)}))),
        "seq 0 with a prv": (wrap(TWO, canonical({**first, "prv": after(first)})),),
        "seq 1 without a prv": (wrap(TWO, canonical({**first, "seq": 1})),),
    }
    for name, stream in bad.items():
        yield case(f"stream: {name}", "bad_signature", "A37", f"receipts with {name}", *stream)
    longer = ONE.to(BUILDER, ["deploy.staging"], jti=b64u(bytes(16)))
    other = wrap(longer, canonical({**second, "cid": b64u(longer.id)}))
    yield case(
        "one holder, two chains",
        "allow",
        "A37",
        "a stream is a holder's, not a chain's",
        one,
        other,
    )
    yield case(
        "a bad one among good ones",
        "scope",
        "A37",
        "each is verified for itself",
        one,
        wrap(TWO, canonical({**second, "act": "prod"})),
    )
    assert HELPER is THREE.holder
