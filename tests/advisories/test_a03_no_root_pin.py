"""A3: a verifier to which nobody said whom to trust.

The attacker makes a root of his own. The published command line trusted any root, and so did its library in a fresh
process (its PoC A5, C4): no default root may exist, and nothing pinned is an error of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import MALLORY, OTHER_ROOT, Key, Links, envelope, honest
from tests.advisories.verifier import envelope_verdict, parent_verdict, proven, verdict, word_for

NOTHING = TrustedRoots()


@pytest.mark.parametrize("token", [honest().sealed(), Links(holder=MALLORY).grow(MALLORY).sealed()])
def test_nothing_pinned_trusts_nobody(token: str) -> None:
    assert verdict(token, roots=NOTHING) == "no_trusted_root"
    assert proven(token, roots=NOTHING) == "no_trusted_root"
    assert parent_verdict(token, roots=NOTHING) == "no_trusted_root"


def test_nothing_pinned_trusts_no_receipt() -> None:
    assert envelope_verdict(envelope(honest()), roots=NOTHING) == "no_trusted_root"


@pytest.mark.parametrize("root", [MALLORY, OTHER_ROOT])
def test_a_root_of_ones_own_is_not_pinned(root: Key) -> None:
    own = Links(holder=root).grow(MALLORY, scp=["deploy"]).sealed()
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


def test_the_library_in_a_fresh_process_trusts_nobody(home: Path) -> None:
    own = Links(holder=MALLORY).grow(MALLORY, iat=1, exp=2**40).sealed(exp=2**40)
    assert word_for(lambda: kanoniv_auth.verify("deploy", own)) == "no_trusted_root"
    assert word_for(lambda: kanoniv_auth.sign("deploy", own)) == "no_trusted_root"
    assert word_for(lambda: kanoniv_auth.delegate(["deploy"], parent=own)) == "no_trusted_root"
    # nothing of it is kept: what was refused stands in the log, and that is all there is
    assert {path.name for path in home.iterdir()} <= {
        "audit.jsonl",
        "audit.checkpoint",
        "machine.key",
        "lock",
    }


def test_a_root_of_ones_own_stays_foreign_after_ours_was_made(home: Path) -> None:
    kanoniv_auth.init_root()
    own = Links(holder=MALLORY).grow(MALLORY, iat=1, exp=2**40).sealed(exp=2**40)
    assert word_for(lambda: kanoniv_auth.verify("deploy", own)) == "untrusted_root"
    assert word_for(lambda: kanoniv_auth.sign("deploy", own)) == "untrusted_root"


@pytest.mark.parametrize("name", ["KANONIV_ROOT_DID", "KANONIV_ROOT_PUB"])
@pytest.mark.parametrize("text", ["", " ", ",", "did:agent:", "did:agent:00", "*", "any"])
def test_a_pin_that_is_empty_or_malformed_is_no_pin_and_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Not the local root in its place: a variable that failed to expand must not choose another source."""
    kanoniv_auth.init_root()
    token = kanoniv_auth.delegate(["deploy"], "1h")
    monkeypatch.setattr("kanoniv_auth.api.roots._memory.root", None)
    monkeypatch.setenv(name, text)
    assert word_for(lambda: kanoniv_auth.verify("deploy", token)) == "usage"
