"""A2: a link that names the victim's root and is signed with the attacker's own key.

The published product checked the signature with a public key it found in the token, so a token that named a pinned
DID beside a foreign key was accepted: no root key was needed at all (its PoC A4, and H2 with a key that signs
anything).
"""

from __future__ import annotations

import hashlib

import pytest

from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, BOB, MALLORY, ROOT, Links, b64, envelope, honest
from tests.advisories.verifier import ACCEPTED, envelope_verdict, once_over, verdict

BY_DID = TrustedRoots(dids=[ROOT.did])


@pytest.mark.parametrize("roots", [TrustedRoots(keys=[ROOT.public]), BY_DID], ids=["key", "did"])
def test_naming_the_root_is_not_signing_as_it(roots: TrustedRoots) -> None:
    forged = Links().grow(MALLORY, signer=MALLORY, scp=["deploy"])
    assert verdict(forged.sealed(), roots=roots, after=[honest().sealed()]) == "bad_signature"


@pytest.mark.parametrize("roots", [TrustedRoots(keys=[ROOT.public]), BY_DID], ids=["key", "did"])
def test_a_true_signature_by_an_unpinned_key_is_worth_nothing(roots: TrustedRoots) -> None:
    own = Links(holder=MALLORY).grow(MALLORY, scp=["deploy"])
    assert verdict(own.sealed(), roots=roots) == "untrusted_root"


def test_a_pinned_did_is_the_hash_of_the_key_that_signs() -> None:
    assert verdict(honest().sealed(), roots=BY_DID) == ACCEPTED
    near = ROOT.did[:-1] + ("0" if ROOT.did[-1] != "0" else "1")
    assert verdict(honest().sealed(), roots=TrustedRoots(dids=[near])) == "untrusted_root"
    upper = "did:agent:" + hashlib.sha256(ROOT.public).hexdigest()[:32].upper()
    assert verdict(honest().sealed(), roots=TrustedRoots(dids=[upper])) == "untrusted_root"


def test_the_root_is_looked_at_before_any_signature() -> None:
    forged = Links(holder=MALLORY).grow(MALLORY, signer=BOB, scp=["deploy"])
    assert verdict(forged.sealed()) == "untrusted_root"


def test_a_later_link_cannot_name_a_root_of_its_own() -> None:
    chain = Links().grow(ALICE, scp=["deploy"]).grow(MALLORY, iss=b64(ROOT.public))
    assert verdict(chain.sealed()) == "parse"


def test_a_first_link_must_name_its_root() -> None:
    assert verdict(Links().grow(ALICE, iss=None).sealed()) == "parse"


def test_a_receipt_from_a_root_of_the_attackers_own_is_refused() -> None:
    own = Links(holder=MALLORY).grow(MALLORY, scp=["deploy"])
    assert envelope_verdict(envelope(own)) == "untrusted_root"
    claimed = Links().grow(MALLORY, signer=MALLORY, scp=["deploy"])
    assert envelope_verdict(envelope(claimed)) == "bad_signature"


def test_an_agents_key_is_no_root() -> None:
    from_bob = Links(holder=BOB).grow(MALLORY, scp=["deploy"])
    assert once_over(from_bob.sealed()) == "untrusted_root"
