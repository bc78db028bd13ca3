"""The audit log read back: shown, checked against its checkpoints, and signed to be held against later."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api.records import Record
from kanoniv_auth.core.errors import LogBroken, UsageError
from kanoniv_auth.core.trail import Trail, check_checkpoint, read_checkpoint, read_line
from kanoniv_auth.store import audit, files, keystore, segments
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanoniv_auth.core.trail import Checkpoint, Entry
    from kanoniv_auth.store.home import Home

_DAY = 86400


class LogReport(Record):
    """A log that is what was written, as far as can be told.

    count: records, numbered from 1 · first_at, last_at: unix seconds, None without records · files: how many ·
    checkpoint: the newest record that a checkpoint was signed for, None without one · checkpoint_at: unix seconds ·
    held_against: what the log was compared with · unsigned: records after it · repaired: where a torn line was cut
    """

    __slots__ = (
        "count", "first_at", "last_at", "files", "checkpoint", "checkpoint_at", "held_against", "unsigned",
        "repaired", "key",
    )  # fmt: skip

    count: int
    first_at: int | None
    last_at: int | None
    files: int
    checkpoint: int | None
    checkpoint_at: int | None
    held_against: tuple[str, ...]
    unsigned: int
    repaired: tuple[str, ...]
    key: str | None

    def __init__(self, trail: Trail, files: int, expected: dict[str, Checkpoint]) -> None:
        newest = max(expected.values(), key=lambda one: one.seq, default=None)
        self._fill(
            trail.seq,
            trail.first_at if trail.seq else None,
            trail.last_at if trail.seq else None,
            files,
            None if newest is None else newest.seq,
            None if newest is None else newest.at,
            tuple(expected),
            trail.seq - (0 if newest is None else newest.seq),
            tuple(trail.repaired),
            None if newest is None else newest.key.hex(),
        )


def check_log(given: str | None = None) -> LogReport:
    """Check every record of the log, and hold it against its checkpoint. given: one more, kept elsewhere.

    Raises: LogBroken (facts where, detail) for the first thing that is wrong, StorageError.
    """
    home = find_home(os.environ)
    try:
        with segments.Snapshot(home) as log:
            expected = _expected(home, log.checkpoint, given)
            trail = Trail(expected)
            for path, lines in log.parts():
                _take(trail, path, lines)
            trail.end(home.audit)
            _check_signed(home, trail, log.checkpoint)
            return LogReport(trail, len(log.full) + (log.fd >= 0), expected)
    except OSError as error:
        raise files.unusable("read", home.audit, error) from None


def _expected(home: Home, stored: bytes | None, given: str | None) -> dict[str, Checkpoint]:
    """The checkpoints to hold the log against; they must be this machine's. Raises: LogBroken."""
    expected: dict[str, Checkpoint] = {}
    if stored is None and given is None:
        return expected
    path = home.audit_checkpoint
    key = keystore.read_key(home.machine_key)
    if key is None:
        detail = f"{home.machine_key}, which signed the checkpoint, is gone"
        raise LogBroken("log_broken", where=path, detail=detail)
    if stored is not None:
        expected["audit.checkpoint"] = check_checkpoint(stored, key.public, path)
    if given is not None:
        name = "the given checkpoint"
        line = given.encode("utf-8", "backslashreplace").strip()
        expected[name] = check_checkpoint(line, key.public, name)
    return expected


def _take(trail: Trail, path: str, lines: Iterator[tuple[str, bytes]]) -> None:
    """Check one file, the next one. Raises: LogBroken."""
    first, before = segments.number(path), trail.seq
    if first is not None and first != before + 1:
        detail = f"it is named for record {first}, and record {before + 1} is expected next"
        raise LogBroken("log_broken", where=path, detail=detail)
    for where, line in lines:
        trail.take(line, where)
    if first is not None and trail.seq == before:
        raise LogBroken("log_broken", where=path, detail="there is no record in it")


def _check_signed(home: Home, trail: Trail, stored: bytes | None) -> None:
    """The stored checkpoint must be as new as the records say it was. Raises: LogBroken."""
    signed = 0 if stored is None else read_checkpoint(stored, home.audit_checkpoint)[0].seq
    if trail.signed > signed:
        found = "there is none" if stored is None else f"this one is for record {signed}"
        detail = f"the log names a checkpoint for record {trail.signed}, and {found}"
        raise LogBroken("log_broken", where=home.audit_checkpoint, detail=detail)


def recent(
    limit: int,
    keep: Callable[[Entry], bool],
    since: int | None = None,
    home: Home | None = None,
) -> list[Entry | LogBroken]:
    """The newest records that `keep` takes, newest first; a line that is no record stands there as its error.

    since: unix seconds; a day before that nobody looks any more: clocks are set back, though hardly by more ·
    home: default, the environment's.
    """
    home = find_home(os.environ) if home is None else home
    found: list[Entry | LogBroken] = []
    try:
        with segments.Snapshot(home) as log:
            for where, line in segments.backwards(home, log.fd, log.size):
                if len(found) >= limit:
                    break
                shown = _shown(line, where)
                if isinstance(shown, LogBroken) or (keep(shown) and shown.at >= (since or 0)):
                    found.append(shown)
                elif since is not None and shown.at < since - _DAY:
                    break
    except OSError as error:
        raise files.unusable("read", home.audit, error) from None
    return found


def _shown(line: bytes, where: str) -> Entry | LogBroken:
    try:
        return read_line(line, where)
    except LogBroken as error:
        return error


def sign_log() -> bytes:
    """Sign the log as it ends now; one line, to be kept elsewhere. Raises: UsageError (empty), StorageError."""
    made = audit.sign_end(find_home(os.environ), int(time.time()))
    if made is None:
        fix = "run a command that is recorded first, such as kanoniv-auth verify"
        raise UsageError("usage", detail="there is no record to sign for", fix=fix)
    return made
