"""Command lines of programs, read by a list of the options that are known: what is not on it is not understood. Pure.

A list is words: `a` or `all` for an option without a value, `n:` with one that is data, `f<` with a path that is read,
`o>` with one that is written, `c?` with one that may be joined to it, `r!` for one that the caller looks at, `#` for
numbers such as `-20`. One letter is a short option, anything longer a long one; long ones are never abbreviated.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.words import (
    LITERAL,
    NUMBERS,
    PATTERN,
    SHOWN,
    UNKNOWN,
    NotUnderstood,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKS = frozenset(":<>?!")
_DIGITS = frozenset("0123456789")


class Line:
    """A command line, read. given: the options in it · values: those with a value · operands: the rest"""

    __slots__ = ("given", "operands", "values")

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.values: list[tuple[str, str, Word]] = []
        self.operands: list[Word] = []

    def value(self, *names: str) -> Word | None:
        """The last value of one of these options."""
        return next((word for name, _, word in reversed(self.values) if name in names), None)


def read(
    words: Iterable[Word],
    known: str,
    *,
    first: bool = False,
    tame: bool = False,
    data: bool = False,
) -> Line:
    """Read the words behind a program's name.

    known: the list · first: options end at the first operand · tame: no option can do harm, so that a pattern may
    become one · data: nor can any value, in however many words
    Raises: NotUnderstood.
    """
    return _Reader(known, first=first, tame=tame, data=data).line(list(words))


def table(text: str) -> dict[str, tuple[str, ...]]:
    """Read a table: `names | … | options`, a row each, which may go on in lines that begin with a blank.

    `@name` in the options stands for the options of an earlier row.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n ", " ").strip().split("\n"):
        names, *fields = [field.strip() for field in line.split("|")]
        if fields[-1][:1] == "@":
            name, _, more = fields[-1][1:].partition(" ")
            fields[-1] = f"{rows[name][-1]} {more}"
        rows.update(dict.fromkeys(names.split(), tuple(fields)))
    return rows


class _Reader:
    __slots__ = ("data", "first", "known", "tame")

    def __init__(self, known: str, *, first: bool, tame: bool, data: bool) -> None:
        self.known = {
            word.rstrip(":<>?!") or word: word[-1] if word[-1] in _MARKS else ""
            for word in known.split()
        }
        self.first, self.tame, self.data = first, tame, data

    def line(self, words: list[Word]) -> Line:
        found, at = Line(), 0
        while at < len(words):
            word = words[at]
            at += 1
            if word.kind == PATTERN and self._is_value(word.text):
                name, _, value = word.text[2:].partition("=")
                found.values.append((name, ":", Word(value, PATTERN)))
                continue
            if word.kind != LITERAL or word.text[:1] != "-" or word.text == "-":
                self._operand(word, found)
                if not self.first:
                    continue
                found.operands += words[at:]
                break
            if word.text == "--":
                found.operands += words[at:]
                break
            if word.text[1] == "-":
                at = self._long(word.text[2:], words, at, found)
            else:
                at = self._short(word.text[1:], words, at, found)
        return found

    def _is_value(self, text: str) -> bool:
        """Whether a pattern is `--name=…` as it stands: all that it becomes is that option, with data."""
        name, sign, _ = text[2:].partition("=")
        return text[:2] == "--" and bool(sign) and self.known.get(name) == ":"

    def _operand(self, word: Word, found: Line) -> None:
        if word.kind == PATTERN and (
            word.text[0] == "-" or ((word.text[0] in "*?[" or not word.single) and not self.tame)
        ):
            raise NotUnderstood("a pattern that may become an option")
        certain = self.data or (self.tame and (word.single or word.text in NUMBERS))
        loose = word.text[:1] == "-" or (word.text[:1] == "$" and not certain)
        if word.kind in (SHOWN, UNKNOWN) and loose:
            raise NotUnderstood("a value that may become an option")
        found.operands.append(word)

    def _mark(self, name: str) -> str:
        mark = self.known.get(name)
        if mark is None:
            raise NotUnderstood(f"the option {'-' if len(name) == 1 else '--'}{name}")
        return mark

    def _long(self, text: str, words: list[Word], at: int, found: Line) -> int:
        name, joined, value = text.partition("=")
        mark = self._mark(name) if len(name) > 1 else self._mark(f"-{name}")
        if joined and mark in ("", "!"):
            raise NotUnderstood(f"a value for --{name}")
        found.given.add(name)
        if joined:
            found.values.append((name, mark, Word(value)))
        elif mark in (":", "<", ">"):
            return self._next(name, mark, words, at, found)
        return at

    def _short(self, text: str, words: list[Word], at: int, found: Line) -> int:
        for place, name in enumerate(text):
            if name in _DIGITS and "#" in self.known:
                continue
            mark = self._mark(name)
            found.given.add(name)
            rest = text[place + 1 :]
            if mark in (":", "<", ">", "?"):
                if rest:
                    found.values.append((name, mark, Word(rest)))
                    return at
                return at if mark == "?" else self._next(name, mark, words, at, found)
        return at

    def _next(self, name: str, mark: str, words: list[Word], at: int, found: Line) -> int:
        if at >= len(words):
            raise NotUnderstood(f"no value for {name}")
        word = words[at]
        if word.kind != LITERAL and (mark != ":" or not word.single or word.kind == PATTERN):
            raise NotUnderstood(f"a value for {name} that is not certain")
        found.values.append((name, mark, word))
        return at + 1
