"""Keys and their names, times to live, scopes as people type them and as programs build them."""

from __future__ import annotations

from typing import Any

from vectors.forge import BUILDER, CI, ROOT, Key, b64u, seed_key

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# RFC 8032 §7.1, tests 1 to 3
RFC_8032 = (
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
)


def tables() -> dict[str, Any]:
    """All tables of names.json."""
    return {
        "about": (__doc__ or "").strip(),
        "keys": [_key(seed_key(bytes.fromhex(seed))) for seed in RFC_8032]
        + [_key(key) for key in (ROOT, CI, BUILDER)],
        "did_key_refused": _did_keys(),
        "base64url": _base64url(),
        "ttl": _ttls(),
        "scope": _scopes(),
        "scope_refused": [{"segments": s, "why": why} for s, why in _no_scopes()],
        "typed": _typed(),
    }


def _key(key: Key) -> dict[str, str]:
    return {
        "seed": key.seed.hex(),
        "public": key.hex,
        "did": key.did,
        "did_key": _did_key(key.public),
    }


def _did_key(public: bytes, codec: bytes = b"\xed\x01") -> str:
    number, text = int.from_bytes(codec + public, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "did:key:z" + text


def _did_keys() -> list[dict[str, str]]:
    good = _did_key(ROOT.public)
    small, beyond = b"\1" + bytes(31), b"\xff" * 32
    refused = {
        "": "nothing",
        good[:-1]: "a digit less",
        good + "1": "a digit more",
        good.replace("did:key:z", "did:key:z1"): "a leading zero",
        good.upper(): "capitals",
        good + " ": "a space after",
        good.replace(":z", ":f"): "another base",
        good.removeprefix("did:key:"): "no method",
        _did_key(ROOT.public, b"\xe7\x01"): "another algorithm's code",
        _did_key(ROOT.public[:31]): "31 bytes",
        _did_key(ROOT.public + b"\0"): "33 bytes",
        _did_key(small): "a point of small order",
        _did_key(beyond): "no canonical point",
        _did_key(b"\2" + bytes(31)): "no point at all",
        good[:12] + "0" + good[13:]: "a digit that base58 does not have",
        good[:12] + "\u0430" + good[13:]: "a letter beyond ASCII",
        "did:key:z" + "z" * 65: "too many digits",
        ROOT.did: "the short label",
    }
    return [{"text": text, "why": why} for text, why in refused.items()]


def _base64url() -> list[dict[str, Any]]:
    made = [{"text": b64u(bytes(range(n))), "hex": bytes(range(n)).hex()} for n in range(9)]
    made += [{"text": "-_-_", "hex": "fbffbf"}]
    wrong = (
        "A",
        "AAAAA",
        "AB",
        "AAB",
        "AA==",
        "AAA=",
        "AA AA",
        "AAAA\n",
        "+/+/",
        "AA~A",
        "\u0410AAA",
        "A=AA",
        "=",
        "====",
    )
    return made + [{"text": text, "hex": None} for text in wrong]


def _ttls() -> list[dict[str, Any]]:
    day = 86400
    good: list[tuple[Any, Any]] = [
        ("30s", 30),
        ("15m", 900),
        ("4h", 14400),
        ("1d", day),
        ("1h30m", 5400),
        ("1d1h1m1s", day + 3661),
        ("3600", 3600),
        (3600, 3600),
        (1.9, 1),
        ("never", "never"),
        ("NEVER", "never"),
        (" 4H ", 14400),
        (None, 14400),
        ("", 14400),
        (1, 1),
        ("1s", 1),
        (10 * 366 * day, 10 * 366 * day),
        ("3660d", 3660 * day),
        ("007", 7),
    ]
    bad: list[Any] = [
        0,
        -1,
        "0",
        "0s",
        "-1h",
        "h",
        "1x",
        "1.5h",
        "1h 30m",
        "30m1h",
        "1m1m",
        "1h30",
        "0h30",
        "1w",
        "1e3",
        "4 h",
        "\u0664h",
        "4h4",
        "forever",
        "none",
        "3661d",
        10 * 366 * day + 1,
        "9" * 40,
        "9" * 5000,
        True,
        [],
        1e300,
        0.5,
        "s4",
    ]
    return [{"ttl": ttl, "seconds": seconds} for ttl, seconds in good] + [
        {"ttl": ttl, "seconds": "refused"} for ttl in bad
    ]


def _scopes() -> list[dict[str, Any]]:
    made: list[tuple[list[str], str]] = [
        (["deploy"], "deploy"),
        (["deploy", "staging"], "deploy.staging"),
        (["git", "push", "main.evil"], "git.push.main%2eevil"),
        (["git", "push", "feature/x"], "git.push.feature%2fx"),
        (["git:push"], "git%3apush"),
        (["a b"], "a%20b"),
        (["%2e"], "%252e"),
        (["Main"], "Main"),
        (["\u043e"], "%d0%be"),
        (["\u00e9"], "%c3%a9"),
        (["e\u0301"], "e%cc%81"),
        (["*"], "%2a"),
        (["."], "%2e"),
        ([".."], "%2e%2e"),
        (["\n\0"], "%0a%00"),
        (["-_9"], "-_9"),
        (["\U0001f600"], "%f0%9f%98%80"),
        (["a" * 200], "a" * 200),
        (["s"] * 16, ".".join("s" * 16)),
    ]
    return [{"segments": segments, "scope": scope} for segments, scope in made]


def _no_scopes() -> list[tuple[list[Any], str]]:
    return [
        ([], "no segment"),
        ([""], "an empty segment"),
        (["a", "", "b"], "an empty segment between"),
        (["a" * 201], "201 characters"),
        (["." * 67], "201 characters when escaped"),
        (["s"] * 17, "17 segments"),
        ([None], "no text"),
        ([1], "a number"),
        (["\ud800"], "half a character"),
    ]


def _typed() -> list[dict[str, Any]]:
    rows: list[tuple[str, str | None, str | None]] = [
        ("deploy.staging", "deploy.staging", None),
        ("read:payments", "read.payments", None),
        (" deploy ", "deploy", None),
        ("a%2eb", "a%2eb", None),
        ("deploy staging", None, "deploy%20staging"),
        ("git/push", None, "git%2fpush"),
        ("caf\u00e9", None, "caf%c3%a9"),
        ("*", None, "%2a"),
        ("", None, None),
        ("a..b", None, None),
        (".a", None, None),
        ("a.", None, None),
        (":", None, None),
        ("%2E", None, "%252E"),
        ("%61", None, "%2561"),
    ]
    return [{"typed": typed, "scope": scope, "fix": fix} for typed, scope, fix in rows]
