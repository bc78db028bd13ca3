"""What a job signs to get a grant: every byte that it asks for, under a tag of its own."""

from __future__ import annotations

import hashlib
import json

import pytest

from kanoniv_auth.core.errors import HolderUnproven, TokenParseError
from kanoniv_auth.core.exchange import (
    check_possession,
    exchange_audience,
    exchange_message,
    root_key_audience,
)
from kanoniv_auth.core.keys import KeyPair

KEY = KeyPair(bytes(range(32)))


def test_the_message_is_tag_and_two_hashes() -> None:
    asked = json.dumps({"scopes": ["a.b", "c"], "ttl": 900}, separators=(",", ":")).encode()
    expected = hashlib.sha256(b"x.y.z").digest() + hashlib.sha256(asked).digest()
    assert (
        exchange_message("x.y.z", ("c", "a.b", "c"), 900) == b"kanoniv-auth/2 exchange\0" + expected
    )


def test_the_audience_names_the_key() -> None:
    assert exchange_audience("https://auth.example/", KEY.did) == f"https://auth.example:{KEY.did}"
    assert root_key_audience("https://auth.example") == "https://auth.example:root-key"


@pytest.mark.parametrize(
    "other",
    [
        exchange_message("other", ("a",), 60),
        exchange_message("token", ("a", "b"), 60),
        exchange_message("token", ("a",), 61),
        b"",
    ],
)
def test_a_signature_for_something_else_is_refused(other: bytes) -> None:
    message = exchange_message("token", ("a",), 60)
    check_possession(KEY.public, KEY.sign(message), message)
    with pytest.raises(HolderUnproven):
        check_possession(KEY.public, KEY.sign(other), message)


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), b"\xff" * 64])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(HolderUnproven):
        check_possession(KEY.public, signature, exchange_message("token", ("a",), 60))


def test_another_key_is_refused() -> None:
    message = exchange_message("token", ("a",), 60)
    with pytest.raises(HolderUnproven):
        check_possession(KeyPair(bytes(32)).public, KEY.sign(message), message)


def test_a_signature_with_the_message_in_front_is_not_shifted() -> None:
    # libsodium opens signature ‖ message: 65 bytes of "signature" would take one from the message
    message = exchange_message("token", ("a",), 60)
    with pytest.raises(HolderUnproven):
        check_possession(KEY.public, KEY.sign(message) + message[:1], message[1:])


def test_an_oidc_token_outside_ascii_and_scopes_outside_the_grammar_are_refused() -> None:
    with pytest.raises(TokenParseError):
        exchange_message("tökén", ("a",), 60)
    with pytest.raises(TokenParseError):
        exchange_message("token", ('"',), 60)
    with pytest.raises(TokenParseError):
        exchange_message("token", (), 60)
