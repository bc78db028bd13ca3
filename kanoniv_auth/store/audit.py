"""The audit log on disk: one appender at a time, whole lines, durable before it is said; full files stay beside it.

Not the format of a line or of a checkpoint: `core.audit`. The lock is the log's own: who changes a file of the home
and records that, holds both one after the other.
"""

from __future__ import annotations

import os
from errno import ENOSPC

from kanoniv_auth.core.audit import (
    LONGEST_LINE,
    REPAIRED,
    START,
    Happening,
    Place,
    line_hash,
    read_place,
    signed_seq,
    write_line,
)
from kanoniv_auth.core.errors import LogBroken
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.store import files, segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home

ROTATE_AT = 8 << 20
CHECKPOINT_EVERY = 32
# what runs many times and changes nothing here: signing each would be most of its cost
FREQUENT = frozenset(("verify", "exec", "sign", "hook", "mcp", "prove"))


def append(home: Home, what: Happening, now: int, *, seconds: float = files.LOCK_SECONDS) -> int:
    """Add one record, durable when this returns; its number. now: unix seconds · seconds: how long to wait for others.

    Raises: StorageError; LogBroken when the end of the log is not what was written; errors of the machine's key.
    """
    return append_all(home, (what,), now, seconds=seconds)


def append_all(
    home: Home, every: Sequence[Happening], now: int, *, seconds: float = files.LOCK_SECONDS
) -> int:
    """Add some records in one step; the number of the last one. Arguments and errors as `append`."""
    while True:
        fd, size = _open(home, seconds)
        try:
            if size >= ROTATE_AT and _rotate(home, fd, size):
                continue
            return _append(home, fd, size, every, now)
        except OSError as error:
            raise files.unusable("write", home.audit, error) from None
        finally:
            os.close(fd)


def sign_end(home: Home, now: int, *, seconds: float = files.LOCK_SECONDS) -> bytes | None:
    """Sign the log as it ends now, keep that as its checkpoint and return it; None when there is no record yet.

    Raises: as `append`.
    """
    if not os.path.lexists(home.audit) and not segments.older(home):
        _signed(home, _stored(home.audit_checkpoint), None)
        return None
    fd, size = _open(home, seconds)
    try:
        tail = _tail(home, fd, size)
        text = _stored(home.audit_checkpoint)
        _signed(home, text, tail.last)
        if tail.last is None:
            return None
        from kanoniv_auth.core.trail import write_checkpoint  # noqa: PLC0415 - as above

        key = _machine_key(home, text, now)
        _check_since(home, fd, tail, text, key)
        made = write_checkpoint(key, tail.last.seq, line_hash(tail.line), now)
        files.write(home.audit_checkpoint, made + b"\n")
        return made
    except OSError as error:
        raise files.unusable("write", home.audit_checkpoint, error) from None
    finally:
        os.close(fd)


def _open(home: Home, seconds: float) -> tuple[int, int]:
    """Open the log and hold it, never through a link, never one that was moved aside; its descriptor and size."""
    path = home.audit
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            files.make_folder(home.path)
            continue
        except OSError as error:
            raise files.unusable("write", path, error) from None
        kept = False
        try:
            files.hold(fd, path, seconds)
            status = os.fstat(fd)
            kept = segments.is_at(status, path)
            if kept:
                if status.st_mode & 0o7777 != 0o600:
                    os.fchmod(fd, 0o600)  # a umask may have taken our own bits away
                return fd, status.st_size
        except OSError as error:
            kept = False
            raise files.unusable("lock", path, error) from None
        finally:
            if not kept:
                os.close(fd)


def _rotate(home: Home, fd: int, size: int) -> bool:
    """Move a full log aside, under its first record's number; False when its last line has to be repaired first."""
    if os.pread(fd, 1, size - 1) != b"\n":
        return False
    line = os.pread(fd, LONGEST_LINE, 0).partition(b"\n")[0]
    first = read_place(line, f"{home.audit}:1")
    target = f"{home.path}/audit.{first.seq:0{segments.NUMBER}d}.jsonl"
    if os.path.lexists(target):
        raise LogBroken(
            "log_broken", where=target, detail=f"{home.audit} begins with the same record"
        )
    os.rename(home.audit, target)  # noqa: PTH104 - pathlib is outside the import budget
    return True


class _Tail:
    """The end of the log: its last whole line, where the next begins, and what is there instead of a line."""

    __slots__ = ("at", "last", "line", "torn")

    def __init__(self, line: bytes, last: Place | None, at: int, torn: bytes) -> None:
        self.line, self.last, self.at, self.torn = line, last, at, torn


def _tail(home: Home, fd: int, size: int) -> _Tail:
    line, torn = segments.last_line(fd, size, home.audit)
    where = f"{home.audit}, last line"
    full = [] if line else segments.older(home)
    if full:
        where = f"{full[-1]}, last line"
        line = segments.last_of(full[-1])
    last = read_place(line, where) if line else None
    return _Tail(line, last, size - len(torn), torn)


