"""What both readers make of a line of shell: simple commands of words, in the order they are written. Pure."""

from __future__ import annotations

from kanoniv_auth.core.value import Value

# what a word is: exactly this text · a pattern of path names · a value that may be shown · any value at all
LITERAL, PATTERN, SHOWN, UNKNOWN = "literal", "pattern", "shown", "unknown"
# and what stands for a whole text that a shell is given
TEXT = "text"

# expansions whose value gives nothing away
HARMLESS = frozenset(
    ("?", "#", "$", "!", "-", "0", "HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "RANDOM",
     "SECONDS", "LINENO", "BASH_VERSION", "UID", "EUID", "HOSTNAME", "PATH", "PPID", "SHLVL", "COLUMNS", "PIPESTATUS")
)  # fmt: skip

# expansions that are one number
NUMBERS = frozenset(("$?", "$#", "$!", "$$", "${?}", "${#}", "${!}", "${$}"))

# what a shell may take for something else than a command's name
RESERVED = frozenset(
    ("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
     "coproc", "{", "}", "!", "[[", "]]", "in", "repeat", "foreach", "end", "nocorrect", "always", "((", "))")
)  # fmt: skip
# what sets the variables that it names, alone or behind another word (`command read x`)
SETTERS = frozenset(("read", "export", "unset", "declare", "local", "readonly", "typeset", "mapfile", "readarray",
                     "getopts", "let", "wait"))  # fmt: skip
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
NAME = LETTERS | frozenset("0123456789")
_MOST_WORDS = 64


def is_name(text: str) -> bool:
    """Whether a text is a variable's name."""
    return bool(text) and text[0] in LETTERS and NAME.issuperset(text)


class NotUnderstood(Exception):
    """A text outside the grammar. Its words are for people."""


class Part(Value):
    """A piece of a word that the analysis can tell when the command's place is known: see `values.py`.

    sign: what it is, "" for a text as it stands · text: that, or what the sign needs · quoted: stays one word, and
    counts though it is empty · early: as it is where the text begins, and not where the word stands
    """

    __slots__ = ("sign", "text", "quoted", "early")

    sign: str
    text: str
    quoted: bool
    early: bool

    def __init__(self, sign: str, text: str, *, quoted: bool, early: bool = False) -> None:
        self._fill(sign, text, quoted, early)


class Word(Value):
    """One word as it is written. kind: as above · single: for a value or a pattern, whether each stays one word.

    text: for LITERAL what the program gets; for PATTERN with its `*`, `?` and `[…]`; else what is written
    made: for SHOWN, its pieces where the analysis may be able to tell them all
    """

    __slots__ = ("text", "kind", "single", "made")

    text: str
    kind: str
    single: bool
    made: tuple[Part, ...]

    def __init__(
        self, text: str, kind: str = LITERAL, *, single: bool = True, made: tuple[Part, ...] = ()
    ) -> None:
        self._fill(text, kind, single, made)

    @property
    def literal(self) -> str | None:
        """The text when it is certain, else None."""
        return self.text if self.kind == LITERAL else None


