"""Reads `vectors/*.json`, and asks core about one vector. It decides nothing itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kanoniv_auth.core import revocation_list, rotation
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.envelope import check_stream, verify_envelope
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import VerifiedToken
from kanoniv_auth.core.verification import prove, read_parent, verify

ROOT = Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "vectors"
NOT_TOKENS = ("envelopes.json", "lists.json", "names.json", "rotations.json")


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
LISTS = load("lists.json")
ROTATIONS = load("rotations.json")


def trusted(table: dict[str, Any]) -> TrustedRoots:
    return TrustedRoots(map(bytes.fromhex, table["keys"]), table["dids"], retired=table["retired"])


def revocations(case: dict[str, Any]) -> Revocations | None:
    """The lists of a vector; none at all when it has none."""
    table, recent = case["revoked"], case.get("recent")
    if not table and recent is None:
        return None
    lists = {bytes.fromhex(root): map(bytes.fromhex, entries) for root, entries in table.items()}
    if recent is None:
        return Revocations(lists)
    issued = {bytes.fromhex(root): at for root, at in recent["issued"].items()}
    return Revocations(lists, issued=issued, earliest=recent["earliest"])


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


def ask(case: dict[str, Any], cache: Cache | None = None) -> VerifiedToken | Chain:
    """What core proves when it is asked what a vector asks. Raises: whatever core raises."""
    asked = case["access"]
    access = Access(
        asked["action"],
        context=asked["context"],
        resource=asked["resource"],
        cost=None if asked["cost"] is None else tuple(asked["cost"]),
        args_sha256=bytes.fromhex(asked["args_sha256"]),
    )
    roots, revoked = trusted(case["roots"]), revocations(case)
    once = None if case["seen"] is None else Memory(case["seen"])
    token, audience, now = case["token"], case["audience"], case["now"]
    if case["check"] == "parent":
        return read_parent(token, roots=roots, now=now, revoked=revoked, cache=cache)
    if case["check"] == "prove":
        return prove(token, roots=roots, audience=audience, now=now, once=once, revoked=revoked,
                     cache=cache)  # fmt: skip
    return verify(token, roots=roots, audience=audience, access=access, now=now, once=once,
                  revoked=revoked, cache=cache)  # fmt: skip


def check(case: dict[str, Any], cache: Cache | None = None) -> str:
    """`allow`, or the code of core's refusal. Anything but an AuthError is a failure."""
    try:
        ask(case, cache)
    except AuthError as refusal:
        return said(refusal)
    return "allow"


def check_receipts(case: dict[str, Any]) -> str:
    """The same for a case of envelopes.json."""
    roots, revoked = trusted(case["roots"]), revocations(case)
    try:
        check_stream([verify_envelope(t, roots=roots, revoked=revoked) for t in case["stream"]])
    except AuthError as refusal:
        return said(refusal)
    return "allow"


def take_list(case: dict[str, Any]) -> None:
    """Take up the list of a case of lists.json. Raises: whatever core raises."""
    before = next((revocation_list.read_list(text) for text in case["known"]), None)
    found = revocation_list.read_list(case["text"])
    trusted(case["roots"]).require(found.root, case["now"])
    revocation_list.require_past(found, case["now"])
    revocation_list.require_newer(found, before)


def check_list(case: dict[str, Any]) -> str:
    """The same as a code: `allow`, or that of core's refusal."""
    try:
        take_list(case)
    except AuthError as refusal:
        return said(refusal)
    return "allow"


def take_rotation(case: dict[str, Any]) -> None:
    """Take up the rotation of a case of rotations.json. Raises: whatever core raises."""
    known = [rotation.read_rotation(text) for text in case["known"]]
    found = rotation.read_rotation(case["text"])
    rotation.require_past(found, case["now"])
    trusted(case["roots"]).require(found.old, case["now"])
    rotation.require_newer(found, known)


def check_rotation(case: dict[str, Any]) -> str:
    """The same as a code: `allow`, or that of core's refusal."""
    try:
        take_rotation(case)
    except AuthError as refusal:
        return said(refusal)
    return "allow"
