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
    Entry,
    Happening,
    check_checkpoint,
    line_hash,
    read_checkpoint,
    read_line,
    write_checkpoint,
    write_line,
)
from kanoniv_auth.core.errors import LogBroken
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home

ROTATE_AT = 8 << 20
CHECKPOINT_EVERY = 32
# what runs many times and changes nothing here: signing each would be most of its cost
FREQUENT = frozenset(("verify", "exec", "sign"))
_TAIL, _BLOCK = 4096, 65536
_NUMBER = 12


def append(home: Home, what: Happening, now: int, *, seconds: float = files.LOCK_SECONDS) -> Entry:
    """Add one record, durable when this returns. now: unix seconds · seconds: how long to wait for others.

    Raises: StorageError; LogBroken when the end of the log is not what was written; errors of the machine's key.
    """
    while True:
        fd = _open(home, seconds)
        try:
            size = os.fstat(fd).st_size
            if size >= ROTATE_AT and _rotate(home, fd, size):
                continue
            return _append(home, fd, size, what, now)
        except OSError as error:
            raise files.unusable("write", home.audit, error) from None
        finally:
            os.close(fd)


def _open(home: Home, seconds: float) -> int:
    """Open the log and hold it; never through a link, and never one that was renamed meanwhile."""
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
            kept = _is_ours(fd, path)
            if kept:
                return fd
        except OSError as error:
            raise files.unusable("lock", path, error) from None
        finally:
            if not kept:
                os.close(fd)


def _is_ours(fd: int, path: str) -> bool:
    """Whether the open file is the one that has this name now; makes it private."""
    status = os.fstat(fd)
    try:
        there = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - pathlib is outside the import budget
    except FileNotFoundError:
        return False
    if (there.st_ino, there.st_dev) != (status.st_ino, status.st_dev):
        return False
    if status.st_mode & 0o170000 != 0o100000:
        raise files.corrupt(path, "not a regular file")
    if status.st_mode & 0o7777 != 0o600:
        os.fchmod(fd, 0o600)  # a umask may have taken our own bits away
    return True


def _rotate(home: Home, fd: int, size: int) -> bool:
    """Move a full log aside, under its first record's number; False when its last line has to be repaired first."""
    if os.pread(fd, 1, size - 1) != b"\n":
        return False
    line = os.pread(fd, LONGEST_LINE, 0).partition(b"\n")[0]
    first = read_line(line, f"{home.audit}:1")
    target = f"{home.path}/audit.{first.seq:0{_NUMBER}d}.jsonl"
    if os.path.lexists(target):
        raise LogBroken(
            "log_broken", where=target, detail=f"{home.audit} begins with the same record"
        )
    os.rename(home.audit, target)  # noqa: PTH104 - pathlib is outside the import budget
    return True


class _Tail:
    """The end of the log: its last whole line, where the next begins, and what is there instead of a line."""

    __slots__ = ("at", "last", "line", "torn")

    def __init__(self, line: bytes, last: Entry | None, at: int, torn: bytes) -> None:
        self.line, self.last, self.at, self.torn = line, last, at, torn


def _tail(home: Home, fd: int, size: int) -> _Tail:
    line, torn = _last_line(fd, size, home.audit)
    where = f"{home.audit}, last line"
    if not line:
        older = [path for path in segments(home) if path != home.audit]
        if older:
            where = f"{older[-1]}, last line"
            line = _last_of(older[-1])
    last = read_line(line, where) if line else None
    return _Tail(line, last, size - len(torn), torn)


def _last_line(fd: int, size: int, path: str) -> tuple[bytes, bytes]:
    """The last whole line, empty when there is none, and the bytes after it that end no line."""
    for window in (_TAIL, _BLOCK):
        start = max(0, size - window)
        body, mark, torn = os.pread(fd, window, start).rpartition(b"\n")
        if start == 0 or (mark and b"\n" in body):
            return body.rpartition(b"\n")[2] if mark else b"", torn
    detail = f"no whole line in the last {_BLOCK} bytes"
    raise LogBroken("log_broken", where=path, detail=detail)


def _last_of(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        line, torn = _last_line(fd, os.fstat(fd).st_size, path)
    finally:
        os.close(fd)
    if torn or not line:
        raise LogBroken("log_broken", where=path, detail="its last line is not complete")
    return line


def _append(home: Home, fd: int, size: int, what: Happening, now: int) -> Entry:
    tail = _tail(home, fd, size)
    text = files.read(home.audit_checkpoint)
    signed = _signed(home, text, tail.last)
    lines, seq, prev = b"", 0 if tail.last is None else tail.last.seq, START
    if tail.line:
        prev = line_hash(tail.line)
    for happened in (*_repairs(tail.torn), what):
        seq += 1
        line = write_line(seq, now, prev, signed, happened)
        prev = line_hash(line)
        lines += line + b"\n"
    if _is_due(what, tail, seq, signed):
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
    return Entry(seq, now, prev, signed, what, ())


def _signed(home: Home, text: bytes | None, last: Entry | None) -> int:
    """The record that the checkpoint is for, 0 without one; the log must reach it, and it must not be an older one."""
    path = home.audit_checkpoint
    signed = 0 if text is None else read_checkpoint(text, path)[0].seq
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


def _is_due(what: Happening, tail: _Tail, seq: int, signed: int) -> bool:
    if what.event not in FREQUENT or tail.torn or seq - signed >= CHECKPOINT_EVERY:
        return True
    # whoever wrote the last one was killed before it signed
    last = tail.last
    return last is not None and last.what.event not in FREQUENT and signed < last.seq


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
    if tail.last is None:
        return
    path = home.audit_checkpoint
    before = None if text is None else check_checkpoint(text, key.public, path)
    expected = line_hash(tail.line)
    for where, line in _backwards(home, fd, tail.at):
        found = line_hash(line)
        if found != expected:
            detail = "this line is not the one that the next one follows"
            raise LogBroken("log_broken", where=where, detail=detail)
        entry = read_line(line, where)
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


def segments(home: Home) -> list[str]:
    """Paths of the log's files in the order of their records, the newest last. Raises: StorageError."""
    older = []
    for path in files.listing(home.path, ".jsonl"):
        number = path.rpartition("/")[2].removeprefix("audit.").removesuffix(".jsonl")
        if len(number) == _NUMBER and number.isascii() and number.isdigit():
            older.append(path)
    return [*older, home.audit]


def _backwards(home: Home, fd: int, end: int) -> Iterator[tuple[str, bytes]]:
    """All lines, newest first, from `end` of the open log on through the older files."""
    yield from _lines_backwards(fd, end, home.audit)
    for path in reversed(segments(home)[:-1]):
        older = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield from _lines_backwards(older, os.fstat(older).st_size, path)
        finally:
            os.close(older)


def _lines_backwards(fd: int, end: int, path: str) -> Iterator[tuple[str, bytes]]:
    """Whole lines of one file before `end`, newest first; a line longer than any of ours ends the walk as broken."""
    rest = b""
    where = f"{path}, near its end"
    while end > 0:
        start = max(0, end - _BLOCK)
        data = os.pread(fd, end - start, start) + rest
        rest, *lines = data.split(b"\n")
        for line in reversed(lines[:-1] if lines and not lines[-1] else lines):
            yield where, line
        if len(rest) > _BLOCK:
            raise LogBroken("log_broken", where=path, detail="a line longer than any of ours")
        if lines:
            rest += b"\n"
        end = start
    if rest:
        yield where, rest.removesuffix(b"\n")
