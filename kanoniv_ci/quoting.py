"""Foreign text in markdown, and the block that a failed step shows. Pure, standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanoniv_ci.faults import Problem

LONGEST_FOREIGN = 500
DOCS = "https://github.com/kanoniv/auth-action/blob/main/docs/errors.md"
_PLAIN = " .,/-'();%=+"
_BREAK = "\u200b"  # a zero-width space


def quote(text: str) -> str:
    """Foreign text as text: no markdown, HTML, mention, issue reference or link can come out of it."""
    letters = []
    for letter in text[:LONGEST_FOREIGN]:
        if letter.isalnum() or letter in _PLAIN:
            letters.append(letter)
        elif letter.isprintable():
            # the entity keeps markdown away; the break keeps @name, #1 and a:// from being linked afterwards
            letters.append(f"&#{ord(letter)};" + (_BREAK if letter in "@#:" else ""))
        else:
            letters.append(" ")
    # `www.` is linked without any of the letters above
    written = "".join(letters).replace("www.", f"www{_BREAK}.")
    return written + ("…" if len(text) > LONGEST_FOREIGN else "")


def problems(found: tuple[Problem, ...], title: str = "kanoniv-auth: nothing was minted") -> str:
    """The summary block of a step that failed: code, cause, fix."""
    rows = [
        f"| [{p.code}]({DOCS}#{p.code.lower()}) | {quote(p.cause)} | {quote(p.fix)} |"
        for p in found
    ]
    return "\n".join(
        [
            f"### {title}",
            "",
            "| Code | Cause | Fix |",
            "|---|---|---|",
            *rows,
        ]
    )
