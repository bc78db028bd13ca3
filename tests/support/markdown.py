"""What our Markdown pages consist of: fenced blocks, headings with their anchors, links. Not a general parser.

Refuses what it does not read (an indented fence, one that never ends) instead of passing over it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


class Block(NamedTuple):
    """A fenced block. line: of its first line of text, counted from 1 · before: the line above the fence."""

    language: str
    text: str
    line: int
    before: str


class Page(NamedTuple):
    """blocks in order · prose: every line outside of them."""

    blocks: list[Block]
    prose: list[str]


def read(text: str) -> Page:
    """Take a page apart."""
    blocks: list[Block] = []
    prose: list[str] = []
    opened: tuple[str, int, str] | None = None
    held: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if opened is None:
            assert not re.match(r"\s+```|~~~", line), f"line {number}: a fence of another kind"
            if line.startswith("```"):
                opened, held = (line[3:].strip(), number + 1, prose[-1] if prose else ""), []
            else:
                prose.append(line)
        elif line == "```":
            language, first, before = opened
            blocks.append(Block(language, "".join(f"{one}\n" for one in held), first, before))
            opened = None
        else:
            held.append(line)
    assert opened is None, f"a block never ends: {opened}"
    return Page(blocks, prose)


def anchors(page: Page) -> set[str]:
    """The fragments that headings of this page have on GitHub."""
    found: dict[str, int] = {}
    result = set()
    for line in page.prose:
        if heading := re.fullmatch(r"#{1,6} +(.+?) *#*", line):
            words = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            count = found.get(words, 0)
            found[words] = count + 1
            result.add(f"{words}-{count}" if count else words)
    return result


def links(page: Page) -> list[str]:
    """The targets of all links, in order, without inline code."""
    text = re.sub(r"`[^`]*`", "", "\n".join(page.prose))
    return re.findall(r"\]\(([^)\s]+)\)", text)
