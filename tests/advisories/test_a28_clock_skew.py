"""A28: a token from the future, or the last second of one.

Clocks differ, so 30 seconds are allowed for `iat`; an expiry has no grace at all. The published product compared
texts and let an unreadable expiry pass. The clock is an argument here: no time zone, no daylight saving, no leap
second.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.cache import Cache
from tests.advisories.attacker import ALICE, BOB, NOW, Links, envelope
from tests.advisories.verifier import (
    ACCEPTED,
    envelope_verdict,
    parent_verdict,
    proven,
    run,
    verdict,
)


@pytest.mark.parametrize(
    ("ahead", "word"),
    [
        (0, ACCEPTED),
        (1, ACCEPTED),
        (29, ACCEPTED),
        (30, ACCEPTED),
        (31, "not_yet_valid"),
        (3600 - 1, "not_yet_valid"),
    ],
)
@pytest.mark.parametrize("place", ["parent", "leaf"])
def test_a_link_from_the_future(ahead: int, word: str, place: str) -> None:
    first = Links().grow(ALICE, iat=NOW + ahead if place == "parent" else NOW)
    chain = first.grow(BOB, iat=NOW + ahead if place == "leaf" else NOW, scp=["deploy.staging"])
    assert verdict(chain.sealed()) == word
    assert proven(chain.sealed()) == word
    assert parent_verdict(chain.text) == word


@pytest.mark.parametrize(
    ("offset", "word"),
    [
        (-1, ACCEPTED),
        (0, "expired"),
        (1, "expired"),
        (29, "expired"),
        (31, "expired"),
    ],
)
def test_an_expiry_has_no_grace(offset: int, word: str) -> None:
    chain = Links().grow(ALICE, exp=NOW + 100)
    assert verdict(chain.sealed(exp=NOW + 100), now=NOW + 100 + offset) == word


@pytest.mark.parametrize(
    ("offset", "word"), [(-1, ACCEPTED), (0, "expired"), (1, "expired"), (29, "expired")]
)
def test_a_chains_expiry_has_no_grace(offset: int, word: str) -> None:
    chain = Links().grow(ALICE, exp=NOW + 100)
    assert verdict(chain.pop(iat=NOW + 100), now=NOW + 100 + offset) == word
    assert parent_verdict(chain.text, now=NOW + 100 + offset) == word


@pytest.mark.parametrize("exp", [0, 1, NOW - 1, NOW])
def test_a_seal_that_ended_long_ago(exp: int) -> None:
    assert verdict(Links().grow(ALICE).sealed(exp=exp)) == "proof_expired"


def test_a_clock_that_is_set_back() -> None:
    token = Links().grow(ALICE, iat=NOW).sealed()
    words = [verdict(token, now=now) for now in (NOW, NOW - 30, NOW - 31, 0, NOW)]
    assert words == [ACCEPTED, ACCEPTED, "not_yet_valid", "not_yet_valid", ACCEPTED]


def test_a_receipt_knows_no_skew() -> None:
    """Its time is claimed by its signer, who has seen the links: there is no second clock."""
    chain = Links().grow(ALICE, iat=NOW)
    assert envelope_verdict(envelope(chain, iat=NOW)) == ACCEPTED
    assert envelope_verdict(envelope(chain, iat=NOW - 1)) == "not_yet_valid"


@pytest.mark.parametrize("now", [float("nan"), float(NOW), True, str(NOW), None], ids=repr)
def test_a_clock_that_does_not_say_whole_seconds(now: object) -> None:
    """NaN compares as false with every expiry. It is the verifier's own mistake, so no reason code but a TypeError."""
    token = Links().grow(ALICE).sealed()
    for cache in (None, Cache()):
        with pytest.raises(TypeError):
            run(token, now=now, cache=cache)  # type: ignore[arg-type]
