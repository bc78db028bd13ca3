"""Keys as people paste them, and the names they get. The public half is always derived (A21)."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import KeyInvalid
from kanoniv_auth.core.keys import (
    KeyPair,
    check_did,
    check_point,
    check_public,
    parse_public,
    parse_secret,
    short_did,
)
from tests.core.authority import AGENT, CHILD

BARE = NoEncryption()


def pem(form: PrivateFormat, lock: KeySerializationEncryption = BARE) -> str:
    key = Ed25519PrivateKey.from_private_bytes(AGENT.seed)
    return key.private_bytes(Encoding.PEM, form, lock).decode()


GOOD = {
    "hex": AGENT.seed.hex(),
    "hex in capitals": AGENT.seed.hex().upper(),
    "base64": AGENT.secret_text(),
    "base64 without padding": AGENT.secret_text().rstrip("="),
    "base64url": b64u(AGENT.seed),
    "base64 in lines": "\n".join(AGENT.secret_text()[n : n + 20] for n in range(0, 44, 20)),
    "white space around": f"\n  {AGENT.secret_text()}\r\n",
    "key file": json.dumps({"private_key": AGENT.secret_text(), "public_key": "x", "did": "y"}),
    "PEM, PKCS#8": pem(PrivateFormat.PKCS8),
    "PEM, OpenSSH": pem(PrivateFormat.OpenSSH),
}
SAID = {
    "": "the private key is empty",
    " \n ": "the private key is empty",
    AGENT.secret_text()[:-4]: "base64 of 30 bytes, 32 are wanted",
    AGENT.seed.hex() * 2: "hex of 64 bytes, 32 are wanted (the first 32 of an expanded key",
    b64u(AGENT.seed * 2): "base64 of 64 bytes, 32 are wanted (the first 32",
    AGENT.seed.hex()[:-1]: "63 characters",
    "k\u00e9y": "3 characters that are neither",
    "my-secret!": "10 characters that are neither",
    "{}": "JSON without a private_key",
    "[]": "2 characters that are neither",
    '{"private_key": 7}': "not text",
    '{"private_key": ""}': "private_key in the key file is empty",
    '{"private_key": "AAAA"}': "private_key in the key file is base64 of 3 bytes",
    "{" * 9000: "JSON without a private_key",
    "x" * 20000: "20000 characters are no key",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----": "damaged",
    pem(PrivateFormat.PKCS8, BestAvailableEncryption(b"x")): "passphrase",
    generate_private_key(SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BARE)
    .decode(): "another algorithm",
}


@pytest.mark.parametrize("form", GOOD)
def test_a_key_is_read_in_every_usual_form(form: str) -> None:
    assert parse_secret(GOOD[form]) == AGENT


@pytest.mark.parametrize("text", SAID, ids=lambda text: ascii(text)[:30])
def test_anything_else_says_what_was_found(text: str) -> None:
    with pytest.raises(KeyInvalid) as refusal:
        parse_secret(text)
    assert SAID[text] in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_foreign_public_half_is_ignored() -> None:
    mixed = {"private_key": AGENT.secret_text(), "public_key": CHILD.public.hex(), "did": CHILD.did}
    pair = parse_secret(json.dumps(mixed))
    assert (pair.public, pair.did) == (AGENT.public, AGENT.did)
    sodium.verify(AGENT.public, pair.sign(b"message"), b"message")


def test_public_keys() -> None:
    for text in (AGENT.did_key, AGENT.public.hex(), b64u(AGENT.public), f" {AGENT.did_key}\n"):
        assert parse_public(text) == AGENT.public
    for text in ("", AGENT.did, "x" * 20000, b64u(AGENT.public[:31]), AGENT.public.hex() + "00"):
        with pytest.raises(KeyInvalid):
            parse_public(text)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_lengths(size: int) -> None:
    for check in (check_public, check_point, KeyPair.from_seed, KeyPair.generate):
        with pytest.raises(KeyInvalid):
            check(bytes(size))


def test_points() -> None:
    assert check_point(AGENT.public) == AGENT.public
    # the neutral element, a point of order 8, p, and no point at all
    order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    beyond = b"\xed" + b"\xff" * 30 + b"\x7f"
    for bad in (b"\1" + bytes(31), bytes.fromhex(order_8), beyond):
        with pytest.raises(KeyInvalid, match="small-order or non-canonical"):
            check_public(bad)
    with pytest.raises(KeyInvalid, match="prime-order"):
        check_point(b"\2" + bytes(31))


# y as 32 bytes: the lowest, thirty of the middle, the highest
def near_the_end(low: int, middle: bytes, high: int) -> bytes:
    return bytes([low]) + middle + bytes([high])


@pytest.mark.parametrize("sign", [0, 0x80])
def test_only_what_is_beyond_the_field_is_not_canonical(sign: int) -> None:
    full, short = b"\xff" * 30, b"\xff" * 29 + b"\xfe"
    for low, middle, high in (
        (0xEB, full, 0x7F), (0xFF, full, 0x7E), (0xFF, short, 0x7F), (0x00, full, 0x00), (0xED, full, 0x3F),
    ):  # fmt: skip
        public = near_the_end(low, middle, high | sign)
        assert check_public(public) == public
    for low in (0xED, 0xEE, 0xFF):
        with pytest.raises(KeyInvalid, match="non-canonical"):
            check_public(near_the_end(low, full, 0x7F | sign))


def test_labels() -> None:
    assert check_did(AGENT.did) == AGENT.did
    for text in (
        "",
        AGENT.did[:-1],
        AGENT.did + "0",
        AGENT.did.upper(),
        AGENT.did[:-1] + "g",
        "did:key:z6Mk",
    ):
        with pytest.raises(KeyInvalid):
            check_did(text)
    assert short_did(AGENT.did) == AGENT.did[:22] + "…"
    assert short_did("did:agent:abc") == "did:agent:abc"
