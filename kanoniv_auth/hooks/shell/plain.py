"""The reader of ordinary lines: words, quotes, `&& || ; | &`, literal redirects, here-documents, `$( )`, `$NAME`.

Pure Python, and light: a hook pays for it with every command. What it understands it understands as bash does;
everything else raises NotUnderstood: a grammar may try compound commands, nobody tries arithmetic or backquotes.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.expansions import ENDS, ONE, Expansions
from kanoniv_auth.hooks.shell.values import STREAM, meaning
from kanoniv_auth.hooks.shell.variables import settle
from kanoniv_auth.hooks.shell.words import (
    LETTERS,
    LITERAL,
    NAME,
    RESERVED,
    SHOWN,
    UNKNOWN,
    Draft,
    NotUnderstood,
    Part,
    Redirect,
    Simple,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NEST = 8
# what a command complains of goes where its names do
_MIXED = Redirect(">", Word("/dev/stderr"))
_SPECIAL = frozenset("'\"\\$`*?[{,.~=:(")
_ALONE = ("", " ", "=", "\n")
_END = NAME | frozenset("-.")
_DIGITS = frozenset("0123456789")
_SIGNS = ("<(", "&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<&", "<>", "<<", ">", "<")


def read(
    text: str,
    home: str,
    known: Mapping[str, Word] | None = None,
    settled: frozenset[str] = frozenset(),
) -> tuple[Simple, ...]:
    """Read a whole text.

    home: what `~` stands for · known: variables whose value is certain · settled: names of those that the text sets
    Raises: NotUnderstood.
    """
    reader = _Reader(text, home, known or {})
    reader.settled = settled
    reader.list_of((), "")
    return tuple(reader.found)


class _Reader(Expansions):
    __slots__ = ("found", "heredocs", "nests", "settled")

    def __init__(self, text: str, home: str, known: Mapping[str, Word]) -> None:
        super().__init__(text, home, known)
        self.found: list[Simple] = []
        self.heredocs: list[tuple[str, bool, bool]] = []
        self.settled: frozenset[str] = frozenset()
        self.nests = 0

    def list_of(self, nest: tuple[int, ...], closing: str) -> None:
        """Read commands up to the end, or to a closing bracket, which is left there."""
        after, source, open_end = "", None, False
        count, written = 0, False
        while True:
            self._blanks()
            head = self.text[self.at : self.at + 1]
            if head in ("", closing):
                if open_end or self.heredocs:
                    raise NotUnderstood("it ends too early")
                if nest and written and count > 1:
                    # bash writes a substitution down anew, and 5.2 forgets signs behind a here-document
                    raise NotUnderstood("a here-document among other commands")
                return
            count += head != "\n"
            if head == "\n":
                written = written or bool(self.heredocs)
                self._newline()
                after = after if open_end else ""
                continue
            words, assignments, redirects = self._simple(nest)
            sign = self._operator()
            piped = sign in ("|", "|&")
            here = Simple(
                words, assignments, redirects, source, nest=nest, after=after, piped=piped
            )
            settle(self.known, self.settled, here, self.found)
            self.found.append(here)
            if sign == "|&":
                here = Simple(())  # its names, and what it complains of
            source, open_end = (here, True) if piped else (None, sign in ("&&", "||"))
            after = after if piped else sign if open_end else ""

    def _operator(self) -> str:
        self._blanks()
        for sign in ("&&", "||", "|&", "|", ";", "&"):
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                if sign in ";&" and self.text[self.at : self.at + 1] in (";", "&", "|", "!"):
                    raise NotUnderstood("operators that stand together")
                return sign
        return ""

    def _blanks(self) -> None:
        text = self.text
        while True:
            head = text[self.at : self.at + 1]
            if head in (" ", "\t") and head:
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif head == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def _newline(self) -> None:
        self.at += 1
        for end, quoted, tabs in self.heredocs:
            self.heredoc(end, quoted=quoted, tabs=tabs)
        self.heredocs = []

    def _simple(
        self, nest: tuple[int, ...]
    ) -> tuple[tuple[Word, ...], tuple[tuple[str, Word], ...], tuple[Redirect, ...]]:
        words: list[Word] = []
        assignments: list[tuple[str, Word]] = []
        redirects: list[Redirect] = []
        while True:
            self._blanks()
            if self._redirect(redirects, nest):
                continue
            draft = self._draft(nest)
            if not draft.there:
                break
            pair = None if words else draft.assignment()
            if pair is not None:
                assignments.append(pair)
                continue
            found = draft.words() if words else (draft.word(),)
            if not words and found[0].text in RESERVED:
                raise NotUnderstood(f"the word {found[0].text}")
            words += found
        if words or assignments or redirects:
            return tuple(words), tuple(assignments), tuple(redirects)
        raise NotUnderstood("a command without words")

    def _redirect(self, redirects: list[Redirect], nest: tuple[int, ...]) -> bool:
        start = self.at
        while self.text[self.at : self.at + 1] in _DIGITS:
            self.at += 1
        sign = next((s for s in _SIGNS if self.text.startswith(s, self.at)), "")
        if sign in ("", "<(") or (self.at > start and sign[0] == "&"):
            self.at = start
            return False
        self.at += len(sign)
        self._blanks()
        word = (draft := self._draft(nest)).word()
        if not draft.there or word.text[:1] == "!":
            raise NotUnderstood("a redirect without a target")
        if sign in ("<<", "<<-"):
            if word.kind != LITERAL or not word.text or not _END.issuperset(word.text):
                raise NotUnderstood("a here-document's end that is not plain")
            self.heredocs.append((word.text, draft.fixed is not None, sign == "<<-"))
        elif sign == "<<<":
            if word.kind == UNKNOWN:
                raise NotUnderstood("a value of the environment")
        else:
            redirects += _redirected(sign, word)
        return True

    def _draft(self, nest: tuple[int, ...]) -> Draft:
        draft, text, start = Draft(), self.text, self.at
        if text.startswith("<(", start):
            self._process(draft, nest)
        while self.at < len(text):
            head = text[self.at]
            if head in ENDS:
                break
            if head == "\\" and text[self.at + 1 : self.at + 2] in ("", "\n"):
                raise NotUnderstood("a line that goes on inside a word")
            draft.there = True
            if head not in _SPECIAL:
                draft.parts.append(head)
                self.at += 1
            else:
                self._odd(head, draft, nest, first=self.at == start)
        if self.at < len(text) and (
            text[self.at] == "("
            or (draft.there and text.startswith(("<(", ">("), self.at))
            or (draft.braced and text[self.at] in "<>")
        ):
            raise NotUnderstood("a bracket")
        if draft.braced and "," in draft.parts:
            raise NotUnderstood("a brace expansion")
        return draft

    def _process(self, draft: Draft, nest: tuple[int, ...]) -> None:
        """What a command says as a file: to whoever is given it, a stream such as the one it has anyway."""
        self.at += 1
        self._substitution(nest)
        if self.text[self.at : self.at + 1] not in ("", *ENDS):
            raise NotUnderstood("a stream's name with something behind it")
        draft.value(SHOWN, quoted=False, part=Part(STREAM, "/dev/stdin", quoted=False))
        draft.parts.append("/dev/stdin")

    def _odd(self, head: str, draft: Draft, nest: tuple[int, ...], *, first: bool) -> None:
        text, self.at = self.text, self.at + 1
        if head == "'":
            end = text.find("'", self.at)
            if end < 0:
                raise NotUnderstood("a quote without its end")
            draft.quote()
            draft.parts.append(text[self.at : end])
            self.at = end + 1
        elif head == '"':
            self._double(draft, nest)
        elif head == "$":
            self._dollar(draft, nest, quoted=False)
        elif head == "\\":
            head = text[self.at : self.at + 1]
            self.at += 1
            draft.quote()
            draft.parts.append(head)
        elif head == "`" or (head == "=" and first and text[self.at : self.at + 1] not in _ALONE):
            raise NotUnderstood("a backquote" if head == "`" else "a word that begins with =")
        elif head == "~" and (first or text[self.at - 2] in "=:"):
            self.tilde(draft, first=first)
        elif head != "{" or not self.choice(draft):
            draft.pattern = draft.pattern or head in "*?["
            draft.braced = draft.braced or head == "{"
            if draft.braced and head == "." and text.startswith(".", self.at):
                raise NotUnderstood("a brace expansion")
            draft.parts.append(head)

    def _double(self, draft: Draft, nest: tuple[int, ...]) -> None:
        draft.quote()
        draft.parts.append("")
        text = self.text
        while True:
            head = text[self.at : self.at + 1]
            self.at += 1
            if head == '"':
                return
            if not head or head == "`":
                raise NotUnderstood("a backquote" if head else "a quote without its end")
            if head == "$":
                self._dollar(draft, nest, quoted=True)
            elif head == "\\" and text[self.at : self.at + 1] in ("$", "`", '"', "\\", "\n"):
                draft.parts.append(text[self.at].strip("\n"))
                self.at += 1
            else:
                draft.parts.append(head)

    def _dollar(self, draft: Draft, nest: tuple[int, ...], *, quoted: bool) -> None:
        text, start, head = self.text, self.at - 1, self.text[self.at : self.at + 1]
        if head == "(" and self.sum(draft, quoted=quoted):
            pass
        elif head == "(":
            part = meaning(self._substitution(nest), quoted=quoted)
            draft.value(SHOWN, quoted=quoted, part=part)
        elif head == "{" or head in LETTERS or (head in ONE and head):
            if self.expand(self.variable(head), draft, quoted=quoted):
                return
        elif head in ("[", "\\", "=", "~", "^", "+") or (head in ("'", '"') and not quoted):
            raise NotUnderstood("an expansion of another kind")
        else:
            draft.quote()
        draft.parts.append(text[start : self.at])

    def _substitution(self, nest: tuple[int, ...]) -> list[Simple]:
        if self.text.startswith("((", self.at) or len(nest) >= MAX_NEST or self.heredocs:
            raise NotUnderstood("an expansion of another kind")
        self.at += 1
        self.nests += 1
        before = len(self.found)
        self.list_of((*nest, self.nests), ")")
        if not self.text.startswith(")", self.at):
            raise NotUnderstood("a bracket without its end")
        self.at += 1
        return self.found[before:]


def _redirected(sign: str, word: Word) -> tuple[Redirect, ...]:
    if sign[-1] == "&" and (word.text == "-" or _DIGITS.issuperset(word.text)):
        return (_MIXED,) if sign == ">&" else ()
    if sign == "<&":
        raise NotUnderstood("a descriptor that is not plain")
    return (Redirect(sign if sign in ("<", "<>") else ">", word),)
