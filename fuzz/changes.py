"""Changes that know the structure: bits of bytes, values of JSON, pieces of a text."""

from __future__ import annotations

import copy
import json
import re
from random import Random
from typing import Any

from vectors import forge

NUMBERS = (
    0, 1, 2, 15, 16, 17, 59, 60, 61, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**63, 2**64, -1, 1.0, 1e400,
    forge.NOW, forge.NOW - 1, forge.NOW + 1, forge.NOW + 30, forge.NOW + 31, forge.ISSUED, forge.EXPIRES,
    forge.EXPIRES + 1,
)  # fmt: skip
TEXTS = (
    "", "*", "deploy", "deploy.staging", "deploy.staging.eu", "deploy.stagin", "test", "DEPLOY", "a%2eb", "a%2Eb",
    "%41", "a%", "%2", "x" * 200, "x" * 201, ".".join("abcdefghijklmnop"), ".".join("abcdefghijklmnopq"), "..", "a..b",
    "é", "\u0430", '"', "\\", "\n", "\0", "\ud800", "repo/*", "repo/..", "/", "USD 5", "USD 05", "a.example",
    "audience", "context", "max_cost", "max_depth", "not_before", "resource", "cost", "1e5", "null",
    *(key.text for key in (forge.ROOT, forge.CI, forge.BUILDER, forge.EVE)),
)  # fmt: skip


def bent(data: bytes, random: Random) -> bytes:
    """Bytes with one bit, byte or slice changed."""
    raw = bytearray(data)
    at = random.randrange(len(raw) + 1)
    kind = random.randrange(5)
    if kind == 0 and at < len(raw):
        raw[at] ^= 1 << random.randrange(8)
    elif kind == 1 and at < len(raw):
        raw[at] = random.randrange(256)
    elif kind == 2:
        raw[at:at] = random.randbytes(random.choice((1, 1, 2, 4, 64)))
    elif kind == 3:
        del raw[at : at + random.choice((1, 1, 2, 8, 32))]
    else:
        other = random.randrange(len(raw) + 1)
        raw[at:at] = raw[other : other + random.randrange(64)]
    return bytes(raw)


def worn(text: str, random: Random) -> str:
    """A text with one character or slice changed, by one of those that mean something somewhere."""
    at = random.randrange(len(text) + 1)
    piece = random.choice(
        ("", "=", "+", "/", "-", "_", ".", "~", "~s", "~p", "A", " ", "\n", "é", "kd2.", "kde2.")
    )
    end = at + random.choice((0, 0, 1, 1, 2, 4, 60))
    return text[:at] + piece + text[end:]


def value(random: Random) -> Any:
    """Any small value of JSON."""
    return random.choice((
        random.choice(NUMBERS), random.choice(TEXTS), None, True, False, [], {}, [random.choice(TEXTS)],
        {random.choice(TEXTS): random.choice(TEXTS)}, [random.choice(TEXTS), random.choice(NUMBERS)],
    ))  # fmt: skip


def varied(old: Any, random: Random) -> Any:
    """A value near another one."""
    kind = random.randrange(8)
    if type(old) is int and kind < 5:
        return old + random.choice((-86400, -60, -1, 1, 30, 60, 3600, 90 * 86400))
    if type(old) is str and kind < 5:
        near = (
            old + ".x",
            old.rpartition(".")[0],
            old + "x",
            old[:-1],
            old.upper(),
            worn(old, random),
        )
        return random.choice(near)
    return value(random)


def edited(tree: Any, random: Random) -> Any:
    """A value of JSON with one place in it changed, taken away, or one more put in."""
    tree = copy.deepcopy(tree)
    node = tree
    while True:
        keys = list(node) if type(node) is dict else list(range(len(node)))
        if not keys or random.random() < 0.15:
            break
        key = random.choice(keys)
        if type(node[key]) not in (dict, list) or random.random() < 0.2:
            if random.random() < 0.15:
                del node[key]
            else:
                node[key] = varied(node[key], random)
            return tree
        node = node[key]
    if type(node) is dict:
        node[random.choice(TEXTS)] = value(random)
    else:
        old = random.choice(node) if node else value(random)
        node.insert(random.randrange(len(node) + 1), varied(old, random))
        if random.random() < 0.5:
            node.sort(key=lambda item: json.dumps(item, separators=(",", ":")))
    return tree


def spelled(tree: Any, random: Random) -> bytes:
    """A value of JSON as bytes: nearly always in the canonical form, now and then in another one."""
    kind = random.randrange(12)
    loose = {"sort_keys": kind != 0, "separators": (", ", ": ") if kind == 1 else (",", ":")}
    text = json.dumps(tree, ensure_ascii=kind != 2, **loose)  # type: ignore[arg-type]
    first = re.match(r'\{("[^"]*":)', text)
    if kind == 3 and first:
        text = f"{{{first[1]}0,{text[1:]}"
    elif kind == 4:
        text = f"{text[:-1]} {text[-1:]}"
    elif kind == 5:
        text = text.replace("e", "\\u0065", 1)
    return text.encode("utf-8", "surrogatepass")
