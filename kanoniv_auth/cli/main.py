"""The way in: choose the parser, run one command, say what came of it. The only place that prints an error."""

from __future__ import annotations

import os
import sys

from kanoniv_auth.cli.argv import AGENT_HOSTS, LIGHT, Arguments, parse
from kanoniv_auth.core.errors import UNUSABLE, AuthError, TokenParseError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kanoniv_auth.cli.argv import Command
    from kanoniv_auth.cli.outcome import Outcome

_INTERRUPTED, _PIPE = 130, 141
_HELP = {"-h", "--help"}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit status; no exception leaves. words: default, this process's own.

    As this process's own way in it does not return: taking the interpreter down in good order costs a tenth of a
    whole `verify` (docs/bench.md), and nothing is open that would need it.
    """
    given = sys.argv[1:] if words is None else list(words)
    if given[:1] == ["hook"] and given[1:2] and given[1] in AGENT_HOSTS and not _HELP & set(given):
        status = decide(given[1:])
    else:
        status = guarded(given)
    if words is None:
        sys.stderr.flush()
        os._exit(status)
    return status


def decide(words: Sequence[str]) -> int:
    """Run a coding agent's hook. words: after `hook`. Returns 0, or 2 for whatever else comes of it."""
    try:
        from kanoniv_auth.cli.gate import run as answer  # noqa: PLC0415 - for this alone

        return answer(words, guarded)
    except BaseException as error:  # noqa: BLE001 - even where it cannot be loaded, a host must not go on
        text = f"REFUSED by kanoniv-auth.\nerror: {type(error).__name__}: {error}\n"
        os.write(2, text[:2000].encode("utf-8", "backslashreplace"))
        return UNUSABLE


def guarded(words: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # started with that descriptor closed: no file of ours may get its number
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the process
        elif hasattr(stream, "reconfigure"):
            # a path may hold bytes that the terminal's encoding has no sign for
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        return _give_up_stdout(_PIPE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # a verdict that nobody could read is none
        cause = UsageError("usage", detail=f"cannot write the output: {error.strerror}")
        refuse(cause, as_json=False, command=None)
        return _give_up_stdout(cause.reason.exit)
    return status


def _dispatch(words: Sequence[str]) -> int:
    length = 2 if words and words[0] == "hook" else 1
    command = LIGHT.get(" ".join(words[:length]))
    if command is not None and command.name.count(" ") == length - 1:
        arguments = parse(command, words[length:])
        if arguments is not None:
            return run(arguments)
    from kanoniv_auth.cli import tree  # noqa: PLC0415 - click alone costs four bare interpreters

    try:
        answer = tree.parse(words)
    except UsageError as error:
        return refuse(error, as_json="--json" in words, command=words[0] if words else None)
    return answer if isinstance(answer, int) else run(answer)


def run(arguments: Arguments) -> int:
    """Run a parsed command and print its outcome; returns the exit status."""
    try:
        outcome = _function(arguments)(arguments)
    except AuthError as error:
        if isinstance(error, TokenParseError):
            _name_token_file(error, arguments)
        return refuse(error, as_json=arguments.flag("json"), command=arguments.command)
    except BrokenPipeError:
        raise
    except (OSError, RecursionError, MemoryError) as error:
        # what the operating system refuses outside the store: told like any other unusable input
        cause = UsageError(
            "usage", detail=f"{arguments.command} failed: {str(error) or type(error).__name__}"
        )
        return refuse(cause, as_json=arguments.flag("json"), command=arguments.command)
    if arguments.flag("json"):
        fix = outcome.facts.get("fix")
        facts = {name: value for name, value in outcome.facts.items() if name != "fix"}
        _print_json(outcome.exit == 0, outcome.code, outcome.message, fix, facts)
    else:
        from kanoniv_auth.cli import render  # noqa: PLC0415 - loaded by the command already

        if outcome.text:
            render.say(outcome.text)
        render.note(outcome.notes)
    return outcome.exit


def _name_token_file(error: AuthError, arguments: Arguments) -> None:
    """Say which file holds what is no token, when a command was about a token in a file."""
    from kanoniv_auth.cli.inputs import token_file  # noqa: PLC0415 - loaded by the command already

    if not any(option.dest == "token_file" for option in _row(arguments).options):
        return
    path = token_file(arguments)
    if path is not None and path not in str(error):
        error.facts["file"] = path


def _row(arguments: Arguments) -> Command:
    if arguments.command in LIGHT:
        return LIGHT[arguments.command]
    from kanoniv_auth.cli.table import COMMANDS  # noqa: PLC0415 - the fast path does without the whole table

    return COMMANDS[arguments.command]


def _function(arguments: Arguments) -> Callable[[Arguments], Outcome]:
    module, name = _row(arguments).run
    full = f"kanoniv_auth.cli.{module}"
    __import__(full)
    function: Callable[[Arguments], Outcome] = getattr(sys.modules[full], name)
    return function


def refuse(error: AuthError, *, as_json: bool, command: str | None) -> int:
    """Print an error; returns its exit status."""
    from kanoniv_auth.cli import fixes, quoting, render  # noqa: PLC0415 - not before there is something to say

    if as_json:
        message = quoting.plain(str(error))
        _print_json(False, error.slug, message, fixes.fix_of(error), render.facts_of(error))
    else:
        render.note([render.refusal(error, denied=command == "exec")])
    return error.reason.exit


def _print_json(
    ok: bool, code: str, message: str, fix: object, facts: Mapping[str, object]
) -> None:
    import json  # noqa: PLC0415 - 8 ms, only for --json

    head = {"ok": ok, "code": code, "message": message, "fix": fix}
    print(json.dumps({**head, **facts}))


def _give_up_stdout(status: int) -> int:
    """Nothing more can be said there, and nobody must try again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status
