"""What was done to the published Python verifier of version 1 (kanoniv-auth 0.3.0), by the names of the findings."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.advisories.attacker import ALICE, BOB, MALLORY, ROOT, b64
from tests.advisories.forge_v1 import (
    EARLIER,
    LATER,
    LATER_SECONDS,
    Link,
    around,
    caveats_of,
    honest,
    link,
    signed,
    text_of,
    token,
)

STAGING = honest()
PARENT = link(ROOT, ALICE, "deploy")
CHILD = link(ALICE, BOB, "deploy.staging", after=PARENT)
EXPIRED = link(ROOT, BOB, "deploy.staging", until=EARLIER)
BODY = {"chain": [STAGING], "agent_did": BOB.did, "scopes": ["deploy.staging"]}


class Attack(NamedTuple):
    """What is presented, for which action, the reason it is refused for; taken: the published verifier accepts it."""

    text: str
    slug: str
    action: str = "deploy.staging"
    taken: bool = True


def outer(one: Link, **changes: Any) -> Link:
    """A link with other outer fields than the signed ones."""
    return {**one, **changes}


def proof(one: Link, **changes: Any) -> Link:
    """A link whose proof was edited after it was signed."""
    return {**one, "proof": {**one["proof"], **changes}}


def edited(one: Link, **changes: Any) -> Link:
    """A link edited after it was signed, inside and outside alike."""
    payload = {**one["proof"]["payload"], **changes}
    return {**one, **changes, "proof": {**one["proof"], "payload": payload}}


def raw(**changes: Any) -> str:
    """A token's JSON with other fields, also ones that take the place of ours."""
    fields = {"version": 1, **BODY, "agent_private_key": b64(BOB.seed), **changes}
    return text_of({name: value for name, value in fields.items() if value != "absent"})


FOREIGN = outer(
    link(ROOT, MALLORY, "deploy", signer=MALLORY), issuer_public_key=list(MALLORY.public)
)
USURPED = outer(
    link(ALICE, BOB, "deploy.staging", after=PARENT, signer=MALLORY),
    issuer_public_key=list(MALLORY.public),
)
RENAMED = around(signed(ROOT, STAGING["proof"]["payload"], did=MALLORY.did), ROOT)
SPLICED = link(MALLORY, BOB, "deploy.staging", after=PARENT)
WIDER = link(ALICE, BOB, "deploy.staging", "release", after=PARENT)
OTHER_ROOT = link(MALLORY, BOB, "deploy.staging")
HELLO = around(signed(ROOT, {"hello": "world"}), ROOT)
NAKED = around(signed(ROOT, {**STAGING["proof"]["payload"], "caveats": []}), ROOT)
LAX = {
    "issuer_did": ROOT.did,
    "delegate_did": BOB.did,
    "caveats": caveats_of(["deploy.staging"], LATER),
}


