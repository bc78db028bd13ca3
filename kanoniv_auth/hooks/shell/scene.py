"""One simple command in its place, and the scopes it turns out to need. Pure."""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import scope
from kanoniv_auth.hooks.need import Need
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, TEXT, NotUnderstood, Simple, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.hooks.shell.options import Line
    from kanoniv_auth.hooks.shell.past import Past
    from kanoniv_auth.hooks.shell.surroundings import Surroundings

ANY, SCRIPT, TESTS, READ, SECRETS, CONFIG = (
    "shell.any", "shell.script", "test.run", "code.read", "secrets.read", "agent.config",
)  # fmt: skip
MAX_DEPTH = 8
_STREAMS = ("/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty")


class Scene:
    """What a program's rule sees, and where it says what is needed. cwd: None when it is not certain.

    depth: how many wrappers and texts are around it
    """

    __slots__ = ("_start", "around", "cwd", "depth", "found", "past", "simple")

    around: Surroundings
    cwd: str | None
    depth: int
    found: dict[tuple[str, str], Need]
    past: Past
    simple: Simple

    def __init__(  # noqa: PLR0917 - made in three places of this package, all in this order
        self,
        around: Surroundings,
        cwd: str | None,
        simple: Simple,
        found: dict[tuple[str, str], Need],
        start: Callable[[Scene], None],
        past: Past,
        depth: int = 0,
    ) -> None:
        self.past = past
        self.around, self.cwd, self.simple, self.found = around, cwd, simple, found
        self._start, self.depth = start, depth

    @property
    def args(self) -> tuple[Word, ...]:
        """The words behind the program's name."""
        return self.simple.words[1:]

    def need(self, action: str, why: str) -> None:
        """Say that this command needs a scope."""
        subject = self.simple.shown
        self.found.setdefault((subject, action), Need(subject, action, why))

    def named(self, why: str, *segments: str) -> None:
        """The same, with a scope made from names; without the last one where that is none. Raises: NotUnderstood."""
        try:
            self.need(scope(*segments), why)
        except UsageError:
            if len(segments) < 3:
                raise NotUnderstood("a name that is no part of a scope") from None
            self.named(why, *segments[:-1])

    def harmless(self) -> None:
        """Say that it only looks, or only speaks."""
        self.need(READ, "it only reads")

    def read(self, word: Word, *, below: bool = False) -> None:
        """Ask for what reading a path needs. below: with all that is under it. Raises: NotUnderstood."""
        self._path(word, "it reads", self.around.read_scope, below=below)

    def write(self, word: Word, *, below: bool = False) -> None:
        """Ask for what writing, making or removing a path needs. Raises: NotUnderstood."""
        self.past.writes(word.text, below=below)
        if self.past.placed and word.text not in _STREAMS:
            self.need(
                ANY, "not understood: what lies there after another command has put files in place"
            )
        if any(f"{sign}{path}" in word.text for sign in " \t\n'\"\\" for path in ("/", "..")):
            self.need("fs.write", "a name that a pipe to xargs would turn into another path")
        self._path(word, "it writes", self.around.write_scope, below=below)

    def write_if(self, word: Word, *, beyond: str) -> None:
        """The same for what may be no path at all: only when it needs something else than a scope."""
        if self.cwd is None or word.kind not in (LITERAL, PATTERN):
            raise NotUnderstood("a path that is not certain")
        action = self.around.write_scope(word.text, self.cwd) if word.text else ""
        if action not in ("", READ, beyond):
            self.need(action, f"it writes {word.text[:200]}")

    def at(self, cwd: str) -> Scene:
        """The same command as if it ran elsewhere."""
        return Scene(self.around, cwd, self.simple, self.found, self._start, self.past, self.depth)

    def _path(self, word: Word, why: str, ask: Callable[..., str], *, below: bool) -> None:
        if word.kind not in (LITERAL, PATTERN):
            raise NotUnderstood("a path that is not certain")
        if word.text in _STREAMS:
            return
        if not word.text:
            return  # no program takes "" for a path
        text = word.text
        if word.kind == PATTERN and text.rpartition("/")[2] == "**":
            # what a search finds below a folder, hidden names as well
            text, below = text[:-3] or ("/" if text[0] == "/" else "."), True
        if self.cwd is None and text[0] != "/":
            raise NotUnderstood("a relative path after a cd that is not certain")
        if ".." in text.split("/") and text[0] != "/":
            self.past.climbs = True
            if self.past.renamed - {self.simple.shown}:
                raise NotUnderstood("a path that leads up, where the folder itself may be moved")
        action = ask(text, self.cwd or "/", below=below)
        if action:
            self.need(action, f"{why} {text[:200]}")

    def paths(self, line: Line) -> None:
        """Ask for what the paths in options need."""
        for _, mark, word in line.values:
            if word.text == "-":
                continue
            if mark == "<":
                self.read(word)
            elif mark == ">":
                self.write(word)

    def run(self, words: tuple[Word, ...], *, cwd: str | None = "", piped: bool = True) -> None:
        """Judge a command that this one starts. cwd: "" for the same place · piped: into it, too."""
        if words:
            self._inside(self.simple.of(words) if piped else Simple(words), cwd)

    def text(self, text: str, *, cwd: str | None = "") -> None:
        """Judge a text that a shell is given."""
        self._inside(Simple((Word(text, TEXT),)), cwd)

    def _inside(self, simple: Simple, cwd: str | None) -> None:
        if self.depth >= MAX_DEPTH:
            raise NotUnderstood("too many wrappers")
        place, depth = self.cwd if cwd == "" else cwd, self.depth + 1
        self._start(Scene(self.around, place, simple, self.found, self._start, self.past, depth))
