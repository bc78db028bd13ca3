"""`exec`: verify, start one command without a shell, wait, sign the receipt. Not a sandbox.

The child inherits everything but KANONIV_ROOT_KEY. Its receipt's file is opened before it starts, so a disk that
cannot take the receipt is known while nothing has happened yet.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` wraps it and imports enum
import os
import time

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.signing import Authority, authorise, receipt, rehearse
from kanoniv_auth.cli import inputs, render
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypedDict

    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.core.errors import StorageError
    from kanoniv_auth.store.files import NewFile
    from kanoniv_auth.store.home import Home

    class _Said(TypedDict):
        target: str
        args: bytes


NOT_EXECUTABLE, NOT_FOUND, SIGNALLED = 126, 127, 128
_HIDDEN = "KANONIV_ROOT_KEY"
_TARGET = 200
# Python ignores these two; a child expects to find them as the system has them
_RESTORED = (_signal.SIGPIPE, _signal.SIGXFSZ)
_KEYBOARD = (_signal.SIGINT, _signal.SIGQUIT)
_FORWARDED = (*_KEYBOARD, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGUSR1, _signal.SIGUSR2)


class _Log(Value):
    """What the audit log is told of this run. required: refuse what cannot be recorded."""

    __slots__ = ("home", "scope", "command", "required")

    home: Home
    scope: str
    command: str
    required: bool

    def __init__(self, arguments: Arguments) -> None:
        scope, command = arguments.needed("scope"), arguments.rest[0]
        required = arguments.flag("require_audit")
        self._fill(find_home(os.environ), scope, command, required)

    def denied(self, error: AuthError, token: str) -> None:
        """Nothing was started."""
        audit_log.record_denial(
            self.home, "exec", error, token,
            proves=True, required=self.required, scope=self.scope, cmd=self.command,
        )  # fmt: skip

    def started(self, authority: Authority) -> None:
        """Something is about to be. Raises: StorageError when it cannot be recorded and has to be."""
        if self.required:
            self._record(authority, "started", required=True)

    def ended(self, authority: Authority, result: str, **details: Any) -> dict[str, object]:
        """It ran, or could not; returns the facts of a record that could not be made."""
        failed = self._record(authority, result, required=False, **details)
        return {} if failed is None else audit_log.not_recorded(failed)

    def _record(
        self, authority: Authority, result: str, *, required: bool, **details: Any
    ) -> StorageError | None:
        return audit_log.record(
            self.home,
            "exec",
            result=result,
            agent=authority.holder.did,
            name=authority.chain.links[-1].name,
            required=required,
            scope=self.scope,
            cmd=self.command,
            **details,
        )


def execute(arguments: Arguments) -> Outcome:
    """Exit as the child does; 126 or 127 when it cannot start; nothing is started when the token does not grant it."""
    token, log = inputs.chosen_token(arguments), _Log(arguments)
    try:
        authority = authorise(
            log.scope,
            token,
            root_did=arguments.text("root_did"),
            audience=arguments.text("audience"),
            context=inputs.pairs(arguments, "context"),
            max_staleness=arguments.text("max_staleness"),
        )
    except AuthError as error:
        log.denied(error, token)
        raise
    command = arguments.rest
    said = _said(command)
    # what a receipt cannot hold is known now, while nothing has happened yet
    rehearse(authority, metadata={"ended_at": authority.now, "exit_status": 255}, **said)
    with authority.stream.reserve() as reserved:
        log.started(authority)
        try:
            status = _run(command, {k: v for k, v in os.environ.items() if k != _HIDDEN})
        except OSError as error:
            return _not_started(authority, log, error)
        except ValueError:
            log.ended(authority, "not_started")
            fix = "leave the NUL byte out"
            raise UsageError("usage", detail="a NUL byte in the command", fix=fix) from None
        return _record(authority, log, said, status, reserved)


def _run(command: tuple[str, ...], environ: Mapping[str, str]) -> int:
    """Start the child, pass signals on while it lives, and return its exit status as a shell would."""
    child = 0

    def forward(number: int, _frame: object) -> None:
        # the terminal sends its own keys to the whole foreground group: the child has had this one
        if not child or (number in _KEYBOARD and _in_foreground()):
            return  # 0 would mean the whole process group
        try:
            os.kill(child, number)
        except ProcessLookupError:
            return  # it has just ended, where `waitid` is not to be had

    # blocked until the child is there, so that a signal in between is passed on and not lost
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _FORWARDED)
    caught = [number for number in _FORWARDED if _signal.getsignal(number) != _signal.SIG_IGN]
    for number in caught:
        _signal.signal(number, forward)
    try:
        child = os.posix_spawnp(
            command[0], command, environ, setsigdef=_RESTORED, setsigmask=before
        )
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        if hasattr(os, "waitid"):  # macOS: from Python 3.13 on
            # a zombie until signals are blocked again: its pid cannot become another's under `forward`
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            status = None
        else:
            _, status = os.waitpid(child, 0)
    finally:
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _FORWARDED)
        for number in caught:
            _signal.signal(number, _signal.SIG_IGN)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    if status is None:
        _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNALLED - code


def _in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def _not_started(authority: Authority, log: _Log, error: OSError) -> Outcome:
    status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    message = f"cannot run {log.command}: {error.strerror}"
    missing = log.ended(authority, "not_started", exit=status)
    return Outcome(
        message,
        "",
        {"exit_status": status, **missing},
        notes=(*render.not_run(message), *render.told(missing)),
        exit=status,
        code="usage",
    )


def _said(command: Sequence[str]) -> _Said:
    """What a receipt says of a command: its name as the target, and all of its words to be hashed."""
    target = command[0].encode("utf-8", "backslashreplace").decode("utf-8")[:_TARGET]
    return {"target": target, "args": b"\0".join([os.fsencode(word) for word in command])}


def _record(
    authority: Authority, log: _Log, said: _Said, status: int, reserved: NewFile
) -> Outcome:
    """Sign what happened. A receipt that cannot be kept makes a success exit 2: an unrecorded run is none."""
    result = "failure" if status else "success"
    facts: dict[str, object] = {"exit_status": status, "result": result}
    try:
        _, receipt_id = receipt(
            authority,
            result=result,
            metadata={"ended_at": int(time.time()), "exit_status": status},
            reserved=reserved,
            **said,
        )
    except AuthError as error:
        missing = log.ended(authority, "allowed", exit=status, code=error.slug)
        notes = (*render.unrecorded(error, status), *render.told(missing))
        return Outcome(
            str(error), "", {**facts, **missing}, notes=notes, exit=status or 2, code=error.slug
        )
    missing = log.ended(authority, "allowed", exit=status, receipt=receipt_id.hex())
    facts = {
        **facts, "receipt": receipt_id.hex(), "receipt_file": reserved.path, **missing,
    }  # fmt: skip
    notes = (f"SIGNED {receipt_id.hex()}", *render.told(missing))
    if missing and log.required:
        return Outcome(
            str(missing["note"]), "", facts, notes=notes, exit=status or 2, code="unrecorded"
        )
    return Outcome(
        result, "", facts, notes=notes, exit=status, code="ok" if status == 0 else "failure"
    )
