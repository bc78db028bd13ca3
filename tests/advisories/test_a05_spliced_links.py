"""A5: links of several genuine chains, put together, reordered or repeated.

Every single signature is true. The published product did not tie a link to the one before it: foreign, repeated and
reordered links were accepted (its PoC A3, A9, A9b).
"""

from __future__ import annotations

from itertools import permutations, product

import pytest

from tests.advisories.attacker import ALICE, BOB, CAROL, NOW, ROOT, Links
from tests.advisories.verifier import ACCEPTED, verdict


def chain(scope: str, first: object = None) -> Links:
    start = Links().grow(ALICE, scp=[scope], nam="one")
    return start.grow(BOB, scp=[scope]).grow(CAROL, scp=[scope], exp=NOW + 60)


CHAINS = [chain("deploy"), chain("read"), Links().grow(BOB).grow(ALICE).grow(CAROL, exp=NOW + 60)]
HONEST = [links.sealed(exp=NOW + 60) for links in CHAINS]


def spliced(texts: tuple[str, ...], like: Links) -> str:
    """Other links under the proof that the last one's holder can truly make."""
    return Links(texts=texts, ids=like.ids, holder=CAROL).sealed(exp=NOW + 60)


def test_the_controls_pass() -> None:
    assert [verdict(HONEST[0]), verdict(HONEST[1], "read"), verdict(HONEST[2])] == [ACCEPTED] * 3


@pytest.mark.parametrize("order", [p for p in permutations(range(3)) if p != (0, 1, 2)])
def test_reordered_links(order: tuple[int, ...]) -> None:
    texts = tuple(CHAINS[0].texts[index] for index in order)
    # without link 0 in front there is no root; with it, a link is not signed over the one before
    assert verdict(spliced(texts, CHAINS[0]), after=[HONEST[0]]) == (
        "parse" if order[0] else "bad_signature"
    )


MIXES = [mix for mix in product(range(3), repeat=3) if len(set(mix)) > 1]


@pytest.mark.parametrize("mix", MIXES)
def test_links_of_other_chains_at_their_own_place(mix: tuple[int, int, int]) -> None:
    texts = tuple(CHAINS[which].texts[place] for place, which in enumerate(mix))
    for like in CHAINS:
        assert verdict(spliced(texts, like)) == "bad_signature"


@pytest.mark.parametrize("times", [2, 5])
@pytest.mark.parametrize("place", [1, 2])
def test_a_repeated_link(times: int, place: int) -> None:
    texts = (
        CHAINS[0].texts[:place]
        + CHAINS[0].texts[place : place + 1] * times
        + CHAINS[0].texts[place + 1 :]
    )
    assert verdict(spliced(texts, CHAINS[0]), after=[HONEST[0]]) == "bad_signature"


def test_a_repeated_first_link_names_a_root_where_none_may() -> None:
    texts = (CHAINS[0].texts[0], *CHAINS[0].texts)
    assert verdict(spliced(texts, CHAINS[0]), after=[HONEST[0]]) == "bad_signature"
    # even when the root itself delegates to itself and so may sign both
    twice = Links().grow(ROOT, scp=["deploy"])
    again = twice.grow(ROOT, raw=twice.payload(ROOT, scp=["deploy"], iss="x"))
    assert verdict(again.sealed()) == "parse"


def test_the_victims_root_link_in_front_of_the_attackers_own() -> None:
    own = Links(holder=BOB).grow(CAROL, scp=["deploy"])
    assert verdict(spliced((CHAINS[0].texts[0], *own.texts), own)) == "bad_signature"
