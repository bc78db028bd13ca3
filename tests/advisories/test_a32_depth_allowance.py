"""A32: delegating further than was allowed.

Alice's link says "no further" or "one more"; Bob delegates all the same, or writes himself a larger allowance. The
published product had no such limit.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import ChainTooDeep
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import ALICE, BOB, CAROL, MALLORY, NOW, Links
from tests.advisories.verifier import ACCEPTED, PINNED, parent_verdict, verdict


def below(limit: int, links: int, *, place: int = 0, own: int | None = None) -> Links:
    """A chain with `max_depth` on the link at `place`, and `links` more after that one."""
    chain = Links()
    for index in range(place + 1 + links):
        caveat = limit if index == place else own
        chain = chain.grow(BOB, cav=None if caveat is None else [["max_depth", caveat]])
    return chain


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("limit", [0, 1, 2])
def test_one_link_more_than_allowed(limit: int, place: int) -> None:
    allowed = below(limit, limit, place=place).sealed()
    assert verdict(allowed) == ACCEPTED
    assert verdict(below(limit, limit + 1, place=place).sealed(), after=[allowed]) == "too_deep"
    assert parent_verdict(below(limit, limit + 1, place=place).text) == "too_deep"


@pytest.mark.parametrize("own", [1, 5, 99, 2**53])
def test_a_child_cannot_write_itself_a_larger_allowance(own: int) -> None:
    assert verdict(below(1, 2, own=own).sealed()) == "too_deep"


def test_a_child_can_write_itself_a_smaller_one() -> None:
    chain = Links().grow(ALICE, cav=[["max_depth", 5]]).grow(BOB, cav=[["max_depth", 0]])
    assert verdict(chain.sealed()) == ACCEPTED
    assert verdict(chain.grow(MALLORY).sealed(), after=[chain.sealed()]) == "too_deep"


def test_the_smallest_of_several_counts() -> None:
    chain = Links().grow(ALICE, cav=[["max_depth", 0], ["max_depth", 9]])
    assert verdict(chain.grow(MALLORY).sealed()) == "too_deep"


def test_our_issuer_refuses_too() -> None:
    parent = read_parent(
        Links().grow(BOB, cav=[["max_depth", 0]]).text, roots=PINNED, now=NOW, revoked=None
    )
    with pytest.raises(ChainTooDeep) as caught:
        issue(
            KeyPair.from_seed(BOB.seed), CAROL.public, parent=parent, scopes=("deploy",), now=NOW, ttl=60,
            entropy=bytes(16),
        )  # fmt: skip
    assert caught.value.slug == "too_deep"
