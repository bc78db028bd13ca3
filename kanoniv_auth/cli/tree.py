"""The click commands, built from the table in `cli.argv`: help, the words for typing errors, all but the fast path."""

from __future__ import annotations

import click

from kanoniv_auth import __version__
from kanoniv_auth.cli import argv, manual
from kanoniv_auth.core.errors import UNUSABLE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _option(option: argv.Option) -> click.Option:
    return click.Option(
        [option.dest, *option.flags],
        # never False: with a False that was said, click takes the option's value to be optional
        is_flag=True if option.kind == argv.FLAG else None,
        multiple=option.kind == argv.MANY,
        metavar=option.metavar,
        required=option.required,
        help=manual.OPTIONS[option.dest],
    )


def _command(command: argv.Command) -> click.Command:
    parameters: list[click.Parameter] = [_option(option) for option in command.options]
    if command.rest is not None:
        optional = command.rest.startswith("[")
        several = command.rest.endswith("...")
        parameters.append(
            click.Argument(
                ["rest"], nargs=-1 if several else 1, required=not optional, metavar=command.rest
            )
        )
    return click.Command(
        command.name,
        params=parameters,
        help=manual.COMMANDS[command.name],
        callback=lambda **given: _collect(command, given),
        # what follows the first word of exec's command belongs to that command
        context_settings={**_HELP, "allow_interspersed_args": command.name != "exec"},
    )


def _collect(command: argv.Command, given: dict[str, object]) -> argv.Arguments:
    rest = given.pop("rest", None)
    words = () if rest is None else (rest,) if isinstance(rest, str) else tuple(rest)  # type: ignore[arg-type]
    typed = {name: value for name, value in given.items() if value not in (None, False, ())}
    return argv.Arguments(command.name, typed, words)


def build() -> click.Group:
    """Build the command tree."""
    group = click.Group("kanoniv-auth", help=manual.PROGRAM, context_settings=_HELP)
    for command in argv.COMMANDS.values():
        group.add_command(_command(command))
    return click.version_option(__version__, prog_name="kanoniv-auth")(group)


def parse(words: Sequence[str]) -> argv.Arguments | int:
    """Read a command line; an exit status when click has answered it itself (help, version).

    Raises: UsageError in click's words.
    """
    group = build()
    if not words:
        click.echo(group.get_help(click.Context(group, info_name="kanoniv-auth")), err=True)
        return UNUSABLE
    try:
        answer = group.main(list(words), prog_name="kanoniv-auth", standalone_mode=False)
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "kanoniv-auth"
        raise UsageError("usage", detail=_sentence(error), fix=f"{path} --help") from None
    return answer if isinstance(answer, argv.Arguments) else int(answer or 0)


def _sentence(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split()).rstrip(".")
    return text[:1].lower() + text[1:]
