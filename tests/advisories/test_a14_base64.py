"""A14: the same bytes, written as base64 in another way.

Nothing is forged: the text differs and the bytes do not. A lenient decoder lets one token have many names, which is
enough to get round a list of seen or revoked texts. The published product's decoder dropped what it did not know.
"""

from __future__ import annotations

import pytest

from tests.advisories.attacker import ALICE, BOB, Links, b64, canonical, envelope, fields_of, honest
from tests.advisories.verifier import ACCEPTED, envelope_verdict, once_over, parent_verdict, verdict

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CHAIN = honest()
TOKEN = CHAIN.sealed()


def spellings(text: str) -> dict[str, str]:
    """Texts that a lenient decoder reads as the same bytes."""
    middle = len(text) // 2
    last = LETTERS.index(text[-1])
    return {
        "padding": text + "=" * (-len(text) % 4 or 4),
        "one =": text + "=",
        "a newline behind": text + "\n",
        "a newline inside": text[:middle] + "\n" + text[middle:],
        "a space inside": text[:middle] + " " + text[middle:],
        "a letter outside the alphabet": text[:middle] + "!" + text[middle:],
        "four letters outside the alphabet": f"{text[:middle]}!!!!{text[middle:]}",
        "padding inside": f"{text[:middle]}===={text[middle:]}",
        "the ends of a chunk": f"{text[:4]}A==={text[4:]}",
        "a zero byte": text[:middle] + "\0" + text[middle:],
        "not ASCII": text[:middle] + "é" + text[middle:],
        "a full-width letter": chr(ord(text[0]) + 0xFEE0) + text[1:],
        "the unused bits": text[:-1] + LETTERS[last ^ 1],
        "one letter too many": text + "A",
        "percent-encoded": f"%{ord(text[0]):02x}{text[1:]}",
    }


def padded(text: str) -> str:
    """Of a length that leaves unused bits in the last letter."""
    assert len(text) % 4 in (2, 3)
    return text


LINK = Links().grow(
    ALICE,
    nam="x"
    * next(n for n in range(1, 9) if len(Links().grow(ALICE, nam="x" * n).texts[0]) % 4 in (2, 3)),
)


@pytest.mark.parametrize("how", spellings("AAAA"))
def test_another_spelling_of_a_link(how: str) -> None:
    respelled = LINK.with_text(0, spellings(padded(LINK.texts[0]))[how])
    assert respelled.text != LINK.text
    assert verdict(respelled.sealed(), after=[LINK.sealed()]) == "parse"


@pytest.mark.parametrize("how", spellings("AAAA"))
def test_another_spelling_of_a_proof(how: str) -> None:
    head, _, proof = LINK.sealed(audience=b"shop").partition("~")
    text = "s" + spellings(padded(proof[1:]))[how]
    # the last bits of a seal are those of its audience: none of the texts may even be decoded
    assert (
        verdict(f"{head}~{text}", audience="shop", after=[LINK.sealed(audience=b"shop")]) == "parse"
    )


@pytest.mark.parametrize("how", spellings("AAAA"))
@pytest.mark.parametrize("field", ["aud", "jti"])
def test_another_spelling_inside_a_payload(field: str, how: str) -> None:
    fields = fields_of(BOB.public)
    respelled = canonical({**fields, field: spellings(padded(str(fields[field])))[how]})
    assert verdict(Links().grow(ALICE).grow(BOB, raw=respelled).sealed()) == "parse"


def test_one_letter_outside_the_alphabet_where_none_would_be_missed() -> None:
    """Of 4n + 1 letters one is dropped: what is left has the length that was expected."""
    name = next(
        "x" * n for n in range(1, 9) if len(Links().grow(ALICE, nam="x" * n).texts[0]) % 4 == 0
    )
    link = Links().grow(ALICE, nam=name)
    for odd in (
        link.texts[0] + "!",
        "!" + link.texts[0],
        link.texts[0][:40] + "=" + link.texts[0][40:],
    ):
        assert verdict(link.with_text(0, odd).sealed(), after=[link.sealed()]) == "parse"


def test_the_other_alphabet() -> None:
    number = next(n for n in range(99) if "-" in Links().grow(ALICE, nam=f"n{n}").texts[0])
    link = Links().grow(ALICE, nam=f"n{number}")
    other = link.with_text(0, link.texts[0].replace("-", "+").replace("_", "/"))
    assert (verdict(link.sealed()), verdict(other.sealed())) == (ACCEPTED, "parse")


@pytest.mark.parametrize("how", [how for how in spellings("AAAA") if how != "the unused bits"])
def test_another_spelling_of_a_receipt(how: str) -> None:
    head, body, links = envelope(CHAIN)[:5], *envelope(CHAIN)[5:].split("~")
    assert envelope_verdict(f"{head}{spellings(body)[how]}~{links}") == "parse"


SHORT = ["A", "AA", "AAAA", b64(bytes(32)), b64(bytes(63)), b64(bytes(64))]


@pytest.mark.parametrize("text", SHORT)
def test_a_link_too_short_to_have_a_payload(text: str) -> None:
    """Found before anything is hashed with a signature of other than 64 bytes."""
    assert verdict(f"kd2.{text}~s{b64(bytes(72))}") == "parse"
    assert verdict(f"{CHAIN.text}.{text}~s{b64(bytes(72))}", after=[TOKEN]) == "parse"
    assert envelope_verdict(f"kde2.{text}~{CHAIN.text[4:]}") == "parse"


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 71])
def test_a_seal_too_short_to_have_an_expiry(size: int) -> None:
    signature = BOB.sign(b"kanoniv-auth/2 seal\0" + CHAIN.id)
    assert verdict(f"{CHAIN.text}~s{b64((signature + bytes(99))[:size])}") == "parse"


@pytest.mark.parametrize("size", [0, 64, 72, 87, 89, 100])
def test_a_pop_of_another_length(size: int) -> None:
    assert verdict(f"{CHAIN.text}~p{b64(bytes(size))}") == "parse"


def test_a_pop_with_a_longer_nonce_is_truly_signed_and_still_malformed() -> None:
    assert verdict(CHAIN.pop(nonce=bytes(16))) == ACCEPTED
    for size in (0, 15, 17, 32):
        assert verdict(CHAIN.pop(nonce=bytes(size))) == "parse"


EMPTY = [
    "kd2.",
    "kd2..",
    "kd2.~",
    f"{CHAIN.text}.",
    f"{CHAIN.text}..~",
    CHAIN.text.replace(".", ".."),
]


@pytest.mark.parametrize("text", [*EMPTY, *(text + "~sAAAA" for text in EMPTY)])
def test_an_empty_part(text: str) -> None:
    assert once_over(text) == "parse"
    assert parent_verdict(text) == "parse"


def test_an_empty_part_is_found_before_the_root_is_looked_at() -> None:
    foreign = Links(holder=BOB).grow(ALICE)
    assert verdict(f"{foreign.text}.~{TOKEN.rpartition('~')[2]}") == "parse"
