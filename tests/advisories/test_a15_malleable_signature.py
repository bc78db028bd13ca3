"""A15: a second valid signature from a first one, without the key.

Ed25519 without the check S < L accepts S + L as well, so a token has a second text that was never issued. Both
proofs, links and receipts; libsodium has the check, and this says that we rely on it.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ORDER, b64, envelope, honest, unb64
from tests.advisories.verifier import ACCEPTED, envelope_verdict, verdict

CHAIN = honest()


def shifted(signature: bytes, times: int) -> bytes:
    s = int.from_bytes(signature[32:64], "little") + times * ORDER
    return signature[:32] + s.to_bytes(32, "little")


@pytest.mark.parametrize("times", [1, 2, 7])
@pytest.mark.parametrize("link", [0, 1])
def test_s_plus_l_on_a_link(link: int, times: int) -> None:
    malleable = CHAIN.resigned(link, shifted(unb64(CHAIN.texts[link]), times))
    assert verdict(malleable.sealed(), after=[CHAIN.sealed()]) == "bad_signature"


@pytest.mark.parametrize("times", [1, 7])
@pytest.mark.parametrize("token", [CHAIN.sealed(), CHAIN.pop()], ids=["seal", "pop"])
def test_s_plus_l_on_a_proof(token: str, times: int) -> None:
    head, _, proof = token.partition("~")
    raw = unb64(proof[1:])
    assert verdict(token) == ACCEPTED
    malleable = b64(shifted(raw, times) + raw[64:])
    assert verdict(f"{head}~{proof[0]}{malleable}", after=[CHAIN.sealed()]) == "bad_signature"


def test_s_plus_l_on_a_receipt() -> None:
    text = envelope(CHAIN)
    body, links = text[5:].split("~")
    raw = unb64(body)
    assert envelope_verdict(text) == ACCEPTED
    assert envelope_verdict(f"kde2.{b64(shifted(raw, 1) + raw[64:])}~{links}") == "bad_signature"
