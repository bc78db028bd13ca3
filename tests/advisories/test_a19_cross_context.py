"""A19: a signature made for one purpose is used for another.

Every object a key signs begins with a tag of its own, and the tag ends in a zero byte. The published product signed
bare JSON: any message a root ever signed, its own log entries included, counted as an unlimited delegation (its PoC
A6b, B6).
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import (
    ALICE,
    BOB,
    ENVELOPE_TAG,
    ID_TAG,
    LINK_TAG,
    POP_TAG,
    ROOT,
    SEAL_TAG,
    ZEROS,
    Links,
    b64,
    envelope,
    honest,
)  # fmt: skip
from tests.advisories.verifier import envelope_verdict, verdict

CHAIN = honest()
SEEN = [CHAIN.sealed()]
TAGS = {
    "link": LINK_TAG,
    "seal": SEAL_TAG,
    "pop": POP_TAG,
    "env": ENVELOPE_TAG,
    "id": ID_TAG,
    "none": b"",
}
RESERVED = {
    name: f"kanoniv-auth/2 {name}\0".encode()
    for name in ("revoked", "root", "exchange", "approval")
}
VERSIONS = {
    "other version": b"kanoniv-auth/1 %s\0",
    "no zero byte": b"kanoniv-auth/2 %s",
    "capital": b"Kanoniv-auth/2 %s\0",
}
ALL = {**TAGS, **RESERVED}


@pytest.mark.parametrize("tag", [name for name in ALL if name != "link"])
def test_a_link_signed_under_another_tag(tag: str) -> None:
    assert verdict(Links().grow(ALICE, tag=ALL[tag]).sealed()) == "bad_signature"
    assert (
        verdict(CHAIN.grow(ALICE, scp=["deploy.staging"], tag=ALL[tag]).sealed(), after=SEEN)
        == "bad_signature"
    )


@pytest.mark.parametrize("tag", [name for name in ALL if name != "seal"])
def test_a_seal_signed_under_another_tag(tag: str) -> None:
    assert verdict(CHAIN.sealed(tag=ALL[tag]), after=SEEN) == "bad_signature"


@pytest.mark.parametrize("tag", [name for name in ALL if name != "pop"])
def test_a_pop_signed_under_another_tag(tag: str) -> None:
    assert verdict(CHAIN.pop(tag=ALL[tag]), after=SEEN) == "bad_signature"


@pytest.mark.parametrize("tag", [name for name in ALL if name != "env"])
def test_a_receipt_signed_under_another_tag(tag: str) -> None:
    assert envelope_verdict(envelope(CHAIN, tag=ALL[tag])) == "bad_signature"


@pytest.mark.parametrize("form", VERSIONS)
def test_tags_that_only_look_alike(form: str) -> None:
    assert verdict(CHAIN.sealed(tag=VERSIONS[form] % b"seal"), after=SEEN) == "bad_signature"
    assert verdict(CHAIN.pop(tag=VERSIONS[form] % b"pop"), after=SEEN) == "bad_signature"
    assert verdict(Links().grow(ALICE, tag=VERSIONS[form] % b"link").sealed()) == "bad_signature"
    assert envelope_verdict(envelope(CHAIN, tag=VERSIONS[form] % b"env")) == "bad_signature"


def test_a_seal_relabelled_as_a_pop_and_back() -> None:
    seal, pop = CHAIN.sealed(audience=b"x" * 16).partition("~")[2], CHAIN.pop().partition("~")[2]
    assert verdict(f"{CHAIN.text}~p{seal[1:]}", after=SEEN) == "bad_signature"
    # a nonce read as an audience is refused for its form or its signature
    assert verdict(f"{CHAIN.text}~s{pop[1:]}", after=SEEN) in {"parse", "bad_signature"}
    readable = CHAIN.pop(nonce=b"x" * 16).partition("~")[2]
    assert verdict(f"{CHAIN.text}~s{readable[1:]}", after=SEEN) == "bad_signature"


def test_a_message_that_the_root_signed_for_something_else_is_no_link() -> None:
    payload = Links().payload(ALICE)
    for message in (payload, b'{"hello":"world"}', ZEROS + payload, b"link\0" + ZEROS + payload):
        assert (
            verdict(Links().append(ROOT.sign(message), payload, ALICE).sealed()) == "bad_signature"
        )


def test_a_link_signed_over_another_place_in_the_chain() -> None:
    """The root's own second link: signed as a first one, it is not a first one."""
    payload = Links().payload(ALICE)
    for prev in (b"", bytes(31), bytes(33), CHAIN.id):
        forged = Links().append(ROOT.sign(LINK_TAG + prev + payload), payload, ALICE)
        assert verdict(forged.sealed()) == "bad_signature"


def test_no_tag_is_the_beginning_of_another() -> None:
    tags = [tag for tag in ALL.values() if tag]
    assert [(a, b) for a in tags for b in tags if a is not b and b.startswith(a)] == []


def test_the_root_cannot_be_tricked_into_a_proof_for_a_holder() -> None:
    assert (
        verdict(f"{CHAIN.text}~s{b64(ROOT.sign(SEAL_TAG + CHAIN.id + bytes(8)) + bytes(8))}")
        == "bad_signature"
    )
    assert BOB.public != ROOT.public
