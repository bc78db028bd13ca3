"""A30: a flood of bad signatures.

Refusing must not cost more than accepting: a chain is checked from its root and left at the first thing that is
wrong. Counted, not measured: how often a signature is checked.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core import sodium
from kanoniv_auth.core.cache import Cache
from tests.advisories.attacker import ALICE, BOB, MALLORY, Links, honest
from tests.advisories.verifier import ACCEPTED, once_over


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    real, counted = sodium.backend, [0]

    def open_signed(signed: bytes, public: bytes) -> None:
        counted[0] += 1
        real.open_signed(signed, public)

    counting = sodium.Backend(
        real.sha256, real.public_key, real.sign, open_signed, real.check_point
    )
    monkeypatch.setattr(sodium, "backend", counting)
    return counted


def chain_of(length: int) -> Links:
    chain = Links()
    for _ in range(length):
        chain = chain.grow(ALICE)
    return chain


@pytest.mark.parametrize("bad", range(8))
def test_a_bad_link_costs_the_links_up_to_it(checks: list[int], bad: int) -> None:
    token = chain_of(8).resigned(bad, bytes(64)).sealed()
    assert once_over(token) == "bad_signature"
    assert checks[0] == bad + 1


def test_a_foreign_root_costs_no_signature(checks: list[int]) -> None:
    own = Links(holder=MALLORY)
    for _ in range(16):
        own = own.grow(MALLORY)
    assert once_over(own.sealed()) == "untrusted_root"
    assert checks[0] == 0


@pytest.mark.parametrize(
    "text", ["", "x", "kd2.", "kd2.AAAA~sAAAA", "kd2." + "A" * 20000, "kd3.AAAA"]
)
def test_malformed_text_costs_no_signature(checks: list[int], text: str) -> None:
    assert once_over(text) != ACCEPTED
    assert checks[0] == 0


def test_a_grant_costs_no_signature(checks: list[int]) -> None:
    assert once_over(chain_of(8).text) == "holder_unproven"
    assert checks[0] == 0


def test_a_good_token_costs_one_check_a_link_and_one_for_its_proof(checks: list[int]) -> None:
    assert once_over(chain_of(4).sealed()) == ACCEPTED
    assert checks[0] == 5


def test_a_warm_token_costs_none_and_a_fresh_proof_one(checks: list[int]) -> None:
    cache = Cache()
    assert once_over(honest().sealed(), cache=cache) == ACCEPTED
    checks[0] = 0
    assert once_over(honest().sealed(), cache=cache) == ACCEPTED
    assert checks[0] == 0
    assert once_over(honest().pop(), cache=cache) == ACCEPTED
    assert checks[0] == 1
    assert once_over(honest().grow(BOB, scp=["deploy.staging"]).sealed(), cache=cache) == ACCEPTED
    assert checks[0] == 3


def test_a_bad_proof_on_a_warm_chain_costs_one_every_time(checks: list[int]) -> None:
    cache = Cache()
    assert once_over(honest().sealed(), cache=cache) == ACCEPTED
    checks[0] = 0
    for _ in range(3):
        assert once_over(honest().sealed(signer=MALLORY), cache=cache) == "bad_signature"
    assert checks[0] == 3
