"""What the plain reader makes of `~`, `$NAME`, and the text of a here-document. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.values import HERE, used
from kanoniv_auth.hooks.shell.words import (
    HARMLESS,
    LETTERS,
    LITERAL,
    NAME,
    PATTERN,
    SHOWN,
    UNKNOWN,
    NotUnderstood,
    Part,
    Word,
    is_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.hooks.shell.words import Draft

ENDS = frozenset(" \t\n;&|<>()")
ONE = frozenset("?#$!-@*0123456789")
_GLOB = frozenset("*?[(\\")
_SPLIT = _GLOB | frozenset(" \t\n")
_NAMED = NAME | frozenset("-./,+@")
_SUM = frozenset("0123456789+-*/% ")


class Expansions:
    """A place in a text, and the variables whose value is certain there."""

    __slots__ = ("at", "known", "text")

    at: int
    known: dict[str, Word]
    text: str

    def __init__(self, text: str, home: str, known: Mapping[str, Word]) -> None:
        self.text, self.at = text, 0
        self.known = {**known, "HOME": Word(home)}

    def heredoc(self, end: str, *, quoted: bool, tabs: bool) -> None:
        """Go behind a here-document."""
        while True:
            if self.at >= len(self.text):
                raise NotUnderstood("a here-document without its end")
            stop = self.text.find("\n", self.at)
            stop = len(self.text) if stop < 0 else stop
            line = self.text[self.at : stop]
            self.at = min(stop + 1, len(self.text))
            bare = line.lstrip("\t") if tabs else line
            if bare == end:
                return
            if bare.startswith(end) and ")" in bare:
                # in a substitution, bash takes that for the end of both
                raise NotUnderstood("a here-document that may end too early")
            if not quoted and any(sign in line for sign in "$`\\"):
                raise NotUnderstood("a here-document that is expanded")

    def choice(self, draft: Draft) -> bool:
        """Read a list in braces, where each shell can only take it for a part of a name, or for numbers."""
        end = max(self.text.find("}", self.at), self.at)
        inner = self.text[self.at : end]
        first, range_, last = inner.partition("..")
        values = inner.split(",")
        before = "".join(draft.parts)[:1]
        if range_ and _is_number(first) and _is_number(last) and int(first) <= int(last):
            values = [str(number) for number in range(int(first), int(last) + 1)]
        elif before == "" or len(values) < 2 or not _NAMED.issuperset(inner):
            return False
        if before == "-":
            return False
        draft.choices[len(draft.parts)] = values
        draft.parts.append(inner)
        self.at = end + 1
        return True

    def sum(self, draft: Draft, *, quoted: bool) -> bool:
        """Read `$((…))` where there are only numbers in it: a name would be evaluated once more."""
        end = self.text.find("))", self.at)
        inner = self.text[self.at + 2 : end] if end > 0 else "x"
        if not self.text.startswith("((", self.at) or not _SUM.issuperset(inner):
            return False
        self.at = end + 2
        draft.value(SHOWN, quoted=quoted)
        return True

    def tilde(self, draft: Draft, *, first: bool) -> None:
        """Read what follows a `~`."""
        if not first or self.text[self.at : self.at + 1] not in ("", "/", *ENDS):
            raise NotUnderstood("somebody's home")
        draft.quote()
        draft.fluid = True
        draft.parts.append(self.known["HOME"].text)

    def expand(self, name: str, draft: Draft, *, quoted: bool) -> bool:
        """Put a variable's value in its place when that is certain; unquoted, it must stay one word."""
        value = self.known.get(name)
        draft.fluid = True
        if value is None:
            part = Part(HERE, name, quoted=quoted) if name == "PWD" else None
            draft.value(SHOWN if name in HARMLESS else UNKNOWN, quoted=quoted, part=part)
            return False
        if value.kind == PATTERN and (quoted or not value.single):
            draft.names(value)
            return True
        whole = quoted or (value.text != "" and _SPLIT.isdisjoint(value.text))
        if value.kind == LITERAL and whole:
            draft.quote()
            draft.parts.append(value.text)
            return True
        draft.value(_shown(value), quoted=quoted, part=used(value, quoted=quoted))
        return False

    def variable(self, head: str) -> str:
        """Read a variable's name. head: the letter behind the `$`, where the reader stands"""
        text, self.at = self.text, self.at + (head == "{")
        start = self.at
        if text[start : start + 1] in LETTERS:
            while text[self.at : self.at + 1] in NAME and self.at < len(text):
                self.at += 1
        else:
            self.at += 1
        name = text[start : self.at]
        if head == "{":
            if text[self.at : self.at + 1] != "}" or not (is_name(name) or name in ONE):
                raise NotUnderstood("an expansion of another kind")
            self.at += 1
        if text.startswith(("[", "\\\n", ":") if head != "{" else ("\\\n",), self.at):
            raise NotUnderstood("an expansion of another kind")
        return name


def _shown(value: Word) -> str:
    """Whether what becomes of a value gives nothing away: a pattern in it becomes names, of the folder it names."""
    folder, _, _ = value.text.rpartition("/")
    if value.kind == LITERAL and not _GLOB.isdisjoint(value.text):
        return UNKNOWN
    return SHOWN if value.kind != PATTERN or _GLOB.isdisjoint(folder) else UNKNOWN


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4 and (text == "0" or text[0] != "0")
