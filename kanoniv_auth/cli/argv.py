"""What a command and an option are, the commands of the fast path, and the light parser that reads those.

`cli.tree` builds the click commands from the same rows and from the rest of the table in `cli.table`. The light parser
knows only what both understand in the same way; everything else (help, a typing error) it leaves to click, which has
the words for it.
"""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT, FLAG, MANY = "text", "flag", "many"


class Option(Value):
    """One option. flags: as typed · kind: TEXT (the last one counts), FLAG, MANY."""

    __slots__ = ("dest", "flags", "kind", "metavar", "required")

    dest: str
    flags: tuple[str, ...]
    kind: str
    metavar: str | None
    required: bool

    def __init__(
        self, flags: str, metavar: str | None = None, *, kind: str = TEXT, required: bool = False
    ) -> None:
        names = tuple(flags.split())
        dest = names[-1].lstrip("-").replace("-", "_")
        self._fill(dest, names, FLAG if metavar is None else kind, metavar, required)


class Command(Value):
    """One command. name: one word, or a group and one word · run: module and function.

    rest: names of the words after the options, None for no words; `[X]` may be absent, `X...` may be several
    """

    __slots__ = ("name", "options", "rest", "run")

    name: str
    options: tuple[Option, ...]
    rest: str | None
    run: tuple[str, str]

    def __init__(self, name: str, run: str, *options: Option, rest: str | None = None) -> None:
        module, _, function = run.partition(":")
        self._fill(name, (*options, JSON), rest, (module, function))

    @property
    def open_ended(self) -> bool:
        """Whether it takes one word or more, of any kind."""
        return self.rest is not None and self.rest.endswith("...")


class Arguments(Value):
    """What was typed, whichever parser read it. given: by `dest` · rest: words after the options."""

    __slots__ = ("command", "given", "rest")

    command: str
    given: Mapping[str, object]
    rest: tuple[str, ...]

    def __init__(self, command: str, given: Mapping[str, object], rest: Sequence[str] = ()) -> None:
        self._fill(command, given, tuple(rest))

    def text(self, dest: str) -> str | None:
        """The value of an option, None when it was not given."""
        value = self.given.get(dest)
        return value if isinstance(value, str) else None

    def needed(self, dest: str) -> str:
        """The value of a required option."""
        return str(self.given[dest])

    def flag(self, dest: str) -> bool:
        """Whether a flag was given."""
        return self.given.get(dest) is True

    def many(self, dest: str) -> tuple[str, ...]:
        """All values of a repeatable option."""
        value = self.given.get(dest)
        return value if isinstance(value, tuple) else ()


JSON = Option("--json")
ACTION = Option("-s --scope", "SCOPE", required=True)
TOKEN = (
    Option("-t --token", "TOKEN"),
    Option("--token-file", "PATH"),
    Option("-a --agent", "NAME"),
)
TRUST = (Option("--root-did", "DID"), Option("--audience", "NAME"))
_CONTEXT = Option("--context", "KEY=VALUE", kind=MANY)
_HELD = (Option("--require-audit"), Option("--max-staleness", "TTL"))

# the hosts of `hooks.hosts`, which the rest of the fast path does without
AGENT_HOSTS = ("claude-code", "codex", "gemini", "copilot", "cursor", "windsurf")
_INSTALLED = (
    Option("--root-did", "DID"),
    Option("--home", "DIR"),
    Option("--site", "DIR", kind=MANY),
    Option("--require-audit"),
)

# what a step, a tool call or git runs many times; every other command stands in `cli.table`
LIGHT = {
    command.name: command
    for command in (
        Command("verify", "checking:verify", ACTION, *TOKEN, *TRUST, _CONTEXT, *_HELD),
        Command("exec", "executing:execute", ACTION, *TOKEN, *TRUST, _CONTEXT, *_HELD, rest="CMD..."),
        Command(
            "hook pre-push", "hooking:pre_push",
            Option("--root-did", "DID", required=True), Option("--git", "PATH"), Option("--next", "PATH"),
            rest="NAME URL",
        ),
        *[Command(f"hook {host}", "gate:answer", *_INSTALLED) for host in AGENT_HOSTS],
    )
}  # fmt: skip


def parse(command: Command, words: Sequence[str]) -> Arguments | None:
    """Read the words after a command's name; None for whatever is click's to answer."""
    by_flag = {flag: option for option in command.options for flag in option.flags}
    given: dict[str, object] = {}
    rest: Sequence[str] = ()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            rest = words[at:]
            break
        if len(word) < 2 or word[0] != "-":
            rest = words[at - 1 :]
            break
        if word[1] == "-":
            name, mark, value = word.partition("=")
        else:
            name, mark, value = word[:2], word[2:3], word[2:]
        option = by_flag.get(name)
        if option is None or (option.kind == FLAG and mark):
            return None
        if option.kind == FLAG:
            given[option.dest] = True
            continue
        if not mark:
            if at == len(words):
                return None
            value = words[at]
            at += 1
        _take(given, option, value)
    if not _fits(command, rest, loose=bool(rest) and words[at - 1] != "--") or any(
        option.required and option.dest not in given for option in command.options
    ):
        return None
    return Arguments(command.name, given, rest)


def _fits(command: Command, rest: Sequence[str], *, loose: bool) -> bool:
    """Whether these are the words the command takes. loose: no `--` stood before them."""
    if command.rest is None or command.open_ended:
        return bool(rest) == command.open_ended
    if loose and any(word.startswith("-") for word in rest):
        return False  # an option may follow a word here: click's to tell apart
    return len(rest) == len(command.rest.split())


def _take(given: dict[str, object], option: Option, value: str) -> None:
    if option.kind == MANY:
        earlier = given.get(option.dest)
        given[option.dest] = (*earlier, value) if isinstance(earlier, tuple) else (value,)
    else:
        given[option.dest] = value
