"""Revocation: what one root revokes, and what a foreign list may not.

An ancestor's link or key takes everything below with it. A list counts for the root that made it alone: else whoever
runs a root of his own could revoke another's agents. The published product deleted a local file and the token still
verified (its PoC C8), and keyed revocation on an unsigned id that could be removed.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.revocation import Revocations
from tests.advisories.attacker import ALICE, BOB, CAROL, MALLORY, OTHER_ROOT, ROOT, Key, honest
from tests.advisories.verifier import ACCEPTED, parent_verdict, proven, verdict

CHAIN = honest().grow(CAROL, scp=["deploy.staging"])
ENTRIES = {
    "root's link": CHAIN.ids[0], "middle link": CHAIN.ids[1], "last link": CHAIN.ids[2], "the root's key": ROOT.public,
    "alice's key": ALICE.public, "bob's key": BOB.public, "the holder's key": CAROL.public,
}  # fmt: skip


def listed(root: bytes, *entries: bytes) -> Revocations:
    return Revocations({root: entries})


@pytest.mark.parametrize("what", ENTRIES)
def test_a_revoked_ancestor_takes_all_below_with_it(what: str) -> None:
    revoked = listed(ROOT.public, ENTRIES[what])
    assert verdict(CHAIN.sealed(), revoked=revoked) == "revoked"
    assert verdict(CHAIN.pop(), revoked=revoked) == "revoked"
    assert (
        proven(CHAIN.sealed(), revoked=revoked),
        parent_verdict(CHAIN.text, revoked=revoked),
    ) == ("revoked", "revoked")


@pytest.mark.parametrize("what", ENTRIES)
@pytest.mark.parametrize("owner", [OTHER_ROOT, ALICE, MALLORY])
def test_a_foreign_revocation_list_says_nothing(what: str, owner: Key) -> None:
    revoked = listed(owner.public, ENTRIES[what])
    assert verdict(CHAIN.sealed(), revoked=revoked) == ACCEPTED
    assert parent_verdict(CHAIN.text, revoked=revoked) == ACCEPTED


def test_signing_again_does_not_escape_a_revocation() -> None:
    """An id hashes payloads alone: the same payload under a fresh signature is the same link."""
    again = CHAIN.resigned(2, BOB.sign(b"kanoniv-auth/2 link\0" + CHAIN.ids[1] + b""))
    assert again.ids == CHAIN.ids
    assert (
        verdict(CHAIN.sealed(exp=CHAIN.until - 1), revoked=listed(ROOT.public, CHAIN.id))
        == "revoked"
    )


def test_what_is_revoked_leaves_the_rest() -> None:
    revoked = listed(ROOT.public, CHAIN.ids[2], CAROL.public)
    assert verdict(honest().sealed(), revoked=revoked) == ACCEPTED
    assert verdict(honest().sealed(), revoked=listed(ROOT.public)) == ACCEPTED


def test_a_forgery_does_not_learn_what_is_revoked() -> None:
    assert (
        verdict(CHAIN.sealed(signer=MALLORY), revoked=listed(ROOT.public, CAROL.public))
        == "bad_signature"
    )
