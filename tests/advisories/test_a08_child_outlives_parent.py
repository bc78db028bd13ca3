"""A8: a child that is to live longer than its parent, or after it.

Bob leaves `exp` out of the child he signs, or sets it later; or he keeps a live child of a dead parent. The
published product read expiry from unsigned text and let any child say "no expiry" (its PoC A2, B12, C12).
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import ALICE, BOB, CAROL, HOUR, NOW, Links, envelope, honest
from tests.advisories.verifier import (
    ACCEPTED,
    PINNED,
    envelope_verdict,
    once_over,
    parent_verdict,
    proven,
    verdict,
)

FOREVER = 2**53


@pytest.mark.parametrize("exp", [NOW + HOUR + 1, NOW + 24 * HOUR, FOREVER])
def test_a_child_that_ends_after_its_parent(exp: int) -> None:
    chain = honest().grow(CAROL, scp=["deploy.staging"], exp=exp)
    assert verdict(chain.sealed(), after=[honest().sealed()]) == "outlives_parent"
    assert parent_verdict(chain.text) == "outlives_parent"


def test_exp_removed_from_a_child() -> None:
    chain = honest().grow(CAROL, scp=["deploy.staging"], exp=None)
    assert verdict(chain.sealed(), after=[honest().sealed()]) == "outlives_parent"


def test_exp_removed_two_links_after_the_one_that_has_it() -> None:
    """The earliest expiry counts, not the one of the link just before."""
    open_middle = Links().grow(ALICE, exp=NOW + 60).grow(BOB, exp=None)
    assert verdict(open_middle.sealed(exp=NOW + 60)) == "outlives_parent"
    far = Links().grow(ALICE, exp=NOW + 60).grow(BOB, exp=NOW + 50).grow(CAROL, exp=NOW + 55)
    assert verdict(far.sealed(exp=NOW + 50)) == "outlives_parent"


def test_a_bounded_child_of_an_unbounded_parent_is_fine() -> None:
    chain = Links().grow(ALICE, exp=None).grow(BOB, scp=["deploy.staging"])
    assert verdict(chain.sealed()) == ACCEPTED
    assert verdict(Links().grow(ALICE, exp=None).grow(BOB, exp=None).sealed()) == ACCEPTED


def test_a_live_child_of_a_dead_parent() -> None:
    """A pop is new on every request, so the chain's own clock is all that stops it."""
    late = NOW + HOUR
    assert verdict(honest().pop(iat=late - 1), now=late - 1) == ACCEPTED
    assert verdict(honest().pop(iat=late), now=late) == "expired"
    assert verdict(honest().sealed(), now=late) == "expired"
    assert (proven(honest().sealed(), now=late), parent_verdict(honest().text, now=late)) == (
        "expired",
        "expired",
    )


@pytest.mark.parametrize("exp", [NOW + HOUR + 1, FOREVER])
def test_a_seal_that_outlives_its_chain(exp: int) -> None:
    assert verdict(honest().sealed(exp=exp), after=[honest().sealed()]) == "bad_bounds"


def test_a_seal_of_an_unbounded_chain_ends_within_ninety_days() -> None:
    chain = Links().grow(ALICE, exp=None)
    limit = NOW + 90 * 86400
    assert verdict(chain.sealed(exp=limit)) == ACCEPTED
    assert verdict(chain.sealed(exp=limit + 1)) == "bad_bounds"
    assert verdict(chain.sealed(exp=2**64 - 1)) == "bad_bounds"


def test_a_receipt_is_dated_within_every_link() -> None:
    assert envelope_verdict(envelope(honest(), iat=NOW + HOUR - 1)) == ACCEPTED
    assert envelope_verdict(envelope(honest(), iat=NOW + HOUR)) == "expired"
    assert envelope_verdict(envelope(honest(), iat=NOW - 11)) == "not_yet_valid"


def test_our_issuer_cuts_a_child_to_its_parent() -> None:
    parent = read_parent(honest().text, roots=PINNED, now=NOW, revoked=None)
    for ttl in (None, 24 * HOUR):
        child = issue(
            KeyPair.from_seed(BOB.seed), CAROL.public, parent=parent, scopes=("deploy.staging",), now=NOW, ttl=ttl,
            entropy=bytes(16),
        )  # fmt: skip
        assert (child.expires_at, child.links[-1].expires_at) == (NOW + HOUR, NOW + HOUR)
        assert once_over(child.text) == "holder_unproven"  # and it is only a grant


@pytest.mark.parametrize("ttl", [0, -1, -HOUR])
def test_our_issuer_signs_no_link_that_ends_before_it_begins(ttl: int) -> None:
    key = KeyPair.from_seed(BOB.seed)
    with pytest.raises(TokenParseError) as caught:
        issue(
            key, CAROL.public, parent=None, scopes=("deploy",), now=NOW, ttl=ttl, entropy=bytes(16)
        )
    assert caught.value.slug == "parse"
