"""A token in a text is cut to its prefix, however its lines were broken; what stands around it is left alone."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.redaction import redact
from tests.advisories.attacker import BOB
from tests.advisories.forge_v1 import honest, token as token_v1
from tests.core.authority import AGENT, NOW, granted

TOKENS = {"kd2": seal(granted("deploy"), AGENT, now=NOW), "version 1": token_v1(BOB, honest())}
GAPS = ["\n", "\r\n", "\n    ", " ", "\t", "\\n", "\\r\\n", "\\t"]
every = pytest.mark.parametrize("token", TOKENS.values(), ids=list(TOKENS))
gaps = pytest.mark.parametrize("gap", GAPS, ids=ascii)


def shown(token: str, text: str) -> list[str]:
    """The runs of 16 letters of a token that can be read in a text."""
    pieces = [token[at : at + 16] for at in range(4, len(token) - 15)]
    return [piece for piece in pieces if piece in text]


@every
@gaps
@pytest.mark.parametrize("width", [20, 33, 64, 72, 76, 77, 100])
def test_a_token_that_was_broken_into_lines(token: str, gap: str, width: int) -> None:
    lines = gap.join(textwrap.wrap(token, width, break_on_hyphens=False))
    for text in (lines, f"before {lines} after", f'{{"x": "{lines}"}}', f"{lines}\n{lines}"):
        assert shown(token, redact(text)) == []
        assert redact(redact(text)) == redact(text)


@every
@gaps
def test_its_prefix_on_a_line_of_its_own(token: str, gap: str) -> None:
    prefix = next(one for one in ("kd2.", "eyJ") if token.startswith(one))
    assert shown(token, redact(prefix + gap + token[len(prefix) :])) == []


@given(
    body=st.binary(min_size=60, max_size=600).map(b64u),
    width=st.integers(40, 120),
    gap=st.sampled_from(GAPS),
    prefix=st.sampled_from(["kd2.", "kde2.", "kdb2.", "kas_", "eyJ"]),
)
def test_no_full_line_is_left(body: str, width: int, gap: str, prefix: str) -> None:
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    cut = redact(prefix + gap.join(lines) + " after")
    assert cut.startswith(prefix + "…")
    assert cut.endswith(" after")
    assert len(cut) < len(prefix + "…" + gap + " after") + 40


WORD = r"[A-Z]?[a-z][a-z-]{0,37}|[a-z][a-z_]{0,2}|[A-Z][A-Z_]{0,38}|[a-z0-9]{1,15}"


@given(words=st.lists(st.from_regex(WORD, fullmatch=True), min_size=1), gap=st.sampled_from(GAPS))
def test_what_people_write_is_left(words: list[str], gap: str) -> None:
    prose = gap + gap.join(words)
    assert redact("kd2." + "Ab3_" * 9 + prose) == "kd2.…" + prose
    assert redact("a token begins with kd2." + prose) == "a token begins with kd2." + prose


@pytest.mark.parametrize(
    "text",
    [
        "kd2. is the prefix of a token that internationalization does not touch",
        "kd2.… is revoked: did:agent:0123456789abcdef0123456789abcdef",
        "kd2.… KANONIV_MAX_STALENESS is set, see /home/you/.kanoniv/tokens/0123456789abcdef0123456789abcdef.token",
    ],
)
def test_sentences(text: str) -> None:
    assert redact(text) == text


def test_many_lines_take_no_longer_than_they_are_long() -> None:
    text = "kd2." + "\n".join(["aB3_" * 16] * 20_000)
    assert redact(text) == "kd2.…"


BEGUN = "kd2." + "Ab3_" * 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # of a token 16 letters are shown nowhere, and 15 are no token
        ("kd2." + "a" * 16, "kd2.…"), ("kd2." + "a" * 15, "kd2." + "a" * 15), ("kd2.", "kd2."),
        # a line of it: 16 letters as no word has them, or 40 of any kind
        (f"{BEGUN}\naBcdefghijklmnop", "kd2.…"), (f"{BEGUN}\nabcdefgh1jklmnop", "kd2.…"),
        (f"{BEGUN}\nabcdefghijklmnoP", "kd2.…"), (f"{BEGUN}\n" + "a" * 40, "kd2.…"),
        (f"{BEGUN}\n" + "A" * 40, "kd2.…"),
        # and a word, a name, a number
        (f"{BEGUN} internationalization", "kd2.… internationalization"),
        (f"{BEGUN} Internationalization", "kd2.… Internationalization"),
        (f"{BEGUN} KANONIV_MAX_STALENESS", "kd2.… KANONIV_MAX_STALENESS"),
        (f"{BEGUN} 1234567890123456", "kd2.… 1234567890123456"),
        (f"{BEGUN} " + "a" * 39, "kd2.… " + "a" * 39), (f"{BEGUN} aBcdefghijklmno", "kd2.… aBcdefghijklmno"),
    ],
    ids=range(14),
)  # fmt: skip
def test_where_a_token_ends(text: str, shown: str) -> None:
    assert redact(text) == shown
