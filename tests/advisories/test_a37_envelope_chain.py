"""A37: a receipt that lies about the authority it was made under.

The published envelope got its chain after it was signed, so any chain could be put beside it; it covered no chain
id, no arguments and no order, and one that was simply made up was printed with exit code 0 (its PoC C9). Here the
payload names the id of the last link.
"""

from __future__ import annotations

from typing import Any

import pytest

from kanoniv_auth.core.envelope import check_stream, make_envelope
from kanoniv_auth.core.errors import KeyInvalid, SignatureInvalid
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    MALLORY,
    NOW,
    ROOT,
    ZEROS,
    Key,
    Links,
    b64,
    envelope,
    envelope_id,
    envelope_payload,
    honest,
    unb64,
)
from tests.advisories.verifier import ACCEPTED, PINNED, envelope_verdict, receive, word_for

CHAIN = honest()
BROAD = Links().grow(BOB, scp=["deploy"])
LONGER = honest(nam="longer")


def with_links(text: str, chain: Links) -> str:
    return f"{text.partition('~')[0]}~{chain.text.removeprefix('kd2.')}"


def test_the_control_passes() -> None:
    found = receive(envelope(CHAIN, met={"ticket": 7}))
    assert (found.agent_did, found.root_did, found.action) == (BOB.did, ROOT.did, "deploy.staging")
    assert (found.target, found.metadata, found.chain.depth) == ("web", {"ticket": 7}, 2)


@pytest.mark.parametrize(
    "other", [BROAD, LONGER, CHAIN.cut(1, ALICE), CHAIN.grow(BOB, scp=["deploy.staging"])]
)
def test_the_links_are_swapped(other: Links) -> None:
    """Even when the same key holds the other chain and it grants more."""
    assert envelope_verdict(with_links(envelope(CHAIN), other)) == "bad_signature"


def test_the_chain_id_is_rewritten() -> None:
    raw = unb64(envelope(CHAIN)[5:].partition("~")[0])
    body = b64(raw.replace(b64(CHAIN.id).encode(), b64(BROAD.id).encode()))
    assert envelope_verdict(f"kde2.{body}~{BROAD.text[4:]}") == "bad_signature"


@pytest.mark.parametrize("signer", [ALICE, MALLORY, ROOT])
def test_signed_by_a_key_that_the_chain_does_not_end_in(signer: Key) -> None:
    assert envelope_verdict(envelope(CHAIN, signer=signer)) == "bad_signature"


def test_any_changed_letter() -> None:
    text = envelope(CHAIN, met={"a": "b"})
    at_links = text.index("~") + 1
    for at in range(len("kde2."), len(text)):
        changed = text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]
        words = {"bad_signature", "parse"}
        if at >= at_links:
            words.add("untrusted_root")
        # a changed body is read before its signature is checked, and a changed time before the links
        assert envelope_verdict(changed) in words, at


@pytest.mark.parametrize("field", ["act", "tgt", "res", "iat", "seq", "met"])
def test_an_edited_field(field: str) -> None:
    edits: dict[str, Any] = {
        "act": "deploy.staging.web",
        "tgt": "db",
        "res": "failure",
        "iat": NOW + 1,
        "seq": 1,
        "met": {"by": "ceo"},
    }
    raw = unb64(envelope(CHAIN)[5:].partition("~")[0])
    forged = raw[:64] + envelope_payload(CHAIN, **{field: edits[field]})
    assert envelope_verdict(f"kde2.{b64(forged)}~{CHAIN.text[4:]}") == "bad_signature"


def test_made_up_from_nothing() -> None:
    own = Links(holder=MALLORY).grow(MALLORY)
    assert envelope_verdict(envelope(own)) == "untrusted_root"
    assert envelope_verdict(with_links(envelope(own), CHAIN)) == "bad_signature"


