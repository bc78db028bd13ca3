"""A11: one name twice in a payload, so that two readers see two values.

The holder signs the payload himself, so every signature is true. The published product used plain `json.loads`,
where the last value wins, and other readers take the first.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, NOW, Links, envelope, envelope_payload, honest
from tests.advisories.verifier import envelope_verdict, verdict

PARENT = Links().grow(ALICE)
GOOD = PARENT.payload(BOB, scp=["deploy.staging"])
SCP = b'"scp":["deploy.staging"]'

TWICE = {
    "wide first": GOOD.replace(SCP, b'"scp":["release"],' + SCP),
    "wide last": GOOD.replace(SCP, SCP + b',"scp":["release"]'),
    "the same twice": GOOD.replace(SCP, SCP + b"," + SCP),
    "an escaped name first": GOOD.replace(SCP, b'"\\u0073cp":["release"],' + SCP),
    "an escaped name last": GOOD.replace(SCP, SCP + b',"\\u0073cp":["release"]'),
    "two expiries": GOOD.replace(b'"exp":', f'"exp":{NOW + 1},"exp":'.encode()),
    "two receivers": b'{"aud":"' + b"A" * 43 + b'",' + GOOD[1:],
}


@pytest.mark.parametrize("payload", TWICE.values(), ids=list(TWICE))
def test_a_name_twice_in_a_link(payload: bytes) -> None:
    assert payload != GOOD
    assert verdict(PARENT.grow(BOB, raw=payload).sealed(), after=[PARENT.sealed()]) == "parse"


@pytest.mark.parametrize("root_first", [True, False])
def test_two_roots_in_the_first_link(root_first: bool) -> None:
    """The root is read before its signature is checked: of two names, none may be chosen."""
    good = Links().payload(ALICE)
    iss = good[good.index(b'"iss":') : good.index(b',"jti"')]
    other = b'"iss":"' + b"B" * 42 + b'A"'
    two = iss + b"," + other if root_first else other + b"," + iss
    assert verdict(Links().grow(ALICE, raw=good.replace(iss, two)).sealed()) == "parse"


def test_a_name_twice_in_a_receipt() -> None:
    good = envelope_payload(honest())
    act = b'"act":"deploy.staging"'
    for two in (b'"act":"read",' + act, act + b',"act":"read"', b'"\\u0061ct":"read",' + act):
        assert envelope_verdict(envelope(honest(), raw=good.replace(act, two))) == "parse"
