"""What was done to the published Rust verifier of version 1 (kanoniv-agent-auth 0.2.0), by the names of the findings.

B2, B3 and B5 change or repeat an invocation, which is no part of a token and is not read here.
"""

from __future__ import annotations

from typing import Any

from tests.advisories.attacker import ALICE, BOB, MALLORY, ROOT, Key
from tests.advisories.forge_v1 import (
    EARLIER,
    LATER,
    Link,
    around,
    caveats_of,
    honest,
    link,
    signed,
)

STAGING = honest()
PARENT = link(ROOT, ALICE, "deploy", "deploy.staging")
CHILD = link(ALICE, BOB, "deploy.staging", after=PARENT)
PROVENANCE = {
    "agent_did": ROOT.did,
    "action": "merge",
    "entity_ids": [],
    "parent_ids": [],
    "metadata": {},
}


def given_to(holder: Key, one: Link) -> Link:
    """The same link with another name on its outside."""
    return {**one, "delegate_did": holder.did}


def limited(*extra: dict[str, Any]) -> Link:
    return link(ROOT, BOB, caveats=[*caveats_of(["deploy.staging"], LATER), *extra])


def about(payload: object, holder: Key = BOB) -> Link:
    """A link around a message that the root signed for something else."""
    outside = {"issuer_did": ROOT.did, "delegate_did": holder.did, "caveats": []}
    return {**around(signed(ROOT, payload), ROOT), **outside}


STOLEN = given_to(MALLORY, STAGING)
BELOW_STOLEN = link(MALLORY, BOB, "deploy.staging", after=PARENT)
SWAPPED = link(ALICE, BOB, "deploy.staging", parent_hash="0" * 64)
OTHER_PARENT = link(ROOT, ALICE, "deploy.staging", until=EARLIER)
COST = {"type": "max_cost", "value": 5.0}
UNKNOWN = {"type": "weather", "value": "fine"}
# links root first · holder · action · our reason · what the published verifier says of it
ATTACKS: dict[str, tuple[tuple[Link, ...], Key, str, str, bool]] = {
    "b1 a stolen delegation": ((STOLEN,), MALLORY, "deploy.staging", "bad_signature", True),
    "b11 a delegation below a stolen parent": (
        (given_to(MALLORY, PARENT), BELOW_STOLEN), BOB, "deploy.staging", "bad_signature", True,
    ),
    "b4 the outer caveats removed": (
        ({**STAGING, "caveats": []},), BOB, "deploy.staging", "bad_signature", True,
    ),
    "b6 any message the root has signed": ((about({"hello": "world"}),), BOB, "release", "parse", True),
    "b6b the root's provenance entry": ((about(PROVENANCE),), BOB, "release", "parse", True),
    "b7 one caveat of unknown type": ((limited(UNKNOWN),), BOB, "release", "unknown_caveat", False),
    "b7 one caveat of unknown type, in what is signed alone": (
        ({**limited(UNKNOWN), "caveats": STAGING["caveats"]},), BOB, "release", "bad_signature", True,
    ),
    "b8 a wrong parent hash": ((PARENT, SWAPPED), BOB, "deploy.staging", "bad_signature", True),
    "b9 a child that is wider": (
        (PARENT, link(ALICE, BOB, "release", after=PARENT)), BOB, "release", "widened", False,
    ),
    "b10 a key that is not the issuer's": (
        ({**STAGING, "issuer_public_key": list(MALLORY.public)},), BOB, "deploy.staging", "untrusted_root", False,
    ),
    "b12 an expiry that is no time": (
        (link(ROOT, BOB, "deploy.staging", until="zzz"),), BOB, "deploy.staging", "parse", True,
    ),
    "b12 an expiry that sorts last": (
        (link(ROOT, BOB, "deploy.staging", until="3000"),), BOB, "deploy.staging", "parse", True,
    ),
    "b16d a cost without a currency": ((limited(COST),), BOB, "deploy.staging", "unknown_caveat", False),
}  # fmt: skip
