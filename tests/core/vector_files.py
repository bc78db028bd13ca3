"""Reads `vectors/*.json`, and asks core about one vector. It decides nothing itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.envelope import check_stream, verify_envelope
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import prove, read_parent, verify

ROOT = Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "vectors"
NOT_TOKENS = ("envelopes.json", "names.json")


@dataclass(frozen=True)
class Vector:
    """One case of one file; `id` is what pytest shows."""

    id: str
    case: dict[str, Any]

    @property
    def expect(self) -> str:
        return str(self.case["expect"])


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="ascii"))


def load(name: str) -> list[Vector]:
    stem = name.removesuffix(".json")
    return [Vector(f"{stem}: {case['name']}", case) for case in read(name)["cases"]]


TOKENS = [
    vector
    for path in sorted(VECTORS.glob("*.json"))
    if path.name not in NOT_TOKENS
    for vector in load(path.name)
]
ENVELOPES = load("envelopes.json")


def trusted(table: dict[str, Any]) -> TrustedRoots:
    return TrustedRoots(map(bytes.fromhex, table["keys"]), table["dids"], retired=table["retired"])


def revocations(table: dict[str, list[str]]) -> Revocations | None:
    """The lists of a vector; none at all when it has none."""
    if not table:
        return None
    return Revocations(
        {bytes.fromhex(root): map(bytes.fromhex, entries) for root, entries in table.items()}
    )


def said(refusal: AuthError) -> str:
    """The code of a refusal, which must also be able to say itself in one line."""
    assert "\n" not in str(refusal), repr(str(refusal))
    return refusal.slug


class Memory:
    """What a verifier remembers of pops; `seen` is hex of key and nonce."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = {bytes.fromhex(entry) for entry in seen}

    def __call__(self, entry: bytes, seconds: int) -> bool:
        assert seconds == 150
        assert len(entry) == 48
        first = entry not in self.seen
        self.seen.add(entry)
        return first


def check(case: dict[str, Any], cache: Cache | None = None) -> str:
    """`allow`, or the code of core's refusal. Anything but an AuthError is a failure."""
    asked = case["access"]
    access = Access(
        asked["action"],
        context=asked["context"],
        resource=asked["resource"],
        cost=None if asked["cost"] is None else tuple(asked["cost"]),
        args_sha256=bytes.fromhex(asked["args_sha256"]),
    )
    roots, revoked = trusted(case["roots"]), revocations(case["revoked"])
    once = None if case["seen"] is None else Memory(case["seen"])
    token, audience, now = case["token"], case["audience"], case["now"]
    try:
        if case["check"] == "parent":
            read_parent(token, roots=roots, now=now, revoked=revoked, cache=cache)
        elif case["check"] == "prove":
            prove(token, roots=roots, audience=audience, now=now, once=once, revoked=revoked,
                  cache=cache)  # fmt: skip
        else:
            verify(token, roots=roots, audience=audience, access=access, now=now, once=once,
                   revoked=revoked, cache=cache)  # fmt: skip
    except AuthError as refusal:
        return said(refusal)
    return "allow"


def check_receipts(case: dict[str, Any]) -> str:
    """The same for a case of envelopes.json."""
    roots, revoked = trusted(case["roots"]), revocations(case["revoked"])
    try:
        check_stream([verify_envelope(t, roots=roots, revoked=revoked) for t in case["stream"]])
    except AuthError as refusal:
        return said(refusal)
    return "allow"
