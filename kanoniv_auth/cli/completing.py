"""`completion bash|zsh|fish`: scripts made from the table of commands. They ask for agents’ names and read no variable.

What follows an option or a command is told by its metavar. Each script has the same four parts: the names of commands,
the options of each, what may follow an option, what may follow a command.
"""

from __future__ import annotations

from kanoniv_auth.cli import completion_scripts as scripts, manual
from kanoniv_auth.cli.argv import FLAG
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.table import COMMANDS
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments, Command, Option

AGENT, DIRECTORY, FILE, PROGRAM, NOTHING = "agent", "directory", "file", "program", "nothing"
SHELLS = ("bash", "zsh", "fish")
_HIDDEN = ("hook",)
_OPTIONS_OF_AGENTS = frozenset(("agent", "name", "to"))


class Row(Value):
    """What can be completed after one command. name: one or two words · after: a kind, or the words themselves.

    options: (flags, kind or words, help); a flag that takes no value has None for its kind
    """

    __slots__ = ("name", "help", "options", "after")

    name: str
    help: str
    options: tuple[tuple[tuple[str, ...], str | None, str], ...]
    after: str

    def __init__(self, command: Command) -> None:
        options = tuple([_option(command.name, option) for option in command.options])
        self._fill(command.name, _first(manual.COMMANDS[command.name]), options, _rest(command))


def _option(command: str, option: Option) -> tuple[tuple[str, ...], str | None, str]:
    kind = None if option.kind == FLAG else _kind(option.metavar or "", option.dest)
    return option.flags, kind, _first(manual.option(command, option.dest))


def _kind(metavar: str, dest: str) -> str:
    words = metavar.split("|")
    if all(word.islower() for word in words):
        return " ".join(words)
    if "PATH" in words or "FILE" in words:
        return FILE
    if "DIR" in words:
        return DIRECTORY
    return AGENT if "NAME" in words and dest in _OPTIONS_OF_AGENTS else NOTHING


def _rest(command: Command) -> str:
    if command.rest is None:
        return NOTHING
    if command.name == "exec":
        return PROGRAM
    if command.name.startswith("agents "):
        return AGENT
    return _kind(command.rest.strip("[].").replace("...", ""), "")


def _first(text: str) -> str:
    """The first sentence: a shell shows one line."""
    return text.partition(". ")[0].partition(";")[0].partition("  [")[0].rstrip(".")


def rows() -> list[Row]:
    """All that is for typing."""
    return [
        Row(command) for name, command in COMMANDS.items() if name.partition(" ")[0] not in _HIDDEN
    ]


def groups() -> dict[str, str]:
    """The first words that others follow, with their help."""
    return {name: _first(text) for name, text in manual.GROUPS.items() if name not in _HIDDEN}


def completion(arguments: Arguments) -> Outcome:
    """Print the script for one shell."""
    (shell,) = arguments.rest
    if shell not in SHELLS:
        detail = f"there is no completion for {shell}"
        raise UsageError("usage", detail=detail, fix="say bash, zsh or fish")
    text = getattr(scripts, shell)(rows(), groups())
    return Outcome("completion script", text, {"shell": shell, "script": text})
