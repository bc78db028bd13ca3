"""`hook HOST`, which a coding agent's host runs before each tool call; and what makes every failure a refusal.

A host goes on when its hook crashes, is killed, or says nothing. So whatever is not a plain yes is exit 2 with
something on stderr: a fault of ours, of the machine, and time that ran out.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` wraps it and imports enum
import os
import sys

from kanoniv_auth.cli.argv import LIGHT, parse
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core import foreign_json
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.hooks import agent, hosts
from kanoniv_auth.hooks.event import REFUSED, Installed
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanoniv_auth.cli.argv import Arguments

# below every host's own limit, after which it goes on
SECONDS = 20
_HEAD = "REFUSED by kanoniv-auth."
_ENDINGS = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP)


def run(words: Sequence[str], guarded: Callable[[Sequence[str]], int]) -> int:
    """As `kanoniv-auth hook` with these words; returns 0 or 2, and nothing else leaves.

    guarded: runs a command line, as `cli.main` does
    """
    try:
        _watch()
        if sys.stdout is None:
            _say("error: standard output is closed, so no answer can be given")
            return REFUSED
        status = guarded(["hook", *words])
        sys.stderr.flush()
        if not status and not _decides(words):
            _say("error: these are not the words of a hook")
            return REFUSED
    except BaseException as error:  # noqa: BLE001 - whatever it is, the call must not run
        _say(f"error: the hook failed: {type(error).__name__}: {error}")
        return REFUSED
    if status not in (0, REFUSED):
        _say(f"error: the hook could not answer (status {status})")
    return REFUSED if status else 0


def _decides(words: Sequence[str]) -> bool:
    """Whether a decision was asked for: help ends well, too."""
    row = LIGHT.get(f"hook {words[0]}") if words and words[0] in hosts.HOSTS else None
    return row is not None and parse(row, words[1:]) is not None


def _watch() -> None:
    """End by ourselves, and with a refusal, before somebody else ends us."""

    def stop(number: int, _frame: object) -> None:
        why = f"no answer within {SECONDS} s" if number == _signal.SIGALRM else "it was stopped"
        _say(f"error: {why}")
        os._exit(REFUSED)

    for number in (_signal.SIGALRM, *_ENDINGS):
        _signal.signal(number, stop)
    _signal.setitimer(_signal.ITIMER_REAL, SECONDS)


def _say(text: str) -> None:
    try:
        os.write(2, f"{_HEAD}\n{text[:2000]}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # the exit status says it, too


def answer(arguments: Arguments) -> Outcome:
    """The decision on one payload from stdin: `{}` and exit 0, or the host's own words for no, and exit 2."""
    host = arguments.command.partition(" ")[2]
    try:
        installed = Installed(
            find_home(os.environ, arguments.text("home")),
            arguments.text("root_did"),
            arguments.many("site"),
            require_audit=arguments.flag("require_audit"),
        )
        found = agent.answer(host, _stdin(), installed, _here())
    except AuthError as error:
        reason = f"{_HEAD}\nerror: {error} [{error.slug}]"
        return _outcome(hosts.adapter(host).refuse("", reason), reason, REFUSED, error.slug)
    return _outcome(dict(found.out), found.err, found.exit, found.code)


def _outcome(out: dict[str, object], err: str, status: int, code: str) -> Outcome:
    facts: dict[str, object] = {"answer": out}
    fix = _line(err, "fix: ")
    if fix:
        facts["fix"] = fix
    return Outcome(
        _line(err, "error: ").removesuffix(f" [{code}]") or err or "no objection",
        foreign_json.write(out),
        facts,
        notes=tuple(err.split("\n")) if err else (),
        exit=status,
        code=code,
    )


def _line(text: str, head: str) -> str:
    """What follows a word at the beginning of a line, "" for no such line."""
    found = [line for line in text.split("\n") if line.startswith(head)]
    return found[0].removeprefix(head) if found else ""


def _stdin() -> bytes:
    """All of it, or one byte more than is read. Raises: UsageError."""
    parts, size = [], 0
    try:
        while size <= foreign_json.LARGEST and (part := os.read(0, 1 << 20)):
            parts.append(part)
            size += len(part)
    except OSError as error:
        fix = "let the host run the hook"
        detail = f"cannot read standard input: {error.strerror}"
        raise UsageError("usage", detail=detail, fix=fix) from None
    return b"".join(parts)


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is outside the import budget
    except OSError:
        return ""  # a folder that is gone
