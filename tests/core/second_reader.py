"""A second reader of tokens, from docs/spec/token.md alone; it shares no code with the library."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ESCAPE = "%(?:[0189a-f][0-9a-f]|2[0-9a-cef]|3[a-f]|40|5[b-e]|60|7[b-f])"
SCOPE = re.compile(r"S(\.S){0,15}".replace("S", f"(?![^.]{{201}})(?:[A-Za-z0-9_-]|{ESCAPE})+"))
KINDS = ["audience s", "context ss", "max_cost si", "max_depth i", "not_before i", "resource s"]
SHAPES = dict(row.split() for row in KINDS)


class Refused(Exception):
    """args[0] is the reason code."""


def need(truth: object, code: str = "parse") -> None:
    if not truth:
        raise Refused(code)


def unb64(text: object) -> bytes:
    need(isinstance(text, str) and re.fullmatch("[A-Za-z0-9_-]*", text) and len(text) % 4 != 1)
    raw = base64.urlsafe_b64decode(f"{text}===")  # compared with the text below
    need(base64.urlsafe_b64encode(raw).decode().rstrip("=") == text)
    return raw


def weak(point: bytes) -> bool:
    """Not canonical, or of small order: at order 8 the doubled point has y = 0, so d·y⁴ + 2y² = 1."""
    y = int.from_bytes(point, "little") % 2**255
    return y >= P or y in {0, 1, P - 1} or (D * y**4 + 2 * y * y - 1) % P == 0


def check(key: bytes, signature: bytes, message: bytes) -> None:
    low = int.from_bytes(signature[32:], "little") < ORDER
    need(low and not weak(signature[:32]) and not weak(key), "bad_signature")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise Refused("bad_signature") from None


def kind(value: object) -> str:
    whole = type(value) is int and 0 <= value <= 2**53
    return "i" if whole else "s" if type(value) is str and value else "?"


def covered(asked: list[str], granted: list[str]) -> bool:
    return all(any(f"{a}.".startswith(f"{g}.") for g in granted) for a in asked)


def read_link(payload: bytes, first: bool) -> dict[str, Any]:
    try:  # int() refuses whatever has a point, an exponent or a name
        link = json.loads(payload, parse_float=int, parse_constant=int)
        again = json.dumps(link, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Refused("parse") from None
    need(type(link) is dict and again.encode() == payload and re.fullmatch(r"[ -\[\]-~]*", again))
    need({*link} - {"cav", "exp", "nam"} == {"aud", "iat", "jti", "scp", *["iss"] * first})
    need({kind(link["iat"]), kind(link.get("exp", 0))} == {"i"} and len(unb64(link["jti"])) == 16)
    for key in (unb64(link[name]) for name in ("aud", "iss") if name in link):
        need(len(key) == 32 and not weak(key))
    name, scopes, rows = link.get("nam", "-"), link["scp"], link.get("cav", [])
    need(kind(name) == "s" and re.fullmatch("[A-Za-z0-9._-]{1,64}", name))
    need(type(scopes) is list and 1 <= len(scopes) <= 64 and {*map(kind, scopes)} == {"s"})
    need(all(map(SCOPE.fullmatch, scopes)) and scopes == sorted({*scopes}))
    need(type(rows) is list and len(rows) <= 64 and (rows or "cav" not in link))
    for row in rows:
        need(type(row) is list and row and kind(row[0]) == "s" and "?" not in map(kind, row))
        need(row[0] not in SHAPES or [*map(kind, row[1:])] == [*SHAPES[row[0]]])
        above, _, last = row[1].rpartition("/") if row[0] == "resource" else ("", "", "*")
        path = above.split("/") * bool(_) + [last] * (last != "*")
        need(not any(part in {"", ".", ".."} or "*" in part for part in path))
    texts = [json.dumps(row, separators=(",", ":")) for row in rows]
    need(texts == sorted({*texts}))
    return {**link, "cav": rows}


def read_chain(links: list[str], roots: dict[str, Any], now: int) -> dict[str, Any]:
    chain: dict[str, Any] = {
        "id": bytes(32),
        "cav": [],
        "end": None,
        "iat": 0,
        "left": 16,
        "all": [],
    }
    for index, text in enumerate(links):
        payload = unb64(text)[64:]
        need(payload)
        if index == 0:
            chain["root"] = chain["key"] = unb64(read_link(payload, first=True)["iss"])
            did = "did:agent:" + hashlib.sha256(chain["key"]).hexdigest()[:32]
            need(roots["keys"] or roots["dids"], "no_trusted_root")
            need(chain["key"].hex() in roots["keys"] or did in roots["dids"], "untrusted_root")
            need(now < roots["retired"].get(did, now + 1), "untrusted_root")
        check(chain["key"], unb64(text)[:64], b"kanoniv-auth/2 link\0" + chain["id"] + payload)
        link = read_link(payload, index == 0)
        exp, end, aud = link.get("exp"), chain["end"], unb64(link["aud"])
        need(exp is None or link["iat"] < exp, "bad_bounds")
        need(chain["left"] > 0, "too_deep")
        need(index == 0 or covered(link["scp"], chain["scp"]), "widened")
        need(end is None or (exp is not None and exp <= end), "outlives_parent")
        chain["id"] = hashlib.sha256(b"kd2 id\0" + chain["id"] + payload).digest()
        chain["all"] += [chain["id"].hex(), chain["key"].hex(), aud.hex()]
        depths = [row[1] for row in link["cav"] if row[0] == "max_depth"]
        chain |= {"key": aud, "scp": link["scp"], "end": exp, "cav": chain["cav"] + link["cav"]}
        chain |= {"iat": max(chain["iat"], link["iat"]), "left": min([chain["left"] - 1, *depths])}
    return chain


def read_token(case: dict[str, Any]) -> None:
    """Return when what the vector asks is allowed, or raise Refused; a parent's proof is left aside."""
    text, now, access, asks = case["token"], case["now"], case["access"], case["check"]
    need(isinstance(text, str))
    need(len(text) <= 16384, "too_large")
    need(text.startswith("kd2."), "unknown_version")
    links, mark, proof = text[4:].partition("~")
    need(all(links.split(".")) and bool(mark) == bool(proof))
    need(links.count(".") < 16, "too_deep")
    need(proof or asks == "parent", "holder_unproven")
    letter, raw = ("", b"") if asks == "parent" else (proof[0], unb64(proof[1:]))
    seal = re.fullmatch(rb"(?s).{72}[!#-\[\]-~]{0,255}", raw)
    need({"": True, "s": seal, "p": len(raw) == 88}.get(letter))
    chain = read_chain(links.split("."), case["roots"], now)
    need(chain["iat"] <= now + 30, "not_yet_valid")
    when, rest = int.from_bytes(raw[64:72], "big"), raw[72:]
    ours, action = (case["audience"] or "").encode(), access["action"].encode()
    if letter:
        need(letter == "s" or asks == "verify", "holder_unproven")
        named = b"".join(len(name).to_bytes(2, "big") + name for name in (ours, action))
        request = b"pop\0" + chain["id"] + named + bytes.fromhex(access["args_sha256"])
        message = b"seal\0" + chain["id"] if letter == "s" else request
        check(chain["key"], raw[:64], b"kanoniv-auth/2 " + message + raw[64:])
    need(not {*case["revoked"].get(chain["root"].hex(), [])} & {*chain["all"]}, "revoked")
    recent = case.get("recent", {"earliest": 0, "issued": {}})
    need(recent["issued"].get(chain["root"].hex(), 0) >= recent["earliest"], "stale")
    if letter == "s":
        need(when <= (now + 90 * 86400 if chain["end"] is None else chain["end"]), "bad_bounds")
        over = chain["end"] is not None and now >= chain["end"]
        need(now < when, "expired" if over else "proof_expired")
        need(rest == ours, "audience")
    if letter == "p":
        need(abs(now - when) <= 60, "proof_expired")
        need(case["seen"] is not None, "holder_unproven")
        need((chain["key"] + rest).hex() not in case["seen"], "replayed")
    need(chain["end"] is None or now < chain["end"], "expired")
    if asks == "verify":
        permit(chain, access, case["audience"], now)


def permit(chain: dict[str, Any], access: dict[str, Any], audience: str | None, now: int) -> None:
    action, path, cost = access["action"], access["resource"] or "", access["cost"] or [None, None]
    need(SCOPE.fullmatch(action) and covered([action], chain["scp"]), "scope")
    plain = not {"", ".", ".."} & {*path.split("/")}
    for name, first, *more in ([*row, None] for row in chain["cav"]):
        need(name in SHAPES, "unknown_caveat")
        need(name != "not_before" or now >= first, "not_yet_valid")
        need(name != "audience" or audience == first, "caveat")
        need(name != "context" or access["context"].get(first) == more[0], "caveat")
        need(name != "max_cost" or (cost[0] == first and kind(cost[1]) == "i"), "caveat")
        need(name != "max_cost" or cost[1] <= more[0], "caveat")
        pattern = re.escape(str(first)).replace(r"\*", "(?s:.*)")
        need(name != "resource" or (plain and re.fullmatch(pattern, path)), "caveat")
