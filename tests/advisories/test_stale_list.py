"""A verifier that is kept from newer lists. It can be told how old a list may be; then silence refuses, too.

Whoever can cut a verifier off from its lists keeps revoked agents alive there. No list at all is the oldest of all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_auth.api import revocations
from kanoniv_auth.core.errors import ListRefused
from kanoniv_auth.store.home import Home
from tests.advisories.attacker import BOB, NOW, OTHER_ROOT, ROOT, honest
from tests.advisories.test_foreign_list import in_force_now, listed, of
from tests.advisories.verifier import ACCEPTED, parent_verdict, run, verdict

HOUR = 3600
CHAIN = honest()


@pytest.mark.parametrize(("age", "word"), [(0, ACCEPTED), (HOUR, ACCEPTED), (HOUR + 1, "stale")])
def test_how_old_a_list_may_be(age: int, word: str) -> None:
    revoked = in_force_now(listed(iat=NOW - age), max_staleness=HOUR)
    assert verdict(CHAIN.sealed(), revoked=revoked) == word
    assert parent_verdict(CHAIN.text, revoked=revoked) == word


def test_no_list_was_ever_seen() -> None:
    assert verdict(CHAIN.sealed(), revoked=in_force_now(max_staleness=HOUR)) == "stale"


def test_another_roots_list_says_nothing_about_this_one() -> None:
    revoked = in_force_now(listed(OTHER_ROOT), max_staleness=HOUR)
    assert verdict(CHAIN.sealed(), revoked=revoked) == "stale"


def test_what_an_old_list_revokes_is_revoked() -> None:
    revoked = in_force_now(listed(iat=NOW - 2 * HOUR, keys=of(BOB)), max_staleness=HOUR)
    assert verdict(CHAIN.sealed(), revoked=revoked) == "revoked"


def test_a_home_without_lists_is_one_that_never_saw_any(home: Path) -> None:
    place = Home(str(home))
    assert revocations.known(place) is None
    assert verdict(CHAIN.sealed(), revoked=revocations.known(place, HOUR)) == "stale"


def test_the_error_says_whose_list_and_how_old() -> None:
    for texts, said in (((), "none is known"), ((listed(iat=NOW - 9999),), str(NOW - 9999))):
        with pytest.raises(ListRefused) as caught:
            run(CHAIN.sealed(), revoked=in_force_now(*texts, max_staleness=HOUR))
        assert ROOT.did in str(caught.value)
        assert said in str(caught.value)