class Draft:
    """A word that is being read. fixed: how much of it is certain to be neither quoted nor expanded, None for all."""

    __slots__ = ("braced", "choices", "deep", "fixed", "fluid", "kind", "parts", "pattern", "single", "there",
                 "values")  # fmt: skip

    braced: bool
    choices: dict[int, list[str]]
    deep: int | None
    fixed: int | None
    fluid: bool
    kind: str
    parts: list[str]
    pattern: bool
    single: bool
    there: bool
    values: dict[int, Part | None]

    def __init__(self) -> None:
        self.parts = []
        self.values, self.choices = {}, {}
        self.fixed = self.deep = None
        self.kind = ""
        self.single = True
        self.pattern = self.braced = self.there = self.fluid = False

    def quote(self) -> None:
        """Note that from here on something is quoted."""
        self.there = True
        if self.fixed is None:
            self.fixed = sum(map(len, self.parts))

    def value(self, kind: str, *, quoted: bool, part: Part | None = None) -> None:
        """Note an expansion, whose text comes next. part: what it is, when the analysis may be able to tell."""
        self.quote()
        self.values[len(self.parts)] = part
        self.kind = UNKNOWN if UNKNOWN in (kind, self.kind) else SHOWN
        self.single = self.single and quoted

    def names(self, pattern: Word) -> None:
        """Put a pattern that a variable stands for. A path with `**` at its end cannot be part of a longer name."""
        self.quote()
        self.pattern, self.single = True, self.single and pattern.single
        if pattern.text.endswith("**"):
            self.deep = len(self.parts)
        self.parts.append(pattern.text)

    def words(self) -> tuple[Word, ...]:
        """The word itself, or those that a list in braces makes of it. Raises: NotUnderstood."""
        if not self.choices:
            return (self.word(),)
        made = [""]
        for at, part in enumerate(self.parts):
            made = [text + more for text in made for more in self.choices.get(at, (part,))]
            if len(made) > _MOST_WORDS:
                raise NotUnderstood("a brace expansion of too many words")
        if self.kind or self.fluid or self.braced or "" in made:
            raise NotUnderstood("a brace expansion of what is not certain")
        return tuple([Word(text, PATTERN if self.pattern else LITERAL) for text in made])

    def word(self) -> Word:
        """The word itself. Raises: NotUnderstood where it is several."""
        if self.choices:
            raise NotUnderstood("a brace expansion")
        text = "".join(self.parts)
        if self.kind:
            single = self.single and not self.pattern
            return Word(text, self.kind, single=single, made=self._made())
        if self.deep is not None:
            before = "".join(self.parts[: self.deep])
            if self.deep + 1 < len(self.parts) or (before and before[-1] != "/"):
                return Word(text, SHOWN, single=False)
        if self.pattern and text != "[":
            return Word(text, PATTERN, single=self.single)
        return Word(text)

    def _made(self) -> tuple[Part, ...]:
        if self.pattern or self.braced or self.kind != SHOWN:
            return ()
        made: list[Part] = []
        for at, text in enumerate(self.parts):
            part = self.values.get(at, Part("", text, quoted=True))
            if part is None:
                return ()
            made.append(part)
        return tuple(made)

    def assignment(self) -> tuple[str, Word] | None:
        """The name and the value when this is `NAME=value`. Raises: NotUnderstood."""
        name, sign, value = "".join(self.parts).partition("=")
        if not sign or not is_name(name) or (self.fixed is not None and self.fixed <= len(name)):
            return None
        if self.choices:
            raise NotUnderstood("a list in braces, which is none in a value")
        first = next(at for at, text in enumerate(self.parts) if "=" in text)
        made = self._made()[first + 1 :] if self.parts[first] == "=" else ()
        return name, Word(value, self.kind or LITERAL, made=made)


class Redirect(Value):
    """Where a command reads or writes. sign: `<`, `>` or `<>`, whatever its spelling."""

    __slots__ = ("sign", "target")

    sign: str
    target: Word

    def __init__(self, sign: str, target: Word) -> None:
        self._fill(sign, target)


class Place(Value):
    """Where a part of a text stands; its attributes are those of Simple."""

    __slots__ = ("source", "after", "piped", "again")

    source: Simple | None
    after: str
    piped: bool
    again: bool

    def __init__(
        self,
        source: Simple | None = None,
        after: str = "",
        *,
        piped: bool = False,
        again: bool = False,
    ) -> None:
        self._fill(source, after, piped, again)


class Simple(Value):
    """One simple command; a line of assignments or redirects alone has no words.

    assignments: name and value · source: the command it reads from through a pipe, None for none · nest: where it
    stands: of commands in one list equal, deeper in brackets (negative: in the same shell) · after: the `&&` or `||`
    before it · piped: into the next one · again: in a loop, so it may come after what is written behind it
    """

    __slots__ = ("words", "assignments", "redirects", "source", "nest", "after", "piped", "again")

    words: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...]
    redirects: tuple[Redirect, ...]
    source: Simple | None
    nest: tuple[int, ...]
    after: str
    piped: bool
    again: bool

    def __init__(
        self,
        words: tuple[Word, ...],
        assignments: tuple[tuple[str, Word], ...] = (),
        redirects: tuple[Redirect, ...] = (),
        source: Simple | None = None,
        *,
        nest: tuple[int, ...] = (),
        after: str = "",
        piped: bool = False,
        again: bool = False,
    ) -> None:
        self._fill(words, assignments, redirects, source, nest, after, piped, again)

    def of(self, words: tuple[Word, ...]) -> Simple:
        """The same place with other words: what a wrapper starts. Its assignments and redirects are judged once."""
        return Simple(words, (), (), self.source, nest=self.nest, again=self.again)

    def at(self, nest: tuple[int, ...], place: Place) -> Simple:
        """The same command at another place. nest: of the text that it was read from."""
        return Simple(
            self.words,
            self.assignments,
            self.redirects,
            place.source if not self.nest and self.source is None else self.source,
            nest=(*nest, *self.nest),
            after=place.after if not self.nest else self.after,
            piped=self.piped or (not self.nest and place.piped),
            again=place.again,
        )

    @property
    def shown(self) -> str:
        """The command for people, not for a shell."""
        text = " ".join([word.text for word in self.words])
        return text if len(text) <= 160 else f"{text[:159]}…"
