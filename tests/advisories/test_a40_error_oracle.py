"""A40, in part: a forged token learns nothing from the reason it is refused with.

Whoever guesses which scopes a root grants could make tokens up and watch whether the answer is "no such scope" or
"bad signature". The scope is looked at last, so a forgery hears the same word whatever it asks for. (That the
surfaces answer alike in time and wording is not tested here.)
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, MALLORY, NOW, Links, honest
from tests.advisories.verifier import verdict

CHAIN = honest(cav=[["context", "env", "ci"]])
FORGED = {
    "root signature": (CHAIN.resigned(0, bytes(64)).sealed(), "bad_signature"),
    "link signature": (CHAIN.resigned(1, bytes(64)).sealed(), "bad_signature"),
    "proof": (CHAIN.sealed(signer=MALLORY), "bad_signature"),
    "pop": (CHAIN.pop(signer=MALLORY), "bad_signature"),
    "no proof": (CHAIN.text, "holder_unproven"),
    "foreign root": (Links(holder=MALLORY).grow(MALLORY).sealed(), "untrusted_root"),
    "widened": (CHAIN.grow(MALLORY, scp=["deploy"]).sealed(), "widened"),
    "wrong audience": (CHAIN.sealed(audience=b"bank"), "audience"),
    "expired": (CHAIN.sealed(exp=NOW), "proof_expired"),
}


@pytest.mark.parametrize("action", ["deploy.staging", "deploy.prod", "release", "", "not a scope"])
@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_never_learns_whether_its_scope_would_have_matched(
    how: str, action: str
) -> None:
    token, word = FORGED[how]
    assert verdict(token, action) == word


@pytest.mark.parametrize("context", [{"env": "ci"}, {}])
def test_nor_whether_its_caveats_would_have_held(context: dict[str, str]) -> None:
    token, word = FORGED["proof"]
    assert verdict(token, context=context) == word


@pytest.mark.parametrize("action", ["deploy.staging", "release"])
def test_nor_while_the_chain_is_warm(action: str) -> None:
    chain = honest(scopes=["deploy", "release"])
    wide = (
        Links().grow(ALICE, scp=["deploy", "release"]).grow(BOB, scp=["deploy.staging", "release"])
    )
    assert verdict(wide.sealed(signer=MALLORY), action, after=[wide.sealed()]) == "bad_signature"
    assert verdict(chain.sealed(signer=MALLORY), action) == "bad_signature"
