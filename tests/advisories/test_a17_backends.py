"""A17: two libraries that disagree about what a valid signature is.

A token that one accepts and the other refuses splits a fleet: the attacker picks the verifier. The private binding
and the documented one, to which we fall back, must say the same of every odd signature there is.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kanoniv_auth.core import sodium
from tests.advisories.attacker import ALICE, ORDER, ROOT, Links, b64, honest, unb64
from tests.advisories.test_a16_small_order_key import (
    IDENTITY,
    SECOND_SPELLINGS,
    SMALL_KEYS,
    UNIVERSAL,
    token_for,
)
from tests.advisories.verifier import ACCEPTED, verdict

BACKENDS = {"private": sodium.private_binding, "public": sodium.public_binding}
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "ed25519-speccheck.json"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> sodium.Backend:
    chosen = BACKENDS[request.param]()
    monkeypatch.setattr(sodium, "backend", chosen)
    return chosen


def is_valid(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        sodium.verify(public, signature, message)
    except sodium.BadSignature:
        return False
    return True


def test_the_twelve_edge_cases_of_speccheck(backend: sodium.Backend) -> None:
    if not PUBLISHED.exists():
        pytest.skip(
            "the published cases are not on this machine (shared/data/ed25519-speccheck.json)"
        )
    cases = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    rows = cases if isinstance(cases, list) else cases["cases"]
    valid = [
        number
        for number, case in enumerate(rows)
        if is_valid(*(bytes.fromhex(case[name]) for name in ("pub_key", "signature", "message")))
    ]
    assert (len(rows), valid) == (12, [3])


def odd_signatures(message: bytes) -> dict[str, tuple[bytes, bytes]]:
    good = ROOT.sign(message)
    s = int.from_bytes(good[32:], "little")
    odd = {
        "S + L": (ROOT.public, good[:32] + (s + ORDER).to_bytes(32, "little")),
        "R of small order": (ROOT.public, IDENTITY + good[32:]),
        "R in a second spelling": (ROOT.public, SECOND_SPELLINGS[0] + good[32:]),
        "all zero": (ROOT.public, bytes(64)),
        "all ones": (ROOT.public, b"\xff" * 64),
        "universal": (IDENTITY, UNIVERSAL),
    }
    for number, public in enumerate([*SMALL_KEYS, *SECOND_SPELLINGS]):
        odd[f"odd key {number}"] = (public, UNIVERSAL)
    return odd


@pytest.mark.parametrize("how", odd_signatures(b""))
def test_an_odd_signature(backend: sodium.Backend, how: str) -> None:
    public, signature = odd_signatures(b"message")[how]
    assert not is_valid(public, signature, b"message")


def test_a_good_signature(backend: sodium.Backend) -> None:
    for message in (b"", b"\0", b"message" * 1000):
        assert is_valid(ROOT.public, ROOT.sign(message), message)
        assert not is_valid(ALICE.public, ROOT.sign(message), message)
        assert not is_valid(ROOT.public, ROOT.sign(message), message + b"\0")


def test_whole_tokens(backend: sodium.Backend) -> None:
    chain = honest()
    assert verdict(chain.sealed()) == ACCEPTED
    for how in ("S + L", "R of small order", "all zero"):
        message = b"kanoniv-auth/2 link\0" + bytes(32) + unb64(chain.texts[0])[64:]
        assert (
            verdict(chain.resigned(0, odd_signatures(message)[how][1]).sealed()) == "bad_signature"
        )
    assert verdict(token_for(IDENTITY)) == "parse"
    assert verdict(f"{Links().grow(ALICE).text}~s{b64(UNIVERSAL + bytes(8))}") == "bad_signature"


def test_both_derive_and_hash_alike(backend: sodium.Backend) -> None:
    assert backend.public_key(ROOT.seed) == ROOT.public
    assert backend.sign(ROOT.seed, ROOT.public, b"message") == ROOT.sign(b"message")
    assert backend.sha256(ROOT.public)[:16].hex() == ROOT.did.removeprefix("did:agent:")