ATTACKS = {
    "a1 scopes edited to a sibling": Attack(
        token(BOB, STAGING, scopes=["deploy.prod"]), "bad_signature", "deploy.prod"
    ),
    "a1 scopes edited to the parent": Attack(token(BOB, STAGING, scopes=["deploy"]), "bad_signature"),
    "a1 scopes edited, one more": Attack(
        token(BOB, STAGING, scopes=["deploy.staging", "release"]), "bad_signature", "release"
    ),
    "a2a expired, without the top-level expiry": Attack(
        token(BOB, EXPIRED, expires_at=None), "expired", taken=False
    ),
    "a2b expired, without the outer caveat": Attack(
        token(BOB, outer(EXPIRED, caveats=caveats_of(["deploy.staging"], None)), expires_at=None),
        "bad_signature",
    ),
    "a2c expired, the outer caveat garbled": Attack(
        token(BOB, outer(EXPIRED, caveats=caveats_of(["deploy.staging"], "never"))), "bad_signature"
    ),
    "a2d expired, the outer caveat extended": Attack(
        token(BOB, outer(EXPIRED, caveats=caveats_of(["deploy.staging"], LATER))), "bad_signature"
    ),
    "a2d the top-level expiry extended": Attack(
        token(BOB, STAGING, expires_at=LATER_SECONDS + 1), "bad_signature"
    ),
    "a2e the top-level expiry is text": Attack(
        token(BOB, STAGING, expires_at="2099-01-01T00:00:00.000Z"), "parse", taken=False
    ),
    "a3 the victim's root link and an unrelated one": Attack(
        token(BOB, PARENT, SPLICED), "bad_signature"
    ),
    "a4 the root's DID over the attacker's key": Attack(
        token(MALLORY, FOREIGN), "untrusted_root", "deploy"
    ),
    "a4 the parent's DID over the attacker's key, below its true link": Attack(
        token(BOB, PARENT, USURPED), "bad_signature"
    ),
    "a4 signed in another's name": Attack(token(BOB, RENAMED), "bad_signature"),
    "a5 a root of one's own": Attack(token(BOB, OTHER_ROOT), "untrusted_root", taken=False),
    "a6 the outer delegate edited": Attack(
        token(MALLORY, outer(STAGING, delegate_did=MALLORY.did)), "bad_signature"
    ),
    "a6 the outer caveats edited": Attack(
        token(BOB, outer(STAGING, caveats=caveats_of(["release"], None)), scopes=["release"]),
        "bad_signature", "release",
    ),
    "a6 the payload edited, inside and outside": Attack(
        token(BOB, edited(STAGING, caveats=caveats_of(["release"], LATER))), "bad_signature", "release", taken=False
    ),
    "a6 the payload edited in the last link": Attack(
        token(BOB, PARENT, edited(CHILD, caveats=caveats_of(["deploy"], LATER))), "bad_signature", "deploy", taken=False
    ),
    "a6 another signature of the same root": Attack(
        token(BOB, proof(STAGING, signature=PARENT["proof"]["signature"])), "bad_signature", taken=False
    ),
    "a6 another nonce": Attack(token(BOB, proof(STAGING, nonce="m")), "bad_signature", taken=False),
    "a6b any message the root has signed": Attack(
        token(BOB, outer(HELLO, **LAX), scopes=["release"]), "parse", "release"
    ),
    "a6b a payload without scopes": Attack(token(BOB, NAKED, scopes=["release"]), "parse", "release"),
    "a6c the payload is null": Attack(token(BOB, proof(STAGING, payload=None)), "parse"),
    "a7 a wider child, truly signed": Attack(token(BOB, PARENT, WIDER), "widened", "release"),
    "a7 a child that outlives its parent": Attack(
        token(BOB, PARENT, link(ALICE, BOB, after=PARENT, until="2099-01-01T00:00:00.001Z")), "outlives_parent"
    ),
    "a7 a child without an expiry": Attack(
        token(BOB, PARENT, link(ALICE, BOB, after=PARENT, until=None)), "outlives_parent"
    ),
    "a8 the last link cut off": Attack(
        token(BOB, PARENT, scopes=["deploy"]), "holder_unproven", "deploy"
    ),
    "a8b the first link cut off": Attack(token(BOB, CHILD), "untrusted_root", taken=False),
    "a8d the parent's own grant, without a key": Attack(
        token(ALICE, PARENT, agent_private_key=None), "holder_unproven", "deploy"
    ),
    "a8d the parent's own grant, with the child's key": Attack(
        token(ALICE, PARENT, key=BOB), "holder_unproven", "deploy"
    ),
    "a9 a link five times": Attack(token(BOB, *[STAGING] * 5), "bad_signature"),
    "a9b links in another order": Attack(token(BOB, link(ROOT, BOB, "deploy.staging"), PARENT), "bad_signature"),
    "a10 another holder": Attack(token(MALLORY, STAGING), "holder_unproven"),
    "a10 another key": Attack(token(BOB, STAGING, key=MALLORY), "holder_unproven"),
    "a10 a key that is none": Attack(token(BOB, STAGING, agent_private_key="x"), "parse"),
    "a11 version 99": Attack(token(BOB, STAGING, version=99), "unknown_version"),
    "a11 version true": Attack(token(BOB, STAGING, version=True), "unknown_version"),
    "a11b max_cost": Attack(
        token(BOB, link(ROOT, BOB, caveats=[*STAGING["caveats"], {"type": "max_cost", "value": 5.0}])), "unknown_caveat"
    ),
    "a11b a resource of another kind": Attack(
        token(BOB, link(ROOT, BOB, caveats=[*STAGING["caveats"], {"type": "resource", "value": "prod*"}])),
        "unknown_caveat",
    ),
    "a11b a resource nobody named": Attack(
        token(BOB, link(ROOT, BOB, caveats=[*STAGING["caveats"], {"type": "resource", "value": "a/*"}])), "caveat"
    ),
    "a11b a context nobody gave": Attack(
        token(BOB, link(ROOT, BOB, caveats=[
            *STAGING["caveats"], {"type": "context", "value": {"key": "env", "value": "dev"}},
        ])),
        "caveat",
    ),
    "a11b a caveat of no known type": Attack(
        token(BOB, link(ROOT, BOB, caveats=[*STAGING["caveats"], {"type": "weather", "value": "fine"}])),
        "unknown_caveat",
    ),
    "a12s scopes is text": Attack(token(BOB, STAGING, scopes="x"), "parse", "x"),
    "h2 a key that signs for everybody": Attack(
        token(BOB, {**STAGING, "issuer_public_key": [1, *[0] * 31], "proof": {
            **STAGING["proof"], "signature": (bytes([1]) + bytes(63)).hex(),
        }}),
        "parse",
        taken=False,  # whether it passes is the backend's choice
    ),
    "a13 a scope outside ASCII": Attack(
        token(BOB, link(ROOT, BOB, "deploy.staging", "d\u00e9ploy")), "parse"
    ),
}  # fmt: skip
