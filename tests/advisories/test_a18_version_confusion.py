"""A18: something that is not a version 2 token is handed to its verifier.

Other prefixes, other algorithms, other objects of the same format. The prefix fixes the one algorithm; there is no
field that could name another. The published product ignored its version field (its PoC A11).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kanoniv_auth.core.errors import TokenParseError
from tests.advisories.attacker import ALICE, ROOT, Links, b64, envelope, honest
from tests.advisories.verifier import envelope_verdict, parent_verdict, run, verdict

CHAIN = honest()
TOKEN = CHAIN.sealed()
REST = TOKEN.removeprefix("kd2.")
JWT = ".".join([b64(b'{"alg":"none"}'), b64(b'{"scp":["deploy"]}'), ""])
BUNDLE = f"kdb2.{b64(ALICE.seed)}.{CHAIN.text.removeprefix('kd2.')}"
V1 = {
    "version": 1,
    "agent_did": ALICE.did,
    "scopes": ["deploy"],
    "delegation_chain": [{"issuer_did": ROOT.did}],
}

FOREIGN = [
    f"kd1.{REST}", f"kd3.{REST}", f"kd.{REST}", f"KD2.{REST}", f"kd2{REST}", f"kd2 .{REST}", f"kd02.{REST}",
    REST, "kd2", JWT, JWT + "sig", "v4.public." + REST, "", "{}", "null", json.dumps(V1), b64(json.dumps(V1).encode()),
    json.dumps({**V1, "version": 2}), BUNDLE, envelope(CHAIN), "-----BEGIN PRIVATE KEY-----", "did:agent:00",
]  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN)
def test_what_is_no_version_2_token(text: str) -> None:
    assert verdict(text, after=[TOKEN]) == "unknown_version"
    assert parent_verdict(text) == "unknown_version"


@pytest.mark.parametrize(
    "value", [None, True, 2, b"kd2.AAAA", ["kd2."], {"kd2.": 1}, 1.5], ids=repr
)
def test_what_is_not_even_text(value: object) -> None:
    assert verdict(value) == "parse"
    assert parent_verdict(value) == "parse"


@pytest.mark.parametrize(
    "more", [{"alg": "none"}, {"version": 2}, {"typ": "delegation"}, {"v": 1}, {"kid": "x"}]
)
def test_a_field_that_names_an_algorithm_or_version(more: dict[str, Any]) -> None:
    assert verdict(Links().grow(ALICE, **more).sealed()) == "parse"


@pytest.mark.parametrize(
    "text",
    [TOKEN, CHAIN.text, "kde1.AAAA~AAAA", "kde3.AAAA~AAAA", "", JWT, BUNDLE, None, 1, b"kde2."],
)
def test_what_is_no_version_2_receipt(text: object) -> None:
    assert envelope_verdict(text) == "unknown_version"


@pytest.mark.parametrize("secret", [b64(ALICE.seed), ALICE.seed.hex()])
def test_a_bundle_given_by_mistake_is_not_repeated_in_the_error(secret: str) -> None:
    with pytest.raises(TokenParseError, match=r"^not a kd2 token: a bundle") as caught:
        run(BUNDLE)
    assert secret not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_a_receipt_cannot_carry_a_proof_or_lack_links() -> None:
    text = envelope(CHAIN)
    for odd in (
        text + "~" + TOKEN.rpartition("~")[2],
        text.partition("~")[0],
        text.partition("~")[0] + "~",
        text + "~",
    ):
        assert envelope_verdict(odd) == "parse"
