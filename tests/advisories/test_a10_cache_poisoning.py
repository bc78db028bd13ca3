"""A10: the cache is made to remember what was never proven, or to take one thing for another.

The attacker knows the payloads of a chain that is warm and presents them with signatures of his own; or he offers a
forgery twice, hoping that the first try is remembered; or he floods the cache to push others out.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    MALLORY,
    NOW,
    OTHER_ROOT,
    ROOT,
    Links,
    honest,
    swap_byte,
    unb64,
)  # fmt: skip
from tests.advisories.verifier import ACCEPTED, Memory, once_over, verdict

CHAIN = honest()
TOKEN = CHAIN.sealed()
GARBAGE = bytes(range(64))


@pytest.mark.parametrize("link", [0, 1])
def test_random_signature_on_a_link_of_a_warm_chain(link: int) -> None:
    """Ids hash payloads alone, so the seal still fits: only the signatures differ."""
    for signature in (GARBAGE, bytes(64), swap_byte(unb64(CHAIN.texts[link])[:64], 0)):
        forged = CHAIN.resigned(link, signature)
        assert verdict(forged.sealed(), after=[TOKEN]) == "bad_signature"
        assert verdict(forged.pop(), after=[TOKEN]) == "bad_signature"


def test_random_sig_0_under_a_child_of_a_warm_prefix() -> None:
    child = CHAIN.grow(CAROL, scp=["deploy.staging"])
    assert (
        verdict(child.resigned(0, GARBAGE).sealed(), after=[TOKEN, child.sealed()])
        == "bad_signature"
    )


def test_random_seal_on_a_warm_chain() -> None:
    assert verdict(CHAIN.sealed(signer=MALLORY), after=[TOKEN]) == "bad_signature"


def test_a_forgery_is_not_remembered() -> None:
    cache = Cache()
    forged = [
        CHAIN.sealed(signer=MALLORY),
        CHAIN.resigned(0, GARBAGE).sealed(),
        CHAIN.resigned(1, GARBAGE).sealed(),
        CHAIN.pop(signer=MALLORY),
    ]
    for token in (*forged, *forged):
        assert once_over(token, cache=cache) == "bad_signature"
    assert once_over(TOKEN, cache=cache) == ACCEPTED
    assert [once_over(token, cache=cache) for token in forged] == ["bad_signature"] * 4


def test_a_refused_root_is_not_remembered_for_a_verifier_that_shares_the_cache() -> None:
    cache = Cache()
    own = Links(holder=OTHER_ROOT).grow(MALLORY).sealed()
    assert once_over(own, cache=cache, roots=TrustedRoots(keys=[OTHER_ROOT.public])) == ACCEPTED
    assert once_over(own, cache=cache) == "untrusted_root"


def test_a_pop_is_never_in_the_cache() -> None:
    cache, memory = Cache(), Memory()
    token = CHAIN.pop("deploy.staging", args=b"a")
    assert once_over(token, args=b"a", cache=cache, once=memory) == ACCEPTED
    assert once_over(token, args=b"a", cache=cache, once=memory) == "replayed"
    assert once_over(token, args=b"b", cache=cache) == "bad_signature"
    assert once_over(token, "deploy.staging.web", args=b"a", cache=cache) == "bad_signature"


def test_holders_of_one_root_cannot_push_out_those_of_another() -> None:
    both = TrustedRoots(keys=[ROOT.public, OTHER_ROOT.public])
    cache = Cache(limit=4)
    assert once_over(TOKEN, cache=cache) == ACCEPTED
    for number in range(20):
        flood = Links(holder=OTHER_ROOT).grow(BOB, nam=f"n{number}").sealed()
        assert once_over(flood, cache=cache, roots=both) == ACCEPTED
    assert cache.get(TOKEN) is not None
    assert cache.longest(CHAIN.text) is not None


def test_the_cache_is_bounded() -> None:
    cache = Cache(limit=4)
    flood = [Links().grow(ALICE, nam=f"n{number}").sealed(exp=NOW + HOUR) for number in range(20)]
    for token in flood:
        assert once_over(token, cache=cache) == ACCEPTED
    assert sum(cache.get(token) is not None for token in flood) == 4
    assert sum(cache.longest(token.partition("~")[0]) is not None for token in flood) == 4


def test_what_is_no_text_is_no_key_of_the_cache() -> None:
    for value in (None, 1, b"kd2.", [TOKEN], {"token": TOKEN}):
        assert verdict(value) == "parse"


@pytest.mark.parametrize(
    ("ending", "word"),
    [
        ("", "holder_unproven"),
        ("~", "parse"),
        ("~~", "parse"),
        ("~x", "parse"),
        ("~s", "parse"),
        ("~" + TOKEN.partition("~")[2] + "~", "parse"),
        ("~s" + "A" * 16384, "too_large"),
        (".~" + TOKEN.partition("~")[2], "parse"),
    ],
)
def test_form_is_checked_under_links_that_are_warm(ending: str, word: str) -> None:
    assert verdict(CHAIN.text + ending) == word
    assert verdict(CHAIN.text + ending, after=[TOKEN, CHAIN.pop()]) == word
