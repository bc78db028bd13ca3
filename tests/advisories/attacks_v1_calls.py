"""Signed calls of version 1 (docs/spec/mcp-proof.md §3) that are not what they say, and some that only look odd.

Most of the first kind were taken by the published verifier.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from kanoniv_auth.core.legacy_v1_form import MAX_V1
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, BOB, MALLORY, NOW, OTHER_ROOT, ROOT, Key
from tests.advisories.forge_v1 import ARGS, Link, content_hash, invoked, link, nested

Attack = tuple[dict[str, Any], dict[str, Any], str]
GIVEN = link(ROOT, BOB, "resolve")
PARENT = link(ROOT, ALICE, "resolve", "merge")
CHILD = link(ALICE, BOB, "resolve", after=PARENT)
STOLEN = {**GIVEN, "delegate_did": MALLORY.did}
LIMITED = {"type": "context", "value": {"key": "env", "value": "prod"}}
ONLY_RESOLVE = {"type": "action_scope", "value": ["resolve"]}
ON_THE_SECOND = "2027-01-15T08:00:00.000Z"  # NOW
SIGNED_AT = 1_767_225_600  # the links


def chain_of(count: int) -> tuple[Link, ...]:
    """A true chain of so many links, from the root to Bob."""
    holders = [ROOT, *[Key(f"holder {number}") for number in range(1, count)], BOB]
    links: tuple[Link, ...] = ()
    for giver, taker in pairwise(holders):
        links = (*links, link(giver, taker, "resolve", after=links[-1] if links else None))
    return links


def edited(where: str, value: object) -> dict[str, Any]:
    """A true call with one of its fields changed after it was signed. where: its path; value ...: it is taken out."""
    proof = invoked()
    *path, last = where.split(".")
    place = proof
    for name in path:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return proof


def revoked_by(root: Key, entry: bytes) -> dict[str, Any]:
    return {"revoked": Revocations({root.public: [entry]})}


MERGE: dict[str, Any] = {"tool": "merge", "scope": "resolve"}
# what is sent · what is different about the call or its verifier · our reason
ATTACKS: dict[str, Attack] = {
    # delegations
    "a stolen delegation": (invoked(STOLEN, by=MALLORY), {}, "bad_signature"),
    "a delegation to somebody else": (invoked(GIVEN, by=MALLORY), {}, "holder_unproven"),
    "below a stolen parent": (
        invoked({**PARENT, "delegate_did": MALLORY.did}, link(MALLORY, BOB, "merge", after=PARENT)),
        {}, "bad_signature",
    ),
    "the parent's own grant": (invoked(PARENT), {}, "holder_unproven"),
    "about another delegation": (invoked(delegation_hash="0" * 64), {}, "bad_signature"),
    "about its parent": (
        invoked(PARENT, CHILD, delegation_hash=content_hash(PARENT["proof"])), {}, "bad_signature",
    ),
    "a delegation put in its place": (
        invoked(GIVEN, outside={"delegation": nested(link(ROOT, BOB, "resolve", "merge"))}),
        {}, "bad_signature",
    ),
    "a wider child": (
        invoked(PARENT, link(ALICE, BOB, "release", after=PARENT), action="release"),
        {"tool": "release"}, "widened",
    ),
    "a child of nobody": (invoked(PARENT, link(ALICE, BOB, "resolve")), {}, "bad_signature"),
    "a chain that is too long": (invoked(*chain_of(17)), {}, "too_deep"),
    "no delegation": (invoked(outside={"delegation": None}), {}, "parse"),
    "a delegation that is a list": (invoked(outside={"delegation": []}), {}, "parse"),
    "a parent that is a list": (invoked(outside={"delegation": {**GIVEN, "parent_proof": [PARENT]}}), {}, "parse"),
    "another root": (invoked(), {"roots": TrustedRoots([MALLORY.public])}, "untrusted_root"),
    "no root": (invoked(), {"roots": TrustedRoots()}, "no_trusted_root"),
    "a root that was retired": (
        invoked(), {"roots": TrustedRoots([ROOT.public], retired={ROOT.did: NOW})}, "untrusted_root",
    ),
    # who signs
    "another invoker outside": (invoked(outside={"invoker_did": ALICE.did}), {}, "bad_signature"),
    "with another key": (invoked(key=MALLORY), {}, "bad_signature"),
    "signed by another": (invoked(signer=MALLORY), {}, "bad_signature"),
    "in the name of another": (invoked(said_by=MALLORY.did), {}, "bad_signature"),
    "for another invoker": (invoked(invoker_did=MALLORY.did), {}, "bad_signature"),
    # which call
    "another action outside": (invoked(outside={"action": "merge"}), MERGE, "bad_signature"),
    "other arguments outside": (invoked(outside={"args": {}}), {"args": {}}, "bad_signature"),
    "for another tool": (invoked(), MERGE, "holder_unproven"),
    "for other arguments": (invoked(), {"args": {**ARGS, "id": 8}}, "holder_unproven"),
    "for none": (invoked(args={}), {}, "holder_unproven"),
    "outside its scopes": (invoked(action="merge"), {"tool": "merge"}, "scope"),
    "of another server": (invoked(), {"scope": "mcp.crm.resolve"}, "scope"),
    # when
    "too old": (invoked(at=NOW - 61), {}, "proof_expired"),
    "too new": (invoked(at=NOW + 61), {}, "proof_expired"),
    "at a time of another spelling": (invoked(at="2027-01-15T08:00:00Z"), {}, "parse"),
    "of a delegation that ends now": (invoked(link(ROOT, BOB, "resolve", until=ON_THE_SECOND)), {}, "expired"),
    "of a delegation that is not begun": (
        invoked(at=SIGNED_AT - 31), {"now": SIGNED_AT - 31}, "not_yet_valid",
    ),
    "a root that is revoked": (invoked(PARENT, CHILD), revoked_by(ROOT, ROOT.public), "revoked"),
    "a holder between that is revoked": (invoked(PARENT, CHILD), revoked_by(ROOT, ALICE.public), "revoked"),
    "an invoker that is revoked": (invoked(PARENT, CHILD), revoked_by(ROOT, BOB.public), "revoked"),
    "a delegation that is revoked": (
        invoked(), revoked_by(ROOT, bytes.fromhex(content_hash(GIVEN["proof"]))), "revoked",
    ),
    # caveats
    "an unknown caveat": (
        invoked(link(ROOT, BOB, caveats=[ONLY_RESOLVE, {"type": "x", "value": 1}])), {}, "unknown_caveat",
    ),
    "a caveat that does not hold": (invoked(link(ROOT, BOB, caveats=[ONLY_RESOLVE, LIMITED])), {}, "caveat"),
    "a link without scopes": (
        invoked(link(ROOT, BOB, caveats=[{"type": "expires_at", "value": "2099-01-01T00:00:00.000Z"}])),
        {}, "parse",
    ),
    # form
    "no object": ([], {}, "parse"),  # type: ignore[dict-item]
    "one field more": ({**invoked(), "x": 1}, {}, "parse"),
    "one field more inside": (invoked(outside={"x": 1}), {}, "parse"),
    "one field more in its proof": (edited("invocation.proof.x", 1), {}, "parse"),
    "one field more in what is signed": (invoked(x=1), {}, "parse"),
    "no key": (edited("invoker_public_key", ...), {}, "parse"),
    "no invoker": (edited("invocation.invoker_did", ...), {}, "parse"),
    "no time": (edited("invocation.proof.timestamp", ...), {}, "parse"),
    "no hash of its delegation": (edited("invocation.proof.payload.delegation_hash", ...), {}, "parse"),
    "a time that is a number": (edited("invocation.proof.timestamp", NOW), {}, "parse"),
    "a time that is not whole": (edited("invocation.proof.timestamp", "2027"), {}, "bad_signature"),
    "a nonce that is a number": (invoked(nonce=7), {}, "parse"),
    "no nonce": (invoked(nonce=""), {}, "parse"),
    "a nonce that is too long": (invoked(nonce="n" * 129), {}, "parse"),
    "a signer that is a number": (edited("invocation.proof.signer_did", 7), {}, "parse"),
    "a signed invoker that is a number": (invoked(invoker_did=7), {}, "parse"),
    "a signed action that is a number": (invoked(action=7), {}, "parse"),
    "a hash that is a number": (invoked(delegation_hash=7), {}, "parse"),
    "arguments that are a list": (invoked(args=[]), {}, "parse"),
    "a signature that is a number": (edited("invocation.proof.signature", 7), {}, "parse"),
    "a signature that is too short": (edited("invocation.proof.signature", "0" * 126), {}, "parse"),
    "a signature that is too long": (edited("invocation.proof.signature", "0" * 130), {}, "parse"),
    "a signature in capitals": (edited("invocation.proof.signature", "AB" * 64), {}, "parse"),
    "a signature of other letters": (edited("invocation.proof.signature", "0" * 127 + "x"), {}, "parse"),
    "a signature of zeros": (edited("invocation.proof.signature", "0" * 128), {}, "bad_signature"),
    "a key that is too short": (edited("invoker_public_key", "00"), {}, "parse"),
    "a key that is a list": (edited("invoker_public_key", list(BOB.public)), {}, "parse"),
    "a key in capitals": (edited("invoker_public_key", BOB.public.hex().upper()), {}, "parse"),
    "a key of other letters": (edited("invoker_public_key", "X" * 64), {}, "parse"),
    "a key that signs for everybody": (edited("invoker_public_key", "01" + "00" * 31), {}, "parse"),
    "a number that languages write differently": (
        invoked(args={"a": 1e-9}), {"args": {"a": 1e-9}}, "parse",
    ),
    "such a number deep inside": (
        invoked(args={"a": [1, {"b": 1e16}]}), {"args": {"a": [1, {"b": 1e16}]}}, "parse",
    ),
    "a number that not every reader has": (invoked(args={"a": 2**53}), {"args": {"a": 2**53}}, "parse"),
    "too large": (invoked(args={"x": "y" * MAX_V1}), {}, "too_large"),
}  # fmt: skip
# and a list that is somebody else's says nothing about it
UNHARMED: dict[str, Attack] = {
    "another root's list": (invoked(), revoked_by(OTHER_ROOT, BOB.public), "accepted"),
    "a list of other keys": (invoked(), revoked_by(ROOT, MALLORY.public), "accepted"),
    "the oldest that counts": (invoked(at=NOW - 60), {}, "accepted"),
    "the newest that counts": (invoked(at=NOW + 60), {}, "accepted"),
    "the newest, and a part of a second": (invoked(at="2027-01-15T08:01:00.999Z"), {}, "accepted"),
    "the longest nonce": (invoked(nonce="n" * 128), {}, "accepted"),
    "the shortest nonce": (invoked(nonce="n"), {}, "accepted"),
    "the longest chain": (invoked(*chain_of(16)), {}, "accepted"),
    "a second before its end": (
        invoked(link(ROOT, BOB, "resolve", until=ON_THE_SECOND), at=NOW - 1), {"now": NOW - 1}, "accepted",
    ),
    "a delegation without an end": (invoked(link(ROOT, BOB, "resolve", until=None)), {}, "accepted"),
    "another spelling of the same arguments": (
        invoked(outside={"args": {"rate": 5e-1, "id": 7.0, "who": "Zoë"}}), {"args": {**ARGS, "id": 7.0}}, "accepted",
    ),
    "every kind of value": (
        invoked(args={"z": [1, 2.5, None, True], "a": {"€": '\U0001f600\x7f\u2028"\\\n', "e": "1e9"}}),
        {"args": {"a": {"e": "1e9", "€": '\U0001f600\x7f\u2028"\\\n'}, "z": [1, 2.5, None, True]}}, "accepted",
    ),
}  # fmt: skip
