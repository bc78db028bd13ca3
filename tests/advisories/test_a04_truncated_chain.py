"""A4: the last, narrowing link is cut off.

Bob holds a child of Alice's token and presents the part before his own link, which is genuine to the last byte and
grants all that Alice has. The published product accepted it (its PoC A8, A8d), as does every format that is a chain
of signed links and nothing more. Here a chain ends in a proof by the key its last link names, over the whole chain's
id.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, CAROL, MALLORY, Links, honest
from tests.advisories.verifier import ACCEPTED, parent_verdict, verdict

FULL = honest().grow(CAROL, scp=["deploy.staging.web"])
CHILD = FULL.sealed()
PROOF = CHILD.rpartition("~")[2]
HOLDERS = {1: ALICE, 2: BOB}


def test_the_control_passes() -> None:
    assert verdict(CHILD, "deploy.staging.web") == ACCEPTED
    assert verdict(CHILD, "deploy.prod") == "scope"


@pytest.mark.parametrize("kept", HOLDERS)
def test_a_prefix_without_a_proof_is_only_a_grant(kept: int) -> None:
    assert verdict(FULL.cut(kept, CAROL).text) == "holder_unproven"


@pytest.mark.parametrize("kept", HOLDERS)
def test_the_childs_proof_does_not_prove_the_prefix(kept: int) -> None:
    assert (
        verdict(f"{FULL.cut(kept, CAROL).text}~{PROOF}", after=[FULL.cut(2, BOB).sealed()])
        == "bad_signature"
    )


@pytest.mark.parametrize("kept", HOLDERS)
@pytest.mark.parametrize("thief", [CAROL, MALLORY])
def test_a_fresh_proof_by_a_key_the_prefix_does_not_name(kept: int, thief: object) -> None:
    prefix = FULL.cut(kept, CAROL)
    signer = CAROL if thief is CAROL else MALLORY
    seen = FULL.cut(2, BOB).sealed()
    assert verdict(prefix.sealed(signer=signer), after=[seen]) == "bad_signature"
    assert verdict(prefix.pop(signer=signer), after=[seen]) == "bad_signature"
    assert verdict(prefix.sealed(signer=signer, chain_id=FULL.id), after=[seen]) == "bad_signature"


def test_the_first_links_cannot_be_dropped_either() -> None:
    tail = Links(texts=FULL.texts[1:], ids=FULL.ids[1:], holder=CAROL)
    assert verdict(tail.sealed()) == "parse"  # a first link without a root


@pytest.mark.parametrize(
    "proof", ["", "s", "p", "x", "s" + "A" * 85, PROOF[1:], "S" + PROOF[1:], "t" + PROOF[1:]]
)
def test_a_proof_of_no_known_form_is_malformed(proof: str) -> None:
    assert verdict(f"{FULL.cut(1, ALICE).text}~{proof}") == "parse"


@pytest.mark.parametrize("letter", "PSqtx0")
def test_a_good_proof_under_another_letter(letter: str) -> None:
    for token in (FULL.sealed(), FULL.pop("deploy.staging.web")):
        head, _, proof = token.partition("~")
        assert (
            verdict(f"{head}~{letter}{proof[1:]}", "deploy.staging.web", after=[CHILD]) == "parse"
        )


def test_reading_a_parent_leaves_the_proof_to_whoever_uses_the_key() -> None:
    """A prefix may be read to delegate from; `issue` then needs the key that it names (A7)."""
    assert parent_verdict(FULL.cut(1, ALICE).text) == ACCEPTED
