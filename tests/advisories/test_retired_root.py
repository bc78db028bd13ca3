"""A root that was retired signs links dated before it was.

Mallory has stolen an old root key. `iat` is the issuer's own claim, so a link from today can say last year: whether
a root counts is judged by the verifier's clock and never by what a link says about itself.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import KeyInvalid
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, NOW, ROOT, Links, envelope, honest
from tests.advisories.verifier import ACCEPTED, envelope_verdict, parent_verdict, proven, verdict

DAY = 86400
RETIRED = TrustedRoots(keys=[ROOT.public], retired={ROOT.did: NOW - DAY})


@pytest.mark.parametrize("iat", [1, NOW - 365 * DAY, NOW - DAY - 1, NOW - 10])
@pytest.mark.parametrize("pin", ["key", "did"])
def test_a_backdated_link_of_a_retired_root(iat: int, pin: str) -> None:
    roots = RETIRED if pin == "key" else TrustedRoots(dids=[ROOT.did], retired=RETIRED.retired)
    token = Links().grow(ALICE, iat=iat).sealed()
    assert verdict(token, roots=roots) == "untrusted_root"
    assert (proven(token, roots=roots), parent_verdict(token, roots=roots)) == (
        "untrusted_root",
        "untrusted_root",
    )


@pytest.mark.parametrize(
    ("at", "word"), [(NOW + 1, ACCEPTED), (NOW, "untrusted_root"), (NOW - 1, "untrusted_root")]
)
def test_the_second_it_ends(at: int, word: str) -> None:
    roots = TrustedRoots(keys=[ROOT.public], retired={ROOT.did: at})
    assert verdict(honest().sealed(), roots=roots) == word


def test_a_receipt_from_when_the_root_still_counted_stays_true() -> None:
    """And one that claims a later time does not. The time is its signer's claim: the spec says what that means."""
    chain = Links().grow(ALICE, iat=NOW - 2 * DAY)
    assert envelope_verdict(envelope(chain, iat=NOW - 2 * DAY), roots=RETIRED) == ACCEPTED
    assert envelope_verdict(envelope(chain, iat=NOW), roots=RETIRED) == "untrusted_root"


def test_retiring_one_root_leaves_others() -> None:
    roots = TrustedRoots(keys=[ROOT.public], retired={ALICE.did: 1})
    assert verdict(honest().sealed(), roots=roots) == ACCEPTED


@pytest.mark.parametrize(
    "label",
    [
        ROOT.did.upper(),
        ROOT.did + " ",
        ROOT.did[10:],
        ROOT.public.hex(),
        "did:agent:",
        "",
        "did:key:z6Mk",
    ],
)
def test_a_root_that_is_retired_in_another_spelling_is_not_silently_kept(label: str) -> None:
    with pytest.raises(KeyInvalid) as caught:
        TrustedRoots(keys=[ROOT.public], retired={label: 1})
    assert caught.value.slug == "bad_key"
