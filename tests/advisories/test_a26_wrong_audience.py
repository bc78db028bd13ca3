"""A26: a token for one verifier is presented to another, which is made to act on it.

The bank sees Bob's token and shows it to the shop. A seal and a pop name their verifier; a verifier with a name
takes only what names it, one without a name only what names none. The published product had no audience.
"""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.proof import check_audience
from tests.advisories.attacker import ALICE, BOB, Links, honest
from tests.advisories.verifier import ACCEPTED, run, verdict

CHAIN = honest()


@pytest.mark.parametrize(
    ("sealed_for", "verifier", "word"),
    [
        ("shop", "shop", ACCEPTED),
        ("bank", "shop", "audience"),
        ("", "shop", "audience"),
        ("shop", None, "audience"),
        ("", None, ACCEPTED),
        ("Shop", "shop", "audience"),
        ("shop", "sho", "audience"),
        ("sho", "shop", "audience"),
        ("shop.", "shop", "audience"),
        ("shop,bank", "shop", "audience"),
        ("*", "shop", "audience"),
        ("x" * 255, "x" * 255, ACCEPTED),
    ],
)
def test_who_a_seal_is_for(sealed_for: str, verifier: str | None, word: str) -> None:
    assert verdict(CHAIN.sealed(audience=sealed_for.encode()), audience=verifier) == word


@pytest.mark.parametrize(
    ("made_for", "verifier", "word"),
    [
        ("shop", "shop", ACCEPTED),
        ("bank", "shop", "bad_signature"),
        ("", "shop", "bad_signature"),
        ("shop", None, "bad_signature"),
        ("", None, ACCEPTED),
    ],
)
def test_who_a_pop_is_for(made_for: str, verifier: str | None, word: str) -> None:
    assert verdict(CHAIN.pop(audience=made_for), audience=verifier) == word


@pytest.mark.parametrize(
    "name",
    [b" ", b"a b", b"shop ", b"sh\xc3\xb6p", b'"', b"\\", b"\x7f", b"\0", b"a\nb", b"x" * 256],
    ids=repr,
)
def test_an_audience_outside_its_grammar(name: bytes) -> None:
    assert verdict(CHAIN.sealed(audience=name), audience="shop") == "parse"


def test_the_audience_is_part_of_what_is_signed() -> None:
    head, _, proof = CHAIN.sealed(audience=b"bank").partition("~")
    other = CHAIN.sealed(audience=b"shop").partition("~")[2]
    assert verdict(f"{head}~{proof[:-6]}{other[-6:]}", audience="shop") == "bad_signature"


@pytest.mark.parametrize("place", ["parent", "leaf"])
@pytest.mark.parametrize(
    ("verifier", "word"), [("shop", ACCEPTED), ("bank", "caveat"), (None, "caveat")]
)
def test_a_caveat_holds_the_holder_too(verifier: str | None, word: str, place: str) -> None:
    """The holder may seal for anybody; the issuer's caveat says for whom."""
    cav = [["audience", "shop"]]
    chain = Links().grow(ALICE, cav=cav if place == "parent" else None)
    chain = chain.grow(BOB, scp=["deploy.staging"], cav=cav if place == "leaf" else None)
    assert verdict(chain.sealed(audience=(verifier or "").encode()), audience=verifier) == word
    assert verdict(chain.pop(audience=verifier or ""), audience=verifier) == word


def test_the_refusal_says_both_names() -> None:
    with pytest.raises(Exception, match="audience is 'bank', this verifier is 'shop'"):
        run(CHAIN.sealed(audience=b"bank"), audience="shop")


def test_our_holder_seals_for_no_name_outside_the_grammar() -> None:
    for name in ("a b", "é", "x" * 256, '"'):
        with pytest.raises(TokenParseError):
            check_audience(name)
