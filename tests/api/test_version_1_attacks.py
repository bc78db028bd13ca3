"""The published verifiers accept the attacks that our reader of version 1 refuses (tests/advisories/test_v1_*.py).

So the bytes are an attack and not a mistake of the forger's.
"""

from __future__ import annotations

import pytest

from tests.advisories import attacks_v1_python as python, attacks_v1_rust as rust
from tests.advisories.attacker import BOB, ROOT
from tests.advisories.forge_v1 import nested
from tests.advisories.verifier import ACCEPTED
from tests.support.published import Published


def test_python(published: Published) -> None:
    taken = {name: attack for name, attack in python.ATTACKS.items() if attack.taken}
    words = {
        name: published.verify(attack.text, attack.action, ROOT.did).word
        for name, attack in taken.items()
    }
    assert words == dict.fromkeys(taken, ACCEPTED)
    assert len(words) > 30


@pytest.mark.parametrize("name", [name for name, row in rust.ATTACKS.items() if row[4]])
def test_rust(published_rust: Published, name: str) -> None:
    links, holder, action, _, _ = rust.ATTACKS[name]
    answer = published_rust.invoke(nested(*links), action, seed=holder.seed, root=ROOT.public)
    assert answer.word == ACCEPTED, answer


def test_rust_takes_what_is_true(published_rust: Published) -> None:
    chain = nested(rust.PARENT, rust.CHILD)
    answer = published_rust.invoke(chain, "deploy.staging", seed=BOB.seed, root=ROOT.public)
    assert answer == (ACCEPTED, BOB.did)
