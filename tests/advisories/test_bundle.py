"""A bundle: a key and its grant in one text, for an agent that moves to another machine.

The thief of a grant puts his own seed into a bundle, or hands a bundle to a verifier as if it were a token. A bundle is
taken apart and its key must be the one the grant names; nothing that verifies takes one.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.delegation import bundle, parse_bundle
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.verification import read_parent
from tests.advisories.attacker import ALICE, BOB, MALLORY, NOW, b64, honest
from tests.advisories.verifier import ACCEPTED, PINNED, envelope_verdict, parent_verdict, verdict

CHAIN = honest()
GRANT = CHAIN.text.removeprefix("kd2.")


def reason(text: str) -> str:
    """What taking the bundle apart and sealing its grant ends with."""
    try:
        key, grant = parse_bundle(text)
        seal(read_parent(grant, roots=PINNED, now=NOW, revoked=None), key, now=NOW)
    except AuthError as error:
        return error.slug
    return ACCEPTED


def test_a_bundle_moves_its_holder() -> None:
    assert reason(f"kdb2.{b64(BOB.seed)}.{GRANT}") == ACCEPTED


@pytest.mark.parametrize("thief", [ALICE.seed, MALLORY.seed], ids=["alice", "mallory"])
def test_a_bundle_with_another_key(thief: bytes) -> None:
    assert reason(f"kdb2.{b64(thief)}.{GRANT}") == "bad_key"
    chain = read_parent(CHAIN.text, roots=PINNED, now=NOW, revoked=None)
    with pytest.raises(AuthError) as caught:
        bundle(thief, chain)
    assert caught.value.slug == "bad_key"


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_bundle_with_a_key_of_another_length(size: int) -> None:
    assert reason(f"kdb2.{b64(bytes(size))}.{GRANT}") == "bad_key"


@pytest.mark.parametrize(
    "text",
    [
        "", "kdb2", f"kd2.{b64(BOB.seed)}.{GRANT}", f"kdb1.{b64(BOB.seed)}.{GRANT}", f"xxxxx{b64(BOB.seed)}.{GRANT}",
        f"kdb2.{b64(BOB.seed)}", f"kdb2.{b64(BOB.seed)}.", f"kdb2.{b64(BOB.seed)}=.{GRANT}", "kdb2." + "A" * 20000,
    ],
)  # fmt: skip
def test_what_is_no_bundle(text: str) -> None:
    assert reason(text) == "parse"


def test_no_verifier_takes_a_bundle() -> None:
    text = f"kdb2.{b64(BOB.seed)}.{GRANT}"
    assert (verdict(text), parent_verdict(text), envelope_verdict(text)) == ("unknown_version",) * 3
    assert verdict(f"{text}~{CHAIN.sealed().partition('~')[2]}") == "unknown_version"
