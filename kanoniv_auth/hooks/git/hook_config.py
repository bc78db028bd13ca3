"""The hook in git's own configuration, which git 2.54 and later run beside whatever the folder of hooks holds.

`hook.kanoniv.event` says when and `hook.kanoniv.command` is the whole script: there is no file that could be missing,
and a repository that is moved takes its hook along. git dies when there is an event without a command, so the command
is written first and taken out last.
"""

from __future__ import annotations

import os
import tempfile

from kanoniv_auth.core.errors import StorageError, UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.git import repository, script

LOCAL, GLOBAL = "--local", "--global"
SINCE = (2, 54)
_NAME = "kanoniv"
_EVENT, _COMMAND, _KEPT = f"hook.{_NAME}.event", f"hook.{_NAME}.command", f"hook.{_NAME}.kept"
_PRE_PUSH = "pre-push"
_NONE = 1  # the status of `git config --get-all` for a key that is not there


class Entry(Value):
    """What one configuration file says. kind: as `script.kind` · commands: of our name · event: whether it is right.

    file: its path, "" while it holds no command of our name
    """

    __slots__ = ("kind", "commands", "event", "file")

    kind: str
    commands: tuple[bytes, ...]
    event: bool
    file: str

    def __init__(self, kind: str, commands: tuple[bytes, ...], *, event: bool, file: str) -> None:
        self._fill(kind, commands, event, file)


def read(folder: str, scope: str) -> Entry:
    """Read the entry of our name. folder: where git is run · scope: LOCAL or GLOBAL. Raises: StorageError."""
    found = _values(folder, scope, _COMMAND)
    commands = tuple([os.fsencode(value) for _, value in found])
    kind = script.kind(commands[-1] if commands else None)
    if kind == script.OURS and len(commands) > 1:
        kind = script.CHANGED
    event = [value for _, value in _values(folder, scope, _EVENT)] == [_PRE_PUSH]
    return Entry(kind, commands, event=event, file=found[-1][0] if found else "")


def put(folder: str, scope: str, before: Entry, text: bytes) -> str:
    """Write ours, and see that git would run it; returns what was done. text: the script.

    Raises: UsageError when another setting has git pass over it, StorageError.
    """
    if before.commands != (text,):
        _keep(folder, scope, before)
        _set(folder, scope, "--replace-all", _COMMAND, os.fsdecode(text))
    if not before.event:
        _set(folder, scope, "--replace-all", _EVENT, _PRE_PUSH)
    try:
        _check(folder, scope, text)
    except UsageError:
        if not before.commands:
            take(folder, scope, before)
        raise
    if before.commands == (text,) and before.event:
        return "unchanged"
    return "updated" if before.kind == script.OURS else "installed"


def take(folder: str, scope: str, before: Entry) -> None:
    """Take ours out; what was changed by hand is kept under another key. Raises: StorageError."""
    _keep(folder, scope, before)
    for key in (_EVENT, _COMMAND):
        if _values(folder, scope, key):
            _set(folder, scope, "--unset-all", key)


def _keep(folder: str, scope: str, before: Entry) -> None:
    kept = [value for _, value in _values(folder, scope, _KEPT)]
    for command in before.commands if before.kind == script.CHANGED else ():
        if os.fsdecode(command) not in kept:
            _set(folder, scope, "--add", _KEPT, os.fsdecode(command))


def _check(folder: str, scope: str, text: bytes) -> None:
    """See that git runs what was written: a setting of another file may switch it off, or stand in its place."""
    if scope == LOCAL:
        return _check_in(folder, text)
    with tempfile.TemporaryDirectory() as empty:  # a repository that says nothing itself
        status, _, said = repository.tell(empty, "init", "-q", "--bare", empty)
        if status:
            raise StorageError("storage", detail=f"git cannot make a repository: {said}")
        return _check_in(empty, text)


def _check_in(folder: str, text: bytes) -> None:
    status, out, said = repository.tell(folder, "hook", "list", "-z", _PRE_PUSH)
    listed = out.split("\0") if status == 0 else ()
    command = repository.tell(folder, "config", "--null", "--get", _COMMAND)[1]
    if _NAME in listed and os.fsencode(command.removesuffix("\0")) == text:
        return
    why = said or "another setting takes its place, or switches it off"
    raise UsageError(
        "usage",
        detail=f"git would not run the hook: {why}",
        fix="take away what is not ours of: git config --show-origin --get-regexp '^hook\\.'",
    )


def _values(folder: str, scope: str, key: str) -> list[tuple[str, str]]:
    """All values of one key in one scope, each with the path of its file."""
    words = ("config", scope, "--null", "--show-origin", "--get-all", key)
    status, out, said = repository.tell(folder, *words)
    if status not in (0, _NONE):
        raise StorageError("storage", detail=f"git cannot read its configuration: {said}")
    parts = out.split("\0")[:-1] if status == 0 else []
    return [
        (os.path.normpath(os.path.join(folder, origin.removeprefix("file:"))), value)  # noqa: PTH118 - paths are text
        for origin, value in zip(parts[::2], parts[1::2], strict=True)
    ]


def _set(folder: str, scope: str, *words: str) -> None:
    status, _, said = repository.tell(folder, "config", scope, *words)
    if status:
        raise StorageError(
            "storage",
            detail=f"git cannot write its configuration: {said}",
            fix="make the file that it names writable, then run it again",
        )
