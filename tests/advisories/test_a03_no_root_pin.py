"""A3: a verifier to which nobody said whom to trust.

The attacker makes a root of his own. The published command line trusted any root, and so did its library in a fresh
process (its PoC A5, C4): no default root may exist, and nothing pinned is an error of its own.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.verification import TrustedRoots
from tests.advisories.attacker import MALLORY, OTHER_ROOT, Links, envelope, honest
from tests.advisories.verifier import envelope_verdict, parent_verdict, proven, verdict

NOTHING = TrustedRoots()


@pytest.mark.parametrize("token", [honest().sealed(), Links(holder=MALLORY).grow(MALLORY).sealed()])
def test_nothing_pinned_trusts_nobody(token: str) -> None:
    assert verdict(token, roots=NOTHING) == "no_trusted_root"
    assert proven(token, roots=NOTHING) == "no_trusted_root"
    assert parent_verdict(token, roots=NOTHING) == "no_trusted_root"


def test_nothing_pinned_trusts_no_receipt() -> None:
    assert envelope_verdict(envelope(honest()), roots=NOTHING) == "no_trusted_root"


@pytest.mark.parametrize("root", [MALLORY, OTHER_ROOT])
def test_a_root_of_ones_own_is_not_pinned(root: object) -> None:
    own = Links(holder=MALLORY).grow(MALLORY, scp=["deploy"]).sealed()
    assert verdict(own) == "untrusted_root"
    assert proven(own) == "untrusted_root"
    assert parent_verdict(own) == "untrusted_root"


def test_pinning_another_root_does_not_let_this_one_in() -> None:
    assert (
        verdict(honest().sealed(), roots=TrustedRoots(keys=[OTHER_ROOT.public])) == "untrusted_root"
    )
    assert verdict(honest().sealed(), roots=TrustedRoots(dids=[OTHER_ROOT.did])) == "untrusted_root"


def test_a_retired_root_alone_pins_nothing() -> None:
    assert (
        verdict(honest().sealed(), roots=TrustedRoots(retired={OTHER_ROOT.did: 1}))
        == "no_trusted_root"
    )
