"""A27: a proof for one request is used for a second one.

The attacker sees a pop on the wire: he sends it again, later, with other arguments, for another action, to another
verifier, or splits audience and action at another place. Everything but time and nonce is the verifier's own. The
published Rust verifier accepted the same proof twice and let the outer action differ from the signed one (B2, B3,
B5).
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.cache import Cache
from tests.advisories.attacker import ALICE, BOB, NOW, Links, honest
from tests.advisories.verifier import ACCEPTED, Memory, always_new, once_over, proven, verdict

CHAIN = honest()


def test_the_same_proof_twice() -> None:
    memory = Memory()
    token = CHAIN.pop()
    assert [once_over(token, once=memory) for _ in range(3)] == [ACCEPTED, "replayed", "replayed"]


def test_the_same_proof_twice_through_a_cache() -> None:
    memory, cache = Memory(), Cache()
    token = CHAIN.pop()
    assert [once_over(token, once=memory, cache=cache) for _ in range(2)] == [ACCEPTED, "replayed"]


def test_the_same_nonce_for_another_action() -> None:
    memory = Memory()
    assert once_over(CHAIN.pop("deploy.staging"), once=memory) == ACCEPTED
    assert (
        once_over(CHAIN.pop("deploy.staging.web"), "deploy.staging.web", once=memory) == "replayed"
    )


def test_one_holders_nonce_does_not_block_anothers() -> None:
    memory = Memory()
    alice = Links().grow(ALICE)
    assert once_over(alice.pop(nonce=b"n" * 16), once=memory) == ACCEPTED
    assert once_over(CHAIN.pop(nonce=b"n" * 16), once=memory) == ACCEPTED


def test_a_proof_stays_remembered_as_long_as_it_could_be_used() -> None:
    """Made 60 seconds ahead of the verifier's clock it is good for 121, so the nonce is kept longer than that."""
    memory = Memory()
    token = CHAIN.pop(iat=NOW + 60)
    assert once_over(token, once=memory, now=NOW) == ACCEPTED
    for later in (1, 60, 119, 120):
        memory.now = NOW + later
        assert once_over(token, once=memory, now=NOW + later) == "replayed"
    memory.now = NOW + 121
    assert once_over(token, once=memory, now=NOW + 121) == "proof_expired"


def test_a_verifier_without_a_memory_takes_none() -> None:
    assert verdict(CHAIN.pop(), once=None) == "holder_unproven"


@pytest.mark.parametrize(
    ("age", "word"),
    [
        (0, ACCEPTED),
        (60, ACCEPTED),
        (61, "proof_expired"),
        (3600, "proof_expired"),
        (-60, ACCEPTED),
        (-61, "proof_expired"),
        (-3600, "proof_expired"),
    ],
)
def test_the_window(age: int, word: str) -> None:
    assert verdict(CHAIN.pop(iat=NOW - age)) == word


@pytest.mark.parametrize("iat", [0, 2**63, 2**64 - 1])
def test_a_time_at_the_end_of_the_scale(iat: int) -> None:
    assert verdict(CHAIN.pop(iat=iat)) == "proof_expired"


def test_other_arguments() -> None:
    token = CHAIN.pop(args=b'{"env":"staging"}')
    assert verdict(token, args=b'{"env":"staging"}') == ACCEPTED
    assert verdict(token, args=b'{"env":"prod"}') == "bad_signature"
    assert verdict(token) == "bad_signature"


def test_another_action() -> None:
    assert verdict(CHAIN.pop("deploy.staging"), "deploy.staging.web") == "bad_signature"
    assert verdict(CHAIN.pop("deploy.staging.web"), "deploy.staging") == "bad_signature"


SPLITS = [
    ("shop", "deploy.staging"),
    ("shopdeploy", ".staging"),
    ("shopd", "eploy.staging"),
    ("", "shopdeploy.staging"),
]


@pytest.mark.parametrize("made", SPLITS)
@pytest.mark.parametrize("asked", SPLITS)
def test_audience_and_action_split_at_another_place(
    made: tuple[str, str], asked: tuple[str, str]
) -> None:
    wide = Links().grow(ALICE, scp=["deploy", "eploy", "shopdeploy"])
    token = wide.pop(made[1], audience=made[0])
    word = verdict(token, asked[1], audience=asked[0] or None)
    fits = ACCEPTED if made[1] != ".staging" else "scope"
    assert word == (fits if made == asked else "bad_signature")


def test_a_length_longer_than_its_field_is_not_cut_to_another_text() -> None:
    long = "x" * 65_536
    for action in (long, long + "y", "é" * 40_000):
        assert verdict(CHAIN.pop(), action) == "bad_signature"


def test_a_pop_proves_no_identity_without_a_request() -> None:
    assert proven(CHAIN.pop()) == "holder_unproven"
    assert proven(CHAIN.sealed()) == ACCEPTED


def test_a_pop_by_another_key() -> None:
    assert (
        verdict(CHAIN.pop(signer=ALICE), once=always_new, after=[CHAIN.sealed()]) == "bad_signature"
    )
    assert BOB.public != ALICE.public


def test_a_forged_pop_uses_up_no_nonce() -> None:
    """Else whoever sees a nonce could block its owner."""
    memory = Memory()
    assert once_over(CHAIN.pop(signer=ALICE), once=memory) == "bad_signature"
    assert once_over(CHAIN.pop(), once=memory) == ACCEPTED
