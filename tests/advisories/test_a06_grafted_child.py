"""A6: a child is moved onto another, broader grant of the same holder.

Bob holds two grants under one key, one narrow and one broad, and delegates from the narrow one. Carol moves her link
onto the broad one: same issuer key, true signature. The published product accepted it. A link signs the id before
it.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import BOB, CAROL, HOUR, NOW, Links
from tests.advisories.verifier import ACCEPTED, verdict

NARROW = Links().grow(BOB, scp=["deploy.staging"])
CHILD = NARROW.grow(CAROL, scp=["deploy.staging"])
BROADER = {
    "scopes": Links().grow(BOB, scp=["deploy"]),
    "time": Links().grow(BOB, scp=["deploy.staging"], exp=NOW + 24 * HOUR),
    "the same but for its number": Links().grow(BOB, scp=["deploy.staging"], jti="A" * 22),
}


def test_the_control_passes() -> None:
    assert verdict(CHILD.sealed()) == ACCEPTED


@pytest.mark.parametrize("broad", BROADER.values(), ids=list(BROADER))
def test_a_child_stays_under_the_grant_it_was_issued_from(broad: Links) -> None:
    moved = Links(
        texts=(*broad.texts, CHILD.texts[1]), ids=(*broad.ids, CHILD.ids[1]), holder=CAROL
    )
    seen = [broad.sealed(), CHILD.sealed()]
    assert verdict(moved.sealed(), after=seen) == "bad_signature"
    # and with the id this chain would really have
    payload_kept = broad.append(bytes(64), b"", CAROL)
    assert verdict(moved.sealed(chain_id=payload_kept.id), after=seen) == "bad_signature"


def test_a_seal_of_one_grant_does_not_end_another() -> None:
    broad = BROADER["scopes"]
    seal = NARROW.sealed().rpartition("~")[2]
    assert verdict(f"{broad.text}~{seal}", after=[broad.sealed()]) == "bad_signature"
