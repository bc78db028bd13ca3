"""Payloads that the right key signed and that are malformed all the same: one form, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    EXPIRES,
    ISSUED,
    NEUTRAL,
    ONE,
    ROOT,
    TWO,
    UNIVERSAL,
    Chain,
    b64u,
    canonical,
    case,
    fields,
    jti,
    start,
)

P = 2**255 - 19


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _json()
    yield from _numbers()
    yield from _keys_of_the_object()
    yield from _scopes()
    yield from _caveats()
    yield from _labels()
    yield from _points()
    yield from _in_a_child()


def first(**changed: Any) -> bytes:
    """The payload of a first link with some values changed, None to leave one out."""
    return canonical(fields(CI, ["deploy.staging", "test"], **{"iss": ROOT.text, **changed}))


def refused(name: str, rows: str, why: str, payload: bytes) -> dict[str, Any]:
    """A case whose first link has this payload, signed by the root."""
    return case(name, "parse", rows, why, start(payload, CI).seal())


def _json() -> Iterator[dict[str, Any]]:
    good = first()
    text = good.decode()
    scp = '"scp":["deploy.staging","test"]'
    variants: dict[str, tuple[str, str, bytes]] = {
        "scopes twice, wider first": (
            "A11",
            "two readers, two opinions",
            text.replace(scp, '"scp":["deploy","prod"],' + scp).encode(),
        ),
        "scopes twice, wider last": (
            "A11",
            "the last one wins in most readers",
            text.replace(scp, scp + ',"scp":["deploy","prod"]').encode(),
        ),
        "scopes twice, alike": (
            "A11",
            "even when both say the same",
            text.replace(scp, f"{scp},{scp}").encode(),
        ),
        "expiry twice": (
            "A11",
            "an earlier one and a later one",
            text.replace('"iat"', f'"exp":{EXPIRES + 1},"iat"').encode(),
        ),
        "escaped key": (
            "A11 A12",
            "\\u0073cp is scp to a JSON reader",
            text.replace('"scp"', '"\\u0073cp"').encode(),
        ),
        "escaped key beside the key": (
            "A11",
            "once plain and once escaped",
            text.replace(scp, '"\\u0073cp":["prod"],' + scp).encode(),
        ),
        "escaped value": (
            "A12",
            "\\u0064eploy is deploy to a JSON reader",
            text.replace('"deploy', '"\\u0064eploy').encode(),
        ),
        "escaped slash": (
            "A12",
            "an escape that changes nothing",
            text.replace("test", "te\\/st").encode(),
        ),
        "space after a colon": (
            "A12",
            "white space is another spelling",
            text.replace('"iat":', '"iat": ').encode(),
        ),
        "space after a comma": (
            "A12",
            "also between members",
            text.replace(',"iat"', ', "iat"').encode(),
        ),
        "space before": ("A12", "also before the object", b" " + good),
        "newline after": ("A12", "also after it", good + b"\n"),
        "tab inside a list": (
            "A12",
            "also in lists",
            text.replace('","test', '",\t"test').encode(),
        ),
        "byte order mark": ("A12", "three bytes that editors add", b"\xef\xbb\xbf" + good),
        "two objects": ("A11", "an object after the object", good + good),
        "a brace too many": ("A12", "bytes after the end", good + b"}"),
        "no closing brace": ("A12", "cut before the end", good[:-1]),
        "trailing comma": ("A12", "accepted by lenient readers", good[:-1] + b",}"),
        "single quotes": ("A12", "Python's quotes are not JSON's", text.replace('"', "'").encode()),
        "a comment": ("A12", "JSON has no comments", good[:-1] + b"/**/}"),
        "a zero byte": ("A12", "a reader in C would stop here", good + b"\0"),
        "a control character in a text": (
            "A12 A34",
            "a raw newline inside a label",
            first(nam="a\nb").replace(b"\\n", b"\n"),
        ),
        "UTF-16": ("A12", "another encoding of the same text", text.encode("utf-16-le")),
        "a list": ("A12", "a payload is an object", b"[" + good + b"]"),
        "a text": ("A12", "not a string", b'"' + b"a" * 40 + b'"'),
        "null": ("A12", "not null", b"null"),
        "an empty object": ("A12", "not an object without members", b"{}"),
        "nothing but a brace": ("A12", "not half an object", b"{"),
        "not JSON": ("A12", "not any bytes", bytes(range(256))),
        "12,000 brackets": ("A29", "deep nesting must not exhaust a stack", b"[" * 12000),
        "brackets inside a value": (
            "A29",
            "nor inside a list of caveats",
            text.replace('"exp"', '"cav":' + "[" * 5000 + "]" * 5000 + ',"exp"').encode(),
        ),
        "tables inside a value": (
            "A29",
            "nor as tables in tables",
            text.replace('"exp"', '"cav":' + '{"a":' * 1600 + "1" + "}" * 1600 + ',"exp"').encode(),
        ),
    }
    for name, (rows, why, payload) in variants.items():
        yield refused(f"JSON: {name}", rows, why, payload)
    table = fields(CI, ["deploy.staging", "test"], iss=ROOT.text)
    turned = ",".join(
        f'"{name}":{canonical(table[name]).decode()}' for name in sorted(table, reverse=True)
    )
    yield refused(
        "JSON: keys in another order",
        "A12",
        "members sorted the other way round",
        f"{{{turned}}}".encode(),
    )


def _numbers() -> Iterator[dict[str, Any]]:
    written = {
        "1.0": "a float that is whole",
        "1e9": "an exponent",
        "1E9": "a capital exponent",
        "NaN": "not a number at all",
        "Infinity": "for ever",
        "-Infinity": "since ever",
        "true": "a boolean counts as one in Python",
        '"1799999400"': "a number as text",
        "-0": "minus zero",
        "-1": "before 1970",
        "9007199254740993": "2^53 + 1",
        "18446744073709551616": "2^64 wraps in C",
        "01799999400": "a leading zero",
        "+1799999400": "a plus sign",
        "0x10": "hexadecimal",
        "[1799999400]": "a list of one",
        "1" + "0" * 5000: "five thousand digits",
    }
    for text, why in written.items():
        short = text if len(text) < 30 else "10^5000"
        payload = first(iat=0).replace(b'"iat":0', b'"iat":' + text.encode())
        yield refused(f"iat {short}", "A13", f"as the time of issue: {why}", payload)
    for text in (
        "1800003000.0",
        "1e30",
        "NaN",
        "true",
        '"never"',
        "null",
        "9007199254740993",
        "-1",
    ):
        payload = first(exp=0).replace(b'"exp":0', b'"exp":' + text.encode())
        yield refused(f"exp {text}", "A13", f"as the expiry: {text}", payload)


def _keys_of_the_object() -> Iterator[dict[str, Any]]:
    for name in ("aud", "iat", "iss", "jti", "scp"):
        yield refused(
            f"without {name}", "A1", f"{name} is required in a first link", first(**{name: None})
        )
    for name, value in (
        ("alg", "none"),
        ("sub", "x"),
        ("SCP", ["prod"]),
        ("", 1),
        ("zzz", {"a": 1}),
    ):
        yield refused(
            f"unknown key {name!r}",
            "A1 A25",
            f"nobody knows what {name!r} means",
            first(**{name: value}),
        )
    for name in ("nam", "cav"):
        payload = first(**{name: 0}).replace(
            b'"%s":0' % name.encode(), b'"%s":null' % name.encode()
        )
        yield refused(f"{name} null", "A12", f"{name} is absent or there, never null", payload)


def _scopes() -> Iterator[dict[str, Any]]:
    lists: dict[str, tuple[str, Any]] = {
        "no scopes": ("A24", []),
        "65 scopes": ("A24 A29", sorted(f"s{n:02}" for n in range(65))),
        "unsorted scopes": ("A12", ["test", "deploy.staging"]),
        "the same scope twice": ("A12", ["test", "test"]),
        "scopes as text": ("A24", "deploy.staging"),
        "scopes as a table": ("A24", {"deploy.staging": True}),
        "a number as scope": ("A24", [1]),
        "null as scope": ("A24", [None]),
        "a list as scope": ("A24", [["deploy"]]),
        "an empty scope": ("A22 A24", [""]),
        "a star": ("A24", ["*"]),
        "a star at the end": ("A24", ["deploy.*"]),
        "a dot alone": ("A22", ["."]),
        "a dot before": ("A22", [".deploy"]),
        "a dot after": ("A22", ["deploy."]),
        "two dots": ("A22", ["deploy..staging"]),
        "a slash": ("A23", ["deploy/staging"]),
        "a colon": ("A23", ["deploy:staging"]),
        "a space": ("A23", ["deploy staging"]),
        "a space after": ("A23", ["deploy.staging "]),
        "an escape of a plain letter": ("A23", ["%64eploy"]),
        "a capital escape": ("A23", ["main%2Eevil"]),
        "half an escape": ("A23", ["main%2"]),
        "a per cent sign": ("A23", ["100%"]),
        "an escape of no byte": ("A23", ["main%zz"]),
        "a Cyrillic letter": ("A23", ["depl\u043ey"]),
        "a decomposed letter": ("A23", ["caf\u0065\u0301"]),
        "a segment of 201": ("A29", ["a" * 201]),
        "a segment of 67 escapes": ("A23 A29", ["%2e" * 67]),
        "17 segments": ("A29", [".".join("a" * 17)]),
        "a newline in a scope": ("A34", ["deploy\nprod"]),
    }
    for name, (rows, value) in lists.items():
        yield refused(
            f"scp: {name}", rows, f"{name} in a link that its key signed", first(scp=value)
        )


def _caveats() -> Iterator[dict[str, Any]]:
    pair = [["context", "a", "b"], ["not_before", 1]]
    values: dict[str, Any] = {
        "an empty list": [],
        "a text": "not_before",
        "a table": {"not_before": 1},
        "65 of them": [["context", f"k{n:02}", "v"] for n in range(65)],
        "unsorted": pair[::-1],
        "one of them twice": [pair[0], pair[0]],
        "an empty array": [[]],
        "a text for an array": ["not_before"],
        "a table for an array": [{"not_before": 1}],
        "a number for a type": [[999, "x"]],
        "an empty type": [["", 1]],
        "a boolean argument": [["max_depth", True]],
        "a null argument": [["new_type", None]],
        "a nested argument": [["new_type", ["a"]]],
        "a table argument": [["new_type", {"a": 1}]],
        "an empty argument": [["context", "ref", ""]],
        "a float argument": [["max_cost", "EUR", 1.5]],
        "a negative argument": [["max_depth", -1]],
        "an argument that is too great": [["not_before", 2**53 + 1]],
        "an argument with a quote": [["context", "a", 'b"c']],
        "an argument beyond ASCII": [["context", "ref", "\u043c\u0430\u0438\u043d"]],
        "audience without a name": [["audience"]],
        "audience of two names": [["audience", "a", "b"]],
        "audience of a number": [["audience", 7]],
        "context of a key alone": [["context", "ref"]],
        "context of a number": [["context", "ref", 7]],
        "max_cost without a currency": [["max_cost", 500]],
        "max_cost as text": [["max_cost", "EUR", "500"]],
        "max_depth as text": [["max_depth", "1"]],
        "max_depth of two numbers": [["max_depth", 1, 2]],
        "not_before as text": [["not_before", "1799990000"]],
        "not_before without a time": [["not_before"]],
        "resource of a number": [["resource", 1]],
        "resource from the top": [["resource", "/etc/passwd"]],
        "resource with an empty segment": [["resource", "a//b"]],
        "resource with a dot": [["resource", "a/./b"]],
        "resource with two dots": [["resource", "a/../b"]],
        "resource that ends in a slash": [["resource", "a/"]],
        "resource with an inner star": [["resource", "a/*/b"]],
        "resource with a star in a segment": [["resource", "a/b*"]],
        "resource of two stars": [["resource", "a/**"]],
        "resource of a slash and a star": [["resource", "/*"]],
    }
    for name, value in values.items():
        yield refused(
            f"cav: {name}",
            "A13" if "float" in name else "A25",
            f"caveats: {name}",
            first(cav=value),
        )


def _labels() -> Iterator[dict[str, Any]]:
    names = {
        "empty": "",
        "too long": "n" * 65,
        "with a space": "CI agent",
        "with a quote": 'a"b',
        "with a newline": "a\nb",
        "with an escape of a terminal": "\x1b[31mroot",
        "beyond ASCII": "\u0441i",
        "a number": 7,
        "a list": ["ci"],
    }
    for what, value in names.items():
        yield refused(f"nam: {what}", "A34", f"a label that is {what}", first(nam=value))
    ids = {
        "too short": jti("x")[:-1],
        "too long": jti("x") + "A",
        "of 17 bytes": b64u(bytes(17)),
        "not base64url": "!" * 22,
        "with unused bits": "A" * 21 + "B",
        "a number": 7,
        "empty": "",
    }
    for what, value in ids.items():
        yield refused(f"jti: {what}", "A14", f"a jti that is {what}", first(jti=value))


def _points() -> Iterator[dict[str, Any]]:
    d = -121665 * pow(121666, P - 2, P) % P
    square = (-1 + _root(1 + d)) * pow(d, P - 2, P) % P
    eighth = (
        _root(square)
        if pow(square, (P - 1) // 2, P) == 1
        else _root((-1 - _root(1 + d)) * pow(d, P - 2, P) % P)
    )
    points = {
        "the neutral element": 1,
        "the point of order 2": P - 1,
        "a point of order 4": 0,
        "the other one of order 4": 2**255,
        "a point of order 8": eighth,
        "its mirror of order 8": P - eighth,
        "with the sign, of order 8": eighth | 2**255,
        "the neutral element with a sign": 1 | 2**255,
        "p, which is zero": P,
        "p + 1, which is one": P + 1,
        "all ones": 2**256 - 1,
        "p + 3, not of small order": P + 3,
    }
    for what, number in points.items():
        key = number.to_bytes(32, "little")
        chain = start(first(aud=b64u(key)), CI)
        yield case(
            f"aud: {what}",
            "parse",
            "A16",
            f"a delegate's key that is {what}, with a signature for everything",
            chain.seal(signature=UNIVERSAL),
        )
    signed = start(first(iss=b64u(NEUTRAL)), CI, signature=UNIVERSAL)
    yield case(
        "iss: the neutral element",
        "parse",
        "A16",
        "a root whose signatures everybody can make, pinned by its DID",
        signed.seal(),
        dids=["did:agent:" + _digest(NEUTRAL)],
    )
    lengths = {"31 bytes": ROOT.public[:31], "33 bytes": ROOT.public + b"\0", "no bytes": b""}
    for what, raw in lengths.items():
        yield refused(f"aud: {what}", "A16", f"a key of {what}", first(aud=b64u(raw)))
        yield refused(f"iss: {what}", "A16", f"a root key of {what}", first(iss=b64u(raw)))
    for what, text in {
        "in hex": CI.hex,
        "padded": CI.text + "=",
        "a DID": CI.did,
        "a number": 7,
    }.items():
        yield refused(f"aud: {what}", "A14", f"a delegate's key written as {what}", first(aud=text))


def _root(number: int) -> int:
    """A square root modulo 2^255 − 19 (RFC 8032 §5.1.3)."""
    root = pow(number, (P + 3) // 8, P)
    return root if (root * root - number) % P == 0 else root * pow(2, (P - 1) // 4, P) % P


def _digest(raw: bytes) -> str:
    import hashlib  # noqa: PLC0415 - used once

    return hashlib.sha256(raw).hexdigest()[:32]


def _in_a_child() -> Iterator[dict[str, Any]]:
    good = fields(BUILDER, ["deploy.staging"])

    def child(change: Callable[[str], str]) -> Chain:
        return ONE.add(change(canonical(good).decode()).encode(), BUILDER)

    issuer = f'"iat":{ISSUED},"iss":"{CI.text}"'
    changes: dict[str, tuple[str, str, Callable[[str], str]]] = {
        "an issuer": (
            "A2",
            "only a first link names its issuer",
            lambda t: t.replace(f'"iat":{ISSUED}', issuer),
        ),
        "scopes twice": (
            "A11",
            "the verifier of a child is as strict",
            lambda t: t.replace('"scp"', '"scp":["deploy"],"scp"'),
        ),
        "a space": ("A12", "white space in a child", lambda t: t.replace(":", ": ", 1)),
        "a float": ("A13", "a float in a child", lambda t: t.replace(f"{ISSUED},", f"{ISSUED}.0,")),
        "an unknown key": ("A25", "an unknown key in a child", lambda t: t[:-1] + ',"zzz":1}'),
        "no scopes": (
            "A24",
            "an empty list is no scope at all",
            lambda t: t.replace('"deploy.staging"', ""),
        ),
        "a list": ("A12", "a list for an object in a child", lambda t: f"[{t}]"),
    }
    for name, (rows, why, change) in changes.items():
        yield case(f"child: {name}", "parse", rows, why, child(change).seal())
    small = TWO.add(canonical({**good, "aud": b64u(NEUTRAL)}), BUILDER).seal(signature=UNIVERSAL)
    yield case(
        "child: a key of small order",
        "parse",
        "A16",
        "a delegate for whom everybody can sign",
        small,
    )
