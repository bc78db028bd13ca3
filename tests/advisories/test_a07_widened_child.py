"""A7: a child that claims more than its parent has, truly signed.

Alice may sign what she likes with her own key. The published verifier never compared scopes along a chain (its PoC
A7), and its issuer took the parent's unsigned scopes for true (A7b). Here both sides check: the verifier every link,
the issuer the parent it delegates from.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import KeyInvalid, ScopeViolation, TokenExpired
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import ALICE, BOB, CAROL, MALLORY, NOW, Links, honest
from tests.advisories.verifier import ACCEPTED, PINNED, parent_verdict, proven, verdict

WIDER = [
    ["release"], ["deploy", "release"], ["deploy.staging", "read"], ["deployment"], ["deploy-staging"], ["deploy_"],
    ["d"], ["Deploy"], ["deploy%2estaging"], ["a", "deploy"],
]  # fmt: skip


@pytest.mark.parametrize("scopes", WIDER, ids=",".join)
def test_a_child_wider_than_its_parent(scopes: list[str]) -> None:
    parent = Links().grow(ALICE, scp=["deploy"])
    token = parent.grow(MALLORY, scp=scopes).sealed()
    assert verdict(token, scopes[0], after=[]) == "widened"
    assert verdict(token) == "widened"
    assert (proven(token), parent_verdict(token)) == ("widened", "widened")


def test_a_child_of_a_part_is_not_the_whole() -> None:
    assert (
        verdict(honest().grow(CAROL, scp=["deploy"]).sealed(), after=[honest().sealed()])
        == "widened"
    )


def test_widening_is_found_in_the_middle_of_a_chain() -> None:
    chain = honest().grow(MALLORY, scp=["deploy"]).grow(CAROL, scp=["deploy.staging"])
    assert verdict(chain.sealed(), after=[honest().sealed()]) == "widened"


@pytest.mark.parametrize(
    "scopes", [["deploy"], ["deploy.a", "deploy.b"], ["deploy.staging.web"]], ids=",".join
)
def test_equal_or_narrower_passes(scopes: list[str]) -> None:
    token = Links().grow(ALICE, scp=["deploy"]).grow(BOB, scp=scopes).sealed()
    assert verdict(token, scopes[0]) == ACCEPTED


# the issuer's side: the same chain, our own `issue`


def parent_of(links: Links) -> Chain:
    return read_parent(links.text, roots=PINNED, now=NOW, revoked=None)


def hand_on(parent: Chain, issuer: bytes, *scopes: str, now: int = NOW) -> Chain:
    key = KeyPair.from_seed(issuer)
    return issue(
        key, CAROL.public, parent=parent, scopes=scopes, now=now, ttl=60, entropy=bytes(16)
    )


def test_our_issuer_refuses_to_widen() -> None:
    with pytest.raises(ScopeViolation) as caught:
        hand_on(parent_of(honest()), BOB.seed, "deploy")
    assert caught.value.slug == "widened"


def test_our_issuer_refuses_a_key_that_does_not_hold_the_parent() -> None:
    with pytest.raises(KeyInvalid) as caught:
        hand_on(parent_of(honest()), MALLORY.seed, "deploy.staging")
    assert caught.value.slug == "bad_key"


def test_our_issuer_refuses_a_parent_that_has_expired() -> None:
    with pytest.raises(TokenExpired) as caught:
        hand_on(parent_of(honest()), BOB.seed, "deploy.staging", now=NOW + 3600)
    assert caught.value.slug == "expired"


def test_a_tampered_parent_is_not_delegated_from() -> None:
    chain = honest()
    assert parent_verdict(chain.resigned(1, bytes(64)).text) == "bad_signature"
    assert parent_verdict(chain.grow(MALLORY, signer=MALLORY).text) == "bad_signature"
