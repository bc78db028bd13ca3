"""The second reader's part for lists and rotations (docs/spec/token.md §7); it shares no code with the library."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from tests.core.second_reader import Refused, check, kind, need, unb64, weak


def signer(payload: bytes, name: str) -> bytes:
    text = payload.split(f'"{name}":"'.encode())[-1].split(b'"')[0]
    need(text.isascii())
    key = unb64(text.decode())
    need(len(key) == 32 and not weak(key))
    return key


def fields(payload: bytes, integers: set[str], keys: set[str], lists: set[str]) -> dict[str, Any]:
    try:
        found = json.loads(payload, parse_float=int, parse_constant=int)
        again = json.dumps(found, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Refused("parse") from None
    need(type(found) is dict and again.encode() == payload and re.fullmatch(r"[ -\[\]-~]*", again))
    need(integers | keys <= {*found} <= integers | keys | lists)
    need(all(kind(found[name]) == "i" for name in integers) and found["seq"] > 0)
    for name in lists & {*found}:
        entries = found[name]
        need(type(entries) is list and entries)
        need(all(type(entry) is str and len(unb64(entry)) == 32 for entry in entries))
        need(entries == sorted({*entries}))
    return {**found, **{name: unb64(found[name]) for name in keys}}


def open_text(text: object, prefix: str, limit: int, count: int) -> tuple[list[bytes], bytes]:
    need(type(text) is str and str(text).startswith(prefix) and len(str(text)) <= limit)
    raw = unb64(str(text)[5:])
    need(len(raw) > 64 * count)
    return [raw[64 * at : 64 * at + 64] for at in range(count)], raw[64 * count :]


def label(key: bytes) -> str:
    return "did:agent:" + hashlib.sha256(key).hexdigest()[:32]


def pinned(key: bytes, case: dict[str, Any]) -> None:
    roots = case["roots"]
    need(roots["keys"] or roots["dids"], "no_trusted_root")
    need(key.hex() in roots["keys"] or label(key) in roots["dids"], "untrusted_root")
    need(case["now"] < roots["retired"].get(label(key), case["now"] + 1), "untrusted_root")


def read_list(text: object) -> dict[str, Any]:
    (signature,), payload = open_text(text, "kdr2.", 1_000_000, 1)
    root = signer(payload, "root")
    check(root, signature, b"kanoniv-auth/2 revoked\0" + payload)
    found = fields(payload, {"exp", "iat", "seq"}, {"root"}, {"ids", "keys"})
    need(found["root"] == root)
    need(found["iat"] < found["exp"], "bad_bounds")
    return {**found, "text": text}


def read_rotation(text: object) -> dict[str, Any]:
    signatures, payload = open_text(text, "kdx2.", 1024, 2)
    pair = [signer(payload, name) for name in ("old", "new")]
    for key, signature in zip(pair, signatures, strict=True):
        check(key, signature, b"kanoniv-auth/2 root\0" + payload)
    found = fields(payload, {"iat", "seq", "until"}, {"old", "new"}, set())
    need([found["old"], found["new"]] == pair and pair[0] != pair[1])
    need(found["iat"] <= found["until"], "bad_bounds")
    return {**found, "text": text}


def take_list(case: dict[str, Any]) -> None:
    """Return when the list of a vector is taken up, or raise Refused."""
    found = read_list(case["text"])
    pinned(found["root"], case)
    need(found["iat"] <= case["now"] + 30, "not_yet_valid")
    for before in map(read_list, case["known"]):
        need(found["text"] == before["text"] or found["seq"] > before["seq"], "rolled_back")


def take_rotation(case: dict[str, Any]) -> None:
    """Return when the rotation of a vector is taken up, or raise Refused."""
    found = read_rotation(case["text"])
    need(found["iat"] <= case["now"] + 30, "not_yet_valid")
    pinned(found["old"], case)
    for one in map(read_rotation, case["known"]):
        same = found["text"] == one["text"] or found["old"] != one["old"]
        need(same or found["seq"] > one["seq"], "rolled_back")
        need(same or found["until"] <= one["until"], "rolled_back")
        need(one["old"] != found["new"], "rolled_back")
