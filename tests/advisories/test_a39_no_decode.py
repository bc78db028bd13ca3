"""A39: what was checked and what is used are two readings of one text.

If a caller verifies a token and then parses it again for its scopes, the two parsers may disagree. The verifier
returns what it read; there is no public function that decodes without verifying. The published product had callers
parse again.
"""

from __future__ import annotations

import inspect

import pytest

import kanoniv_auth
from kanoniv_auth.core import envelope, verification
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.token import UnverifiedToken, VerifiedToken, parse
from tests.advisories.attacker import BOB, honest
from tests.advisories.verifier import run

TOKEN = honest().sealed()
DECODING = (
    "decode",
    "parse",
    "read",
    "inspect",
    "claims",
    "payload",
    "unpack",
    "unverified",
    "unsafe",
    "peek",
)


def test_the_library_offers_no_decoding() -> None:
    offered = [name for name in dir(kanoniv_auth) if not name.endswith("Error")]
    names = [name for name in offered if any(word in name.lower() for word in DECODING)]
    assert names == []
    for name in ("decode", "parse", "Chain", "UnverifiedToken", "VerifiedToken"):
        assert not hasattr(kanoniv_auth, name)


def test_the_verifier_returns_what_it_checked() -> None:
    found = run(TOKEN)
    assert (found.scopes, found.agent_did, found.chain_depth) == (("deploy.staging",), BOB.did, 2)


@pytest.mark.parametrize("change", ["chain", "proof", "scopes", "agent_did"])
def test_what_was_checked_cannot_be_changed_afterwards(change: str) -> None:
    found = run(TOKEN)
    with pytest.raises(AttributeError):
        setattr(found, change, None)
    with pytest.raises(AttributeError):
        delattr(found, "chain")
    with pytest.raises(AttributeError):
        found.chain.links[0].scopes = ("deploy",)


def test_parsed_and_verified_are_different_types() -> None:
    unverified = parse(TOKEN)
    assert type(unverified) is UnverifiedToken
    assert type(run(TOKEN)) is VerifiedToken
    # what was only parsed has text and nothing one could decide by
    assert {name for name in dir(unverified) if not name.startswith("_")} == {
        "links",
        "proof",
        "text",
    }
    assert not issubclass(UnverifiedToken, (VerifiedToken, Chain))


def test_no_verifier_answers_with_a_truth_value() -> None:
    for function in (
        verification.verify,
        verification.prove,
        verification.read_parent,
        envelope.verify_envelope,
    ):
        returns = str(inspect.signature(function).return_annotation)
        assert returns in {"VerifiedToken", "Chain", "Envelope"}
