"""The second reader's part for receipts (docs/spec/token.md §3); it shares no code with the library either."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise
from typing import Any

from tests.core.second_reader import Refused, check, kind, need, permit, read_chain, unb64

SIZES = {"arg": 32, "cid": 32, "non": 16, "prv": 32, "str": 16}
NAMES = {*SIZES, "act", "iat", "res", "seq", "tgt"}


def unescape(text: object) -> str:
    need(type(text) is str)
    raw = re.sub("%([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), str(text)).encode(
        "latin-1"
    )
    again = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\%' else f"%{b:02x}" for b in raw)
    need(again == text)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused("parse") from None


def read_fields(payload: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(payload, parse_float=int, parse_constant=int)
        again = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Refused("parse") from None
    need(type(fields) is dict and again.encode() == payload and re.fullmatch(r"[ -\[\]-~]*", again))
    need({*fields} - {"fct", "met"} == NAMES)
    need(all(len(unb64(fields[name])) == size for name, size in SIZES.items()))
    need(kind(fields["iat"]) == kind(fields["seq"]) == "i")
    for name in ("act", "res", "tgt"):
        fields[name] = unescape(fields[name])
    for name in {"fct", "met"} & {*fields}:
        need(type(fields[name]) is dict and fields[name])
        for value in fields[name].values():
            flat = name == "met" and (type(value) is bool or kind(value) == "i")
            need(flat or type(value) is str)
        pairs = fields[name].items()
        fields[name] = {unescape(k): unescape(v) if type(v) is str else v for k, v in pairs}
    return dict(fields)


def read_receipt(text: Any, case: dict[str, Any]) -> dict[str, Any]:
    need(type(text) is str and text.startswith("kde2."), "unknown_version")
    need(len(text) <= 65536, "too_large")
    body, mark, links = text[5:].partition("~")
    raw = unb64(body)
    need(mark and len(raw) > 64)
    fields = read_fields(raw[64:])
    need("~" not in links)
    need(len(links) + 4 <= 16384, "too_large")
    need(all(links.split(".")))
    need(links.count(".") < 16, "too_deep")
    chain = read_chain(links.split("."), case["roots"], fields["iat"])
    need(unb64(fields["cid"]) == chain["id"], "bad_signature")
    check(chain["key"], raw[:64], b"kanoniv-auth/2 env\0" + raw[64:])
    need(chain["iat"] <= fields["iat"], "not_yet_valid")
    need(chain["end"] is None or fields["iat"] < chain["end"], "expired")
    facts = fields.get("fct", {})
    cost = re.fullmatch("(?s)(.*) (0|[1-9][0-9]{0,15})", facts.get("cost", ""))
    paid = [cost[1], int(cost[2])] if cost and " " not in cost[1] else None
    access = {
        "action": fields["act"],
        "context": facts,
        "resource": facts.get("resource"),
        "cost": paid,
    }
    permit(chain, access, facts.get("audience"), fields["iat"])
    need(not {*case["revoked"].get(chain["root"].hex(), [])} & {*chain["all"]}, "revoked")
    here = hashlib.sha256(b"kanoniv-auth/2 env\0" + raw[64:]).digest()
    return {**fields, "id": here, "key": chain["key"]}


def read_stream(case: dict[str, Any]) -> None:
    """Return when all receipts of a vector stand, one by one and as one stream; or raise Refused."""
    receipts = [read_receipt(text, case) for text in case["stream"]]
    for receipt in receipts:
        need((receipt["seq"] == 0) == (unb64(receipt["prv"]) == bytes(32)), "bad_signature")
    for before, after in pairwise(receipts):
        follows = after["seq"] == before["seq"] + 1 and unb64(after["prv"]) == before["id"]
        same = all(before[name] == after[name] for name in ("str", "key"))
        need(follows and same, "bad_signature")
