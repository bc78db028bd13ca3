"""The click commands, built from the table in `cli.argv`: help, the words for typing errors, all but the fast path."""

from __future__ import annotations

import click

from kanoniv_auth import __version__
from kanoniv_auth.cli import argv, manual
from kanoniv_auth.cli.table import COMMANDS
from kanoniv_auth.core.errors import UNUSABLE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_INTERRUPTED = 130
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _option(command: argv.Command, option: argv.Option) -> click.Option:
    return click.Option(
        [option.dest, *option.flags],
        # never False: with a False that was said, click takes the option's value to be optional
        is_flag=True if option.kind == argv.FLAG else None,
        multiple=option.kind == argv.MANY,
        metavar=option.metavar,
        required=option.required,
        help=manual.option(command.name, option.dest),
    )


def _parameters(command: argv.Command) -> list[click.Parameter]:
    parameters: list[click.Parameter] = [_option(command, option) for option in command.options]
    if command.rest is not None:
        optional = command.rest.startswith("[")
        count = len(command.rest.split())
        # absent or several: which of the words may be missing is the command's to say
        several = command.rest.endswith("...") or (optional and count > 1)
        parameters.append(
            click.Argument(
                ["rest"],
                nargs=-1 if several else count,
                required=not optional,
                metavar=command.rest,
            )
        )
    return parameters


def _command(command: argv.Command) -> click.Command:
    return click.Command(
        command.name.rpartition(" ")[2],
        params=_parameters(command),
        help=manual.COMMANDS[command.name],
        callback=lambda **given: _collect(command, given),
        # what follows the first word of the command that is to be run belongs to that command
        context_settings={**_HELP, "allow_interspersed_args": command.rest != "CMD..."},
    )


def _group(name: str) -> click.Group:
    """A group of commands; one that is a command itself (`audit-log`) runs when no other word follows."""
    own = COMMANDS.get(name)
    return click.Group(
        name,
        params=[] if own is None else _parameters(own),
        help=manual.GROUPS[name],
        invoke_without_command=own is not None,
        callback=None if own is None else _run_alone(own),
        context_settings=_HELP,
    )


def _run_alone(command: argv.Command) -> Callable[..., argv.Arguments | None]:
    @click.pass_context
    def run(context: click.Context, /, **given: object) -> argv.Arguments | None:
        return None if context.invoked_subcommand else _collect(command, given)

    return run


def _collect(command: argv.Command, given: dict[str, object]) -> argv.Arguments:
    rest = given.pop("rest", None)
    words = () if rest is None else (rest,) if isinstance(rest, str) else tuple(rest)  # type: ignore[arg-type]
    typed = {name: value for name, value in given.items() if value not in (None, False, ())}
    return argv.Arguments(command.name, typed, words)


def build() -> click.Group:
    """Build the command tree."""
    program = click.Group("kanoniv-auth", help=manual.PROGRAM, context_settings=_HELP)
    groups: dict[str, click.Group] = {}
    for name in manual.GROUPS:
        groups[name] = _group(name)
        program.add_command(groups[name])
    for command in COMMANDS.values():
        if command.name not in groups:
            groups.get(command.name.rpartition(" ")[0], program).add_command(_command(command))
    return click.version_option(__version__, prog_name="kanoniv-auth")(program)


def parse(words: Sequence[str]) -> argv.Arguments | int:
    """Read a command line; an exit status when click has answered it itself (`--help` or `help`, `--version`).

    Raises: UsageError in click's words.
    """
    group = build()
    # what people type first in the place of an option
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    elif list(words) == ["version"]:
        words = ["--version"]
    if not words:
        click.echo(group.get_help(click.Context(group, info_name="kanoniv-auth")), err=True)
        return UNUSABLE
    try:
        # no name for click's own variable, which would turn any command into a completion script
        answer = group.main(
            list(words), prog_name="kanoniv-auth", complete_var="", standalone_mode=False
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UNUSABLE
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        meant = _meant(words)
        fix = f"kanoniv-auth {meant} --help" if meant else "kanoniv-auth --help"
        raise UsageError("usage", detail=_sentence(error, meant), fix=fix) from None
    return answer if isinstance(answer, argv.Arguments) else int(answer or 0)


def _meant(words: Sequence[str]) -> str:
    """The command or group that a command line begins with; click does not say it with every error."""
    for name in (" ".join(words[:2]), words[0]):
        if name in COMMANDS or name in manual.GROUPS:
            return name
    return ""


def _sentence(error: click.ClickException, command: str) -> str:
    text = " ".join(error.format_message().split()).rstrip(".")
    if command in COMMANDS:  # click's own name for the words after the options
        text = text.replace("'rest'", f"'{COMMANDS[command].rest}'")
    return text[:1].lower() + text[1:]
