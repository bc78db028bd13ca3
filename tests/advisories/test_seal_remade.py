"""A seal is taken off and made again.

Whoever holds the leaf key may seal again, for another verifier or a shorter time: a seal limits a leaked text and
not its holder. Whoever does not hold the key gets nothing from a stolen chain, whatever he puts at its end.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import AuthError, KeyInvalid
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import ALICE, HOUR, MALLORY, NOW, ROOT, Key, Links, honest
from tests.advisories.verifier import ACCEPTED, PINNED, parent_verdict, verdict

CHAIN = honest()
SEALED = CHAIN.sealed(audience=b"bank", exp=NOW + 60)


@pytest.mark.parametrize("thief", [MALLORY, ALICE, ROOT])
def test_a_thief_takes_the_seal_off_and_makes_his_own(thief: Key) -> None:
    stolen = SEALED.partition("~")[0]
    assert verdict(stolen) == "holder_unproven"
    assert (
        verdict(Links(texts=CHAIN.texts, ids=CHAIN.ids, holder=thief).sealed()) == "bad_signature"
    )
    assert verdict(Links(texts=CHAIN.texts, ids=CHAIN.ids, holder=thief).pop()) == "bad_signature"


def test_the_holder_makes_it_again_within_the_chain() -> None:
    assert verdict(CHAIN.sealed(audience=b"shop"), audience="shop") == ACCEPTED
    assert verdict(CHAIN.sealed(exp=NOW + HOUR + 1)) == "bad_bounds"


def test_a_seal_is_not_inherited_by_a_child() -> None:
    child = CHAIN.grow(MALLORY, scp=["deploy.staging"])
    assert (
        verdict(f"{child.text}~{CHAIN.sealed().partition('~')[2]}", after=[CHAIN.sealed()])
        == "bad_signature"
    )


def test_a_stolen_grant_is_worth_nothing_without_its_key() -> None:
    chain = read_parent(CHAIN.text, roots=PINNED, now=NOW, revoked=None)
    thief, nonce = KeyPair.from_seed(MALLORY.seed), bytes(16)
    with pytest.raises(KeyInvalid) as sealing:
        seal(chain, thief, now=NOW)
    with pytest.raises(KeyInvalid) as proving:
        pop(chain, thief, action="deploy", args_sha256=bytes(32), audience="", now=NOW, nonce=nonce)
    assert (sealing.value.slug, proving.value.slug) == ("bad_key", "bad_key")


def test_our_holder_seals_nothing_that_is_over() -> None:
    chain = read_parent(CHAIN.text, roots=PINNED, now=NOW, revoked=None)
    bob = KeyPair.from_seed(honest().holder.seed)
    with pytest.raises(AuthError) as caught:
        seal(chain, bob, now=NOW + HOUR)
    assert caught.value.slug == "expired"
    assert seal(chain, bob, now=NOW, expires_at=NOW + 9 * HOUR) == CHAIN.sealed()


def test_a_proof_is_left_aside_when_a_parent_is_read() -> None:
    """It says nothing about who is about to use the key; and a damaged one is no way round the links."""
    for text in (SEALED, CHAIN.text, CHAIN.sealed(signer=MALLORY), CHAIN.text + "~s"):
        assert parent_verdict(text) == ACCEPTED
    assert parent_verdict(CHAIN.resigned(1, bytes(64)).sealed()) == "bad_signature"
