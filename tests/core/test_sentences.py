"""What people read when core refuses is written down, sentence for sentence; and what is fine is not refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.sentences import THEMES, told

FILE = Path(__file__).with_name("sentences.txt")
WRITTEN = {
    head: lines.splitlines()
    for head, _, lines in (
        part.partition("\n") for part in FILE.read_text(encoding="ascii").split("\n## ")[1:]
    )
}


@pytest.mark.parametrize("theme", THEMES)
def test_each_refusal_says_what_is_written(theme: str) -> None:
    assert told(theme) == WRITTEN.get(theme), "see the head of sentences.py"


def test_no_theme_is_written_for_nobody() -> None:
    assert list(WRITTEN) == list(THEMES)


def test_no_sentence_has_a_hole() -> None:
    lines = [line for theme in WRITTEN.values() for line in theme]
    assert len(lines) > 300
    # a fact that is None is one that the verifier was not given
    assert [
        one
        for one in lines
        if "None" in one and one[4:].partition(":")[0] not in {"caveat", "usage"}
    ] == []
    assert [one for one in lines if "{" in one.partition(" | ")[0] and "[A-Za-z" not in one] == []