def test_links_that_no_verifier_would_take() -> None:
    assert envelope_verdict(envelope(CHAIN.grow(CAROL, scp=["deploy"]))) == "widened"
    assert (
        envelope_verdict(envelope(CHAIN.grow(CAROL, scp=["deploy.staging"], exp=None)))
        == "outlives_parent"
    )
    assert envelope_verdict(envelope(CHAIN.resigned(0, bytes(64)))) == "bad_signature"


@pytest.mark.parametrize(
    "entry", [*CHAIN.ids, ALICE.public, BOB.public], ids=["link 0", "link 1", "alice", "bob"]
)
def test_revoked_since(entry: bytes) -> None:
    assert (
        envelope_verdict(envelope(CHAIN), revoked=Revocations({ROOT.public: [entry]})) == "revoked"
    )


def test_our_holder_signs_no_receipt_for_another_chain() -> None:
    chain = read_parent(CHAIN.text, roots=PINNED, now=NOW, revoked=None)
    with pytest.raises(KeyInvalid) as caught:
        make_envelope(
            chain,
            KeyPair.from_seed(MALLORY.seed),
            action="deploy.staging",
            target="",
            args_sha256=ZEROS,
            result="success",
            facts={},
            metadata={},
            stream=bytes(16),
            seq=0,
            prev=ZEROS,
            now=NOW,
            nonce=bytes(16),
        )
    assert caught.value.slug == "bad_key"


# the order of several


def stream(*changes: dict[str, Any]) -> str:
    """The word about three receipts in a row, each with its own changes."""
    found, prev = [], ZEROS
    for seq, change in enumerate(changes):
        text = envelope(CHAIN, **{"seq": seq, "prv": b64(prev), **change})
        prev = envelope_id(text)
        found.append(receive(text))
    return word_for(lambda: check_stream(found))


def test_an_unbroken_stream() -> None:
    assert stream({}, {}, {}) == ACCEPTED


def test_two_envelopes_with_one_seq() -> None:
    assert stream({}, {}, {"seq": 1}) == "bad_signature"


@pytest.mark.parametrize(
    "change",
    [{"seq": 3}, {"seq": 0}, {"prv": b64(b"p" * 32)}, {"prv": b64(ZEROS)}, {"str": b64(b"T" * 16)}],
    ids=repr,
)
def test_a_receipt_that_does_not_follow(change: dict[str, Any]) -> None:
    assert stream({}, {}, change) == "bad_signature"


@pytest.mark.parametrize("change", [{"seq": 1}, {"prv": b64(b"p" * 32)}], ids=repr)
def test_a_first_receipt_that_is_not_one(change: dict[str, Any]) -> None:
    assert stream(change, {}) == "bad_signature"


def test_a_receipt_that_was_taken_out() -> None:
    texts, prev = [], ZEROS
    for seq in range(4):
        texts.append(envelope(CHAIN, seq=seq, prv=b64(prev)))
        prev = envelope_id(texts[-1])
    found = [receive(text) for text in texts]
    check_stream(found)
    check_stream(found[1:])  # a part of a stream is one, too: what came before may be elsewhere
    for taken in (1, 2):
        with pytest.raises(SignatureInvalid):
            check_stream(found[:taken] + found[taken + 1 :])
    check_stream(found[:-1])  # a missing tail cannot be seen: that takes a checkpoint


def test_another_holders_receipt_in_ones_stream() -> None:
    first = envelope(CHAIN)
    alice = envelope(CHAIN.cut(1, ALICE), seq=1, prv=b64(envelope_id(first)))
    found = [receive(first), receive(alice)]
    assert word_for(lambda: check_stream(found)) == "bad_signature"


def test_a_receipt_that_is_dated_outside_its_authority() -> None:
    assert envelope_verdict(envelope(CHAIN, iat=NOW + 2 * HOUR)) == "expired"
    assert envelope_verdict(envelope(CHAIN, iat=0)) == "not_yet_valid"
