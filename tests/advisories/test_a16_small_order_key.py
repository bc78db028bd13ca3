"""A16: a "public key" of small order, for which one signature fits every message.

The attacker names the identity point as the next holder; everybody then holds the token. Or a key in a second, non-
canonical spelling, which has another DID. `cryptography` accepts both; the published product did too (its PoC H2).
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import KeyInvalid
from kanoniv_auth.core.keys import parse_did_key, parse_public
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, ROOT, Links, b64, canonical, fields_of
from tests.advisories.verifier import verdict

P = 2**255 - 19
IDENTITY = (1).to_bytes(32, "little")
SMALL = [
    0, 1, P - 1,
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
]  # fmt: skip
SMALL_KEYS = [(y | sign << 255).to_bytes(32, "little") for y in SMALL for sign in (0, 1)]
SECOND_SPELLINGS = [
    (y | sign << 255).to_bytes(32, "little") for y in range(P, 2**255) for sign in (0, 1)
]
UNIVERSAL = IDENTITY + bytes(32)  # R = identity, S = 0: fits every message under the identity key


def token_for(public: bytes) -> str:
    """A chain whose last link names `public`, ended by the signature that would fit any message."""
    first = Links().grow(ALICE)
    chain = first.grow(ALICE, raw=canonical(fields_of(public)))
    rest = chain.until.to_bytes(8, "big")
    return f"{chain.text}~s{b64(UNIVERSAL + rest)}"


@pytest.mark.parametrize("public", SMALL_KEYS, ids=bytes.hex)
def test_a_small_order_holder(public: bytes) -> None:
    assert verdict(token_for(public)) == "parse"


@pytest.mark.parametrize("public", SECOND_SPELLINGS, ids=bytes.hex)
def test_a_holder_in_a_second_spelling(public: bytes) -> None:
    assert verdict(token_for(public)) == "parse"


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_holder_that_is_not_32_bytes(size: int) -> None:
    assert verdict(token_for(b"\x42" * size)) == "parse"


@pytest.mark.parametrize("public", [IDENTITY, SMALL_KEYS[-1], SECOND_SPELLINGS[0]], ids=bytes.hex)
def test_a_small_order_root_even_when_it_was_pinned(public: bytes) -> None:
    payload = canonical(fields_of(ALICE.public, iss=b64(public)))
    forged = Links().append(UNIVERSAL, payload, ALICE)
    assert verdict(forged.sealed(), roots=TrustedRoots(keys=[public])) == "parse"


def test_the_universal_signature_fits_no_good_key() -> None:
    forged = Links().append(UNIVERSAL, Links().payload(ALICE), ALICE)
    assert verdict(forged.sealed()) == "bad_signature"
    zero_seal = f"{Links().grow(ALICE).text}~s{b64(UNIVERSAL + bytes(8))}"
    assert verdict(zero_seal) == "bad_signature"


@pytest.mark.parametrize(
    "public", [*SMALL_KEYS, *SECOND_SPELLINGS[:4], b"\x02" + bytes(31)], ids=bytes.hex
)
def test_such_a_key_cannot_be_given_as_a_root_or_receiver(public: bytes) -> None:
    """Keys from outside get the full check: also points that lie on no curve or in no prime-order group."""
    with pytest.raises(KeyInvalid):
        parse_public(public.hex())


def test_a_did_key_has_one_spelling() -> None:
    good = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"  # RFC 8032 test 1
    assert parse_did_key(good).hex().startswith("d75a980182b10ab7d54bfed3c964073a")
    for other in (
        good + " ",
        good[:-1],
        good.replace("z6Mk", "z16Mk"),
        good.upper(),
        good[8:],
        good + "1",
    ):
        with pytest.raises(KeyInvalid):
            parse_did_key(other)


def test_the_control_has_an_ordinary_key() -> None:
    assert (
        verdict(Links().grow(ALICE).sealed(), roots=TrustedRoots(keys=[ROOT.public])) == "accepted"
    )
