"""What was done to the published Python verifier of version 1 (0.3.0), done to our reader of version 1.

Names and numbers are those of the findings. tests/api/test_version_1_attacks.py asks the published verifier as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.advisories.attacker import ALICE, BOB, CAROL, ROOT, Key, b64, unb64
from tests.advisories.attacks_v1_python import (
    ATTACKS,
    BODY,
    CHILD,
    EXPIRED,
    PARENT,
    STAGING,
    outer,
    proof,
    raw,
)
from tests.advisories.forge_v1 import (
    LATER,
    LATER_SECONDS,
    caveats_of,
    link,
    text_of,
    token,
)
from tests.advisories.verifier import ACCEPTED
from tests.advisories.verifier_v1 import verdict_v1

named = pytest.mark.parametrize("name", ATTACKS)


def test_what_is_attacked_is_read() -> None:
    assert verdict_v1(token(BOB, STAGING)) == ACCEPTED
    assert verdict_v1(token(BOB, PARENT, CHILD)) == ACCEPTED
    assert verdict_v1(token(BOB, link(ROOT, BOB, "deploy"))) == ACCEPTED
    assert verdict_v1(token(BOB, STAGING), "deploy.prod") == "scope"
    assert verdict_v1(token(BOB, EXPIRED, expires_at=None)) == "expired"


@named
def test_it_is_refused(name: str) -> None:
    attack = ATTACKS[name]
    assert verdict_v1(attack.text, attack.action) == attack.slug


@pytest.mark.parametrize(
    "text",
    [
        raw(chain=[STAGING, "link"]), raw(chain={"0": STAGING}), raw(chain=[]), raw(chain=None), raw(chain="absent"),
        raw(scopes=None), raw(scopes=[]), raw(scopes=[1]), raw(scopes="absent"), raw(agent_did=7), raw(agent_did="bob"),
        raw(agent_name=1), raw(delegation_id=[]), raw(more=1), raw(expires_at=-1), raw(expires_at=2**60),
        raw(expires_at=True), text_of([BODY]), text_of("x"), text_of(None),
        raw(chain=[outer(STAGING, issuer_public_key=[*ROOT.public[:31], 256])]),
        raw(chain=[outer(STAGING, issuer_public_key=[*ROOT.public[:31], True])]),
        raw(chain=[outer(STAGING, issuer_public_key=b64(ROOT.public))]),
        raw(chain=[outer(STAGING, issuer_public_key=ROOT.public.hex())]),
        raw(chain=[outer(STAGING, issuer_public_key=list(ROOT.public[:31]))]),
        raw(chain=[outer(STAGING, more=1)]), raw(chain=[proof(STAGING, more=1)]), raw(chain=[proof(STAGING, nonce="")]),
        raw(chain=[proof(STAGING, nonce=1)]), raw(chain=[proof(STAGING, signature=STAGING["proof"]["signature"][:-2])]),
        raw(chain=[proof(STAGING, signature=STAGING["proof"]["signature"].upper())]),
        raw(chain=[proof(STAGING, timestamp="2026-01-01T00:00:00Z")]), raw(chain=[proof(STAGING, timestamp=0)]),
        raw(chain=[{name: value for name, value in STAGING.items() if name != "parent_proof"}]),
        raw(chain=[link(ROOT, BOB, typ="provenance/v1")]), raw(chain=[link(ROOT, BOB, more="x")]),
        raw(chain=[link(ROOT, BOB, caveats=["x"])]), raw(chain=[link(ROOT, BOB, caveats={"type": "x"})]),  # type: ignore[arg-type]
        raw(chain=[link(ROOT, BOB, caveats=caveats_of([], LATER))]), raw(chain=[link(ROOT, BOB, parent_hash="x")]),
        raw(chain=[link(ROOT, BOB, caveats=[{"type": "action_scope", "value": ["a", "A b"]}])]),
        raw(chain=[link(ROOT, BOB, caveats=[{"type": "action_scope", "value": "deploy"}])]),
        raw(chain=[link(ROOT, BOB, caveats=[{"type": "action_scope", "value": ["a"], "more": 1}])]),
    ],
)  # fmt: skip
def test_a12_what_is_malformed_is_said_to_be(text: str) -> None:
    """No crash, no guess; and each of these is one change away from a token that is read."""
    assert verdict_v1(text) == "parse"


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "=", lambda text: text + "\n", lambda text: " " + text,
        lambda text: text[:9] + "!" + text[9:],
        lambda text: text.replace("e", "\u00e9", 1),
    ],
)  # fmt: skip
def test_a_second_spelling_of_the_same_bytes(edit: Any) -> None:
    assert verdict_v1(edit(token(BOB, STAGING))) in {"parse", "bad_signature"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"version":1', '{"version":1,"version":1'), ('"version":1', '"version":1.0'),
        ('"version":1', '"version":NaN'),
        (f'"expires_at":{LATER_SECONDS}', '"expires_at":Infinity'),
        (f'"expires_at":{LATER_SECONDS}', '"expires_at":1e999'),
        (f'"expires_at":{LATER_SECONDS}', '"expires_at":' + "9" * 5000),
        (f'"expires_at":{LATER_SECONDS}', '"expires_at":-0'),
        ('"agent_did"', '"agent_name":' + "[" * 5000 + "]" * 5000 + ',"agent_did"'),
        ('"agent_did"', '"agent_name":' + "[" * 100 + "]" * 100 + ',"agent_did"'),
        ('"parent_hash":null', '"parent_hash":null,"parent_hash":null'),
        ('"nonce":"n"', '"nonce":"\\ud800"'),
        ("}", "} x"),
    ],
)  # fmt: skip
def test_json_that_two_readers_could_read_in_two_ways(old: str, new: str) -> None:
    text = unb64(token(BOB, STAGING)).decode()
    assert old in text
    word = verdict_v1(b64(text.replace(old, new, 1).encode()))
    assert word == ("unknown_version" if new == '"version":1.0' else "parse")


def test_size_and_depth_have_limits_before_anything_is_hashed() -> None:
    assert verdict_v1("eyJ" + "A" * 65536) == "too_large"
    links, holder = [PARENT], ALICE
    for number in range(16):
        receiver = Key(f"deep {number}")
        links.append(link(holder, receiver, "deploy", after=links[-1]))
        holder = receiver
    sixteen = token(Key("deep 14"), *links[:16])
    assert verdict_v1(sixteen, "deploy") == ACCEPTED
    assert verdict_v1(token(holder, *links), "deploy") == "too_deep"


def test_a_key_of_the_chain_in_the_wrong_place() -> None:
    """The key that is sent along must be the last holder's, whoever else's it is."""
    for key in (ROOT, ALICE, CAROL):
        assert verdict_v1(token(BOB, PARENT, CHILD, key=key)) == "holder_unproven"
