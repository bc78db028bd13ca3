"""A9: what was true a moment ago is asked again when it is not.

A verifier that remembers a token must still look at the clock, the action, the roots it trusts, the revocations and
its own name on every call. The published product has no cache; every fast one is tempted to store the decision.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, BOB, HOUR, NOW, OTHER_ROOT, ROOT, Links, honest
from tests.advisories.verifier import ACCEPTED, once_over, parent_verdict

CHAIN = honest(cav=[["context", "env", "ci"]])
TOKEN = CHAIN.sealed()
CI = {"env": "ci"}


@pytest.fixture
def warm() -> Cache:
    cache = Cache()
    assert once_over(TOKEN, context=CI, cache=cache) == ACCEPTED
    assert once_over(TOKEN, context=CI, cache=cache) == ACCEPTED
    return cache


def test_warm_then_time_passes(warm: Cache) -> None:
    assert once_over(TOKEN, context=CI, cache=warm, now=NOW + HOUR - 1) == ACCEPTED
    assert once_over(TOKEN, context=CI, cache=warm, now=NOW + HOUR) == "expired"


def test_warm_links_then_time_passes(warm: Cache) -> None:
    late = NOW + HOUR
    assert once_over(CHAIN.pop(iat=late), context=CI, cache=warm, now=late) == "expired"


def test_warm_then_the_clock_is_set_back(warm: Cache) -> None:
    assert once_over(TOKEN, context=CI, cache=warm, now=NOW - 41) == "not_yet_valid"


def test_warm_then_another_action(warm: Cache) -> None:
    assert once_over(TOKEN, "deploy.prod", context=CI, cache=warm) == "scope"


def test_warm_then_another_context(warm: Cache) -> None:
    assert once_over(TOKEN, context={"env": "laptop"}, cache=warm) == "caveat"
    assert once_over(TOKEN, cache=warm) == "caveat"


def test_warm_under_root_a_then_only_b_is_pinned(warm: Cache) -> None:
    only_b = TrustedRoots(keys=[OTHER_ROOT.public])
    assert once_over(TOKEN, context=CI, cache=warm, roots=only_b) == "untrusted_root"
    assert once_over(CHAIN.pop(), context=CI, cache=warm, roots=only_b) == "untrusted_root"
    assert parent_verdict(CHAIN.text, cache=warm, roots=only_b) == "untrusted_root"


def test_warm_then_nothing_is_pinned(warm: Cache) -> None:
    assert once_over(TOKEN, context=CI, cache=warm, roots=TrustedRoots()) == "no_trusted_root"


def test_warm_then_the_root_is_retired(warm: Cache) -> None:
    retired = TrustedRoots(keys=[ROOT.public], retired={ROOT.did: NOW})
    assert once_over(TOKEN, context=CI, cache=warm, roots=retired) == "untrusted_root"


@pytest.mark.parametrize(
    "entry",
    [CHAIN.ids[0], CHAIN.ids[1], ALICE.public, BOB.public],
    ids=["link 0", "link 1", "alice", "bob"],
)
def test_warm_then_revoked(warm: Cache, entry: bytes) -> None:
    revoked = Revocations({ROOT.public: [entry]})
    assert once_over(TOKEN, context=CI, cache=warm, revoked=revoked) == "revoked"
    assert parent_verdict(CHAIN.text, cache=warm, revoked=revoked) == "revoked"


def test_warm_then_the_verifier_has_another_name(warm: Cache) -> None:
    assert once_over(TOKEN, context=CI, cache=warm, audience="shop") == "audience"


def test_a_fresh_seal_for_another_verifier_on_a_warm_chain(warm: Cache) -> None:
    assert (
        once_over(CHAIN.sealed(audience=b"bank"), context=CI, cache=warm, audience="shop")
        == "audience"
    )
    assert once_over(CHAIN.sealed(audience=b"bank"), context=CI, cache=warm) == "audience"


def test_a_fresh_seal_that_lives_too_long_on_a_warm_chain(warm: Cache) -> None:
    assert once_over(CHAIN.sealed(exp=NOW + HOUR + 1), context=CI, cache=warm) == "bad_bounds"


def test_an_expired_seal_on_a_warm_chain(warm: Cache) -> None:
    assert once_over(CHAIN.sealed(exp=NOW), context=CI, cache=warm) == "proof_expired"


def test_a_child_of_a_warm_chain_is_checked_in_full(warm: Cache) -> None:
    assert (
        once_over(CHAIN.grow(ALICE, scp=["deploy"]).sealed(), context=CI, cache=warm) == "widened"
    )
    longer = CHAIN.grow(ALICE, scp=["deploy.staging"], exp=None)
    assert once_over(longer.sealed(), context=CI, cache=warm) == "outlives_parent"
    terminal = Links().grow(ALICE, cav=[["max_depth", 0]])
    assert once_over(terminal.sealed(), cache=warm) == ACCEPTED
    assert once_over(terminal.grow(BOB).sealed(), cache=warm) == "too_deep"
