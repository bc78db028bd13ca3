"""A call signed by a holder of version 1 counts for that call, by that holder, once, now: docs/spec/mcp-proof.md §3."""

from __future__ import annotations

import hashlib

import pytest

from kanoniv_auth.core.jcs import jcs
from kanoniv_auth.core.legacy_v1_form import MAX_V1
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, BOB, MALLORY, NOW, OTHER_ROOT, ROOT
from tests.advisories.attacks_v1_calls import ATTACKS, CHILD, PARENT, UNHARMED, Attack
from tests.advisories.forge_v1 import content_hash, invoked, link
from tests.advisories.verifier import ACCEPTED, Memory
from tests.advisories.verifier_v1 import call_verdict, take_call

OTHERS = TrustedRoots([OTHER_ROOT.public])


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_it_is_refused(attack: Attack) -> None:
    proof, more, slug = attack
    once = Memory()
    assert call_verdict(proof, once=once, **more) == slug
    # whoever sends nonsense uses up nobody's nonce; what is fresh and true has been sent, whatever it may do
    spent = call_verdict(invoked(), once=once) == "replayed"
    assert spent == (slug in {"expired", "scope", "caveat"})


@pytest.mark.parametrize("attack", UNHARMED.values(), ids=list(UNHARMED))
def test_it_is_accepted(attack: Attack) -> None:
    proof, more, word = attack
    assert call_verdict(proof, **more) == word == ACCEPTED


def test_what_is_proven() -> None:
    chain = take_call(invoked(PARENT, CHILD))
    assert [one.id.hex() for one in chain.links] == [
        content_hash(one["proof"]) for one in (PARENT, CHILD)
    ]
    assert (chain.root, chain.holder, chain.holder_did) == (ROOT.public, BOB.public, BOB.did)
    assert [one.issuer for one in chain.links] == [ROOT.public, ALICE.public]
    assert (chain.scopes, chain.expires_at) == (("resolve",), 4_070_908_800)


def test_it_counts_once_and_the_nonce_is_its_signers_own() -> None:
    once = Memory()
    below = invoked(PARENT, CHILD)
    alice = invoked(PARENT, by=ALICE)
    assert call_verdict(invoked(), once=once) == ACCEPTED
    # in whatever it stands: at another second, below another parent
    for again in (invoked(), invoked(at=NOW - 1), below):
        assert call_verdict(again, once=once) == "replayed"
    assert call_verdict(invoked(nonce="n-2"), once=once) == ACCEPTED
    assert call_verdict(alice, once=once) == ACCEPTED
    assert call_verdict(alice, once=once) == "replayed"


def test_a_nonce_is_remembered_for_longer_than_it_is_fresh_and_as_no_other_proofs() -> None:
    asked: list[tuple[bytes, int]] = []

    def once(key: bytes, seconds: int) -> bool:
        asked.append((key, seconds))
        return True

    take_call(invoked(nonce="€"), once=once)
    # a pop's is the key and 16 bytes; every release that shares a memory calls this one the same
    assert asked == [(BOB.public + b"v1 " + hashlib.sha256("€".encode()).digest(), 150)]


@pytest.mark.parametrize(("more", "word"), [(0, ACCEPTED), (1, "too_large")])
def test_the_largest(more: int, word: str) -> None:
    # the arguments stand in it twice, the nonce once
    room = MAX_V1 + more - len(jcs(invoked(args={"x": ""}, nonce="n")))
    args, nonce = {"x": "y" * (room // 2)}, "n" * (1 + room % 2)
    proof = invoked(args=args, nonce=nonce)
    assert len(jcs(proof)) == MAX_V1 + more
    assert call_verdict(proof, args=args) == word


def test_the_first_step_that_fails_gives_the_reason() -> None:
    """One flaw more at a time, from the last step to the first."""
    short = link(ROOT, BOB, "merge", until="2027-01-15T08:00:00.000Z")
    revoked = Revocations({ROOT.public: [BOB.public]})
    old, wrong = NOW - 61, "0" * 64
    for proof, more, word in (
        (invoked(short), {}, "expired"),
        (invoked(short, at=old), {}, "proof_expired"),
        (invoked(short, at=old), {"revoked": revoked}, "revoked"),
        (invoked(short, at=old, args={}), {"revoked": revoked}, "holder_unproven"),
        (invoked(short, at=old, args={}, delegation_hash=wrong), {}, "bad_signature"),
        (invoked(short, at=old, delegation_hash=wrong), {"roots": OTHERS}, "untrusted_root"),
        (invoked(short, signer=MALLORY), {"roots": OTHERS}, "bad_signature"),
        (invoked(short, signer=MALLORY, nonce=""), {}, "parse"),
    ):
        assert call_verdict(proof, **more) == word
