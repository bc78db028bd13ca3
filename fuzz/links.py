"""The links of a token taken apart, changed, and signed again by the keys that may, or by ones that may not."""

from __future__ import annotations

import binascii
import json
from random import Random
from typing import Any

from fuzz.changes import bent, edited, spelled, worn
from fuzz.ground import KEYS
from vectors import forge

FOREIGN = (forge.LINK, forge.SEAL, forge.POP, forge.ENV, b"")
GREEDY = (
    "a%",
    "a%2eb",
    "deploy",
    "deploy.%2e",
    "deploy.staging",
    "deploy.staging.eu",
    "prod",
    "test",
)


def decoded(text: str) -> bytes:
    """What a text in base64url says, nothing when it is none."""
    try:
        return forge.from_b64u(text)
    except (ValueError, binascii.Error):
        return b""


def parsed(payload: bytes) -> Any:
    """The JSON of a payload, an empty table when it is none."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return {}


def named(table: Any, field: str) -> forge.Key | None:
    """The key that a payload names, when its seed is known."""
    text = table.get(field) if type(table) is dict else None
    return KEYS.get(decoded(text)) if type(text) is str and text.isascii() else None


def changed(payloads: list[bytes], random: Random) -> list[bytes]:
    """One of the payloads changed, or their order."""
    at, kind = random.randrange(len(payloads)), random.randrange(10)
    found = list(payloads)
    if kind == 0 and len(found) > 1:
        del found[at]
    elif kind == 1:
        found.insert(at, random.choice(found))
    elif kind == 2:
        random.shuffle(found)
    elif kind == 3:
        found[at] = bent(found[at], random)
    elif (tree := parsed(found[at])) and type(tree) is dict:
        if kind < 6:
            tree |= told(random)
        for _ in range(random.choice((0, 0, 0, 1) if kind < 6 else (1, 1, 1, 2, 3))):
            tree = edited(tree, random)
        found[at] = spelled(tree, random)
    return found


def told(random: Random) -> dict[str, Any]:
    """What a greedy holder would write into a link: other scopes, another end, fewer limits."""
    scopes = random.sample(GREEDY, random.choice((1, 1, 2, 3)))
    return random.choice((
        {"scp": sorted(scopes)},
        {"exp": forge.EXPIRES + random.choice((-3001, -3000, -1, 1, 86400))},
        {"iat": forge.NOW + random.choice((-700, 0, 30, 31))},
        {"cav": [random.choice((["max_depth", 0], ["max_depth", 20], ["zone", "eu"], ["audience", "a.example"]))]},
    ))  # fmt: skip


def signed_again(payloads: list[bytes], random: Random) -> forge.Chain:
    """A chain of these payloads: every link by the key it should be by, but for one flaw now and then."""
    first = parsed(payloads[0])
    chain = forge.Chain((), forge.ZERO, named(first, "iss") or forge.EVE)
    flawed = random.randrange(len(payloads)) if random.random() < 0.3 else -1
    for index, payload in enumerate(payloads):
        aud = named(parsed(payload), "aud") or forge.EVE
        more: dict[str, Any] = {}
        if index == flawed:
            more = random.choice((
                {"by": random.choice(list(KEYS.values()))},
                {"tag": random.choice(FOREIGN)},
                {"prev": random.choice((forge.ZERO, random.randbytes(32)))},
                {"signature": random.choice((forge.UNIVERSAL, random.randbytes(64), bytes(64)))},
            ))  # fmt: skip
        chain = chain.add(payload, aud, **more)
    return chain


def taken_apart(links: str) -> list[bytes]:
    """The payloads of links as text; something to begin with when there are none."""
    payloads = [decoded(text)[64:] if text.isascii() else b"" for text in links.split(".")]
    return [payload for payload in payloads if payload] or [b"{}"]


def shuffled(texts: list[str], random: Random) -> list[str]:
    """Links as text in another order, one twice, one gone, or one with a bit changed."""
    found, at = list(texts), random.randrange(len(texts))
    kind = random.randrange(5)
    if kind == 0:
        random.shuffle(found)
    elif kind == 1:
        del found[at:]
    elif kind == 2:
        found.insert(at, random.choice(found))
    elif kind == 3:
        found[at] = forge.b64u(bent(decoded(found[at]), random)) if found[at].isascii() else ""
    else:
        found[at] = worn(found[at], random)
    return found