def _append(home: Home, fd: int, size: int, every: Sequence[Happening], now: int) -> int:
    tail = _tail(home, fd, size)
    text = _stored(home.audit_checkpoint)
    signed = _signed(home, text, tail.last)
    lines, seq, prev = b"", 0 if tail.last is None else tail.last.seq, START
    if tail.line:
        prev = line_hash(tail.line)
    for happened in (*_repairs(tail.torn), *every):
        seq += 1
        line = write_line(seq, now, prev, signed, happened)
        prev = line_hash(line)
        lines += line + b"\n"
    if _is_due(every, tail, seq, signed):
        from kanoniv_auth.core.trail import write_checkpoint  # noqa: PLC0415 - one record in 32 needs it

        key = _machine_key(home, text, now)
        _check_since(home, fd, tail, text, key)
        # opened before anything is written, so that a disk that cannot take it is known while nothing has happened
        with files.NewFile(home.audit_checkpoint) as new:
            _write(fd, lines, tail)
            new.commit(write_checkpoint(key, seq, prev, now) + b"\n")
    else:
        _write(fd, lines, tail)
    if size == 0:
        files.sync_folder(home.audit)
    return seq


def _stored(path: str) -> bytes | None:
    """The checkpoint's text, None when there is none: `files.read` in half its calls. Raises: StorageError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise files.unusable("read", path, error) from None
    try:
        return os.read(fd, LONGEST_LINE)
    except OSError as error:
        raise files.unusable("read", path, error) from None
    finally:
        os.close(fd)


def _signed(home: Home, text: bytes | None, last: Place | None) -> int:
    """The record that the checkpoint is for, 0 without one; the log must reach it, and it must not be an older one."""
    path = home.audit_checkpoint
    signed = 0 if text is None else signed_seq(text, path)
    end, named = (0, 0) if last is None else (last.seq, last.checkpoint)
    if signed > end:
        detail = f"the log ends with record {end}, and {path} was signed for record {signed}"
        raise LogBroken("log_broken", where=home.audit, detail=detail)
    if named > signed:
        detail = f"the log names a checkpoint for record {named}, and this one is missing or older"
        raise LogBroken("log_broken", where=path, detail=detail)
    return signed


def _repairs(torn: bytes) -> tuple[Happening, ...]:
    if not torn:
        return ()
    details: dict[str, str | int | bool] = {"bytes": len(torn), "hash": sha256(torn).hex()}
    return (Happening(REPAIRED, "ok", details=details),)


def _is_due(every: Sequence[Happening], tail: _Tail, seq: int, signed: int) -> bool:
    if tail.torn or seq - signed >= CHECKPOINT_EVERY:
        return True
    for what in every:
        if what.event not in FREQUENT:
            return True
    # whoever wrote the last one was killed before it signed
    last = tail.last
    return last is not None and last.event not in FREQUENT and signed < last.seq


def _machine_key(home: Home, text: bytes | None, now: int) -> KeyPair:
    from kanoniv_auth.core.keys import KeyPair  # noqa: PLC0415 - one record in 32 needs it
    from kanoniv_auth.store import keystore  # noqa: PLC0415 - as above

    key = keystore.read_key(home.machine_key)
    if key is not None:
        return key
    if text is not None:
        detail = f"{home.machine_key}, which signed this checkpoint, is gone"
        raise LogBroken("log_broken", where=home.audit_checkpoint, detail=detail)
    return keystore.make_machine_key(home, KeyPair.generate(os.urandom(32)), now)


def _check_since(home: Home, fd: int, tail: _Tail, text: bytes | None, key: KeyPair) -> None:
    """Sign nothing that does not follow from what was signed before: a changed log stays a changed log.

    Raises: LogBroken.
    """
    from kanoniv_auth.core.trail import check_checkpoint  # noqa: PLC0415 - one record in 32 needs it

    if tail.last is None:
        return
    path = home.audit_checkpoint
    before = None if text is None else check_checkpoint(text, key.public, path)
    expected = line_hash(tail.line)
    for where, line in segments.backwards(home, fd, tail.at):
        found = line_hash(line)
        if found != expected:
            detail = "this line is not the one that the next one follows"
            raise LogBroken("log_broken", where=where, detail=detail)
        entry = read_place(line, where)
        if before is not None and entry.seq == before.seq:
            if found == before.hash:
                return
            detail = f"record {entry.seq} is not the one that {path} was signed for"
            raise LogBroken("log_broken", where=where, detail=detail)
        expected = entry.prev
    if before is not None or expected != START:
        detail = "the log does not go back to its last checkpoint"
        raise LogBroken("log_broken", where=home.audit, detail=detail)


def _write(fd: int, lines: bytes, tail: _Tail) -> None:
    """Write whole lines over a torn one, in one step; what cannot be written whole leaves the file as it was."""
    at, torn = tail.at, tail.torn
    try:
        if os.pwrite(fd, lines, at) != len(lines):
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        if len(torn) > len(lines):
            os.ftruncate(fd, at + len(lines))
        os.fsync(fd)
    except OSError:
        try:
            os.ftruncate(fd, at)
            os.pwrite(fd, torn, at)
        except OSError:
            pass  # the next record finds a torn line, and says so
        raise
