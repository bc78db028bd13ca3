"""The files of the audit log and the lines in them, from either end. Nothing is written here, and no line understood.

`audit.jsonl` is written now; a full one is beside it as `audit.<number of its first record>.jsonl`.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import AuthError, LogBroken
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from kanoniv_auth.store.home import Home

NUMBER = 12
_TAIL, _BLOCK = 4096, 65536


def older(home: Home) -> list[str]:
    """Paths of the full files, in the order of their records. Raises: StorageError."""
    return [path for path in files.listing(home.path, ".jsonl") if number(path) is not None]


def number(path: str) -> int | None:
    """The first record that a full file's name promises; None for any other file."""
    name = path.rpartition("/")[2]
    digits = name.removeprefix("audit.").removesuffix(".jsonl")
    if len(digits) != NUMBER or name != f"audit.{digits}.jsonl":
        return None
    return int(digits) if digits.isascii() and digits.isdigit() else None


def last_line(fd: int, size: int, path: str) -> tuple[bytes, bytes]:
    """The last whole line without its line feed, empty when there is none, and the bytes after it that end no line.

    Raises: LogBroken, OSError.
    """
    for window in (_TAIL, _BLOCK):
        start = max(0, size - window)
        body, mark, torn = os.pread(fd, window, start).rpartition(b"\n")
        if start == 0 or (mark and b"\n" in body):
            return body.rpartition(b"\n")[2] if mark else b"", torn
    detail = f"no whole line in the last {_BLOCK} bytes"
    raise LogBroken("log_broken", where=path, detail=detail)


def _open_full(path: str) -> int:
    """Open a full file, never through a link; a pipe planted there keeps nobody waiting. Raises: StorageError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise files.unusable("read", path, error) from None
    if os.fstat(fd).st_mode & 0o170000 == 0o100000:
        return fd
    os.close(fd)
    raise files.corrupt(path, "not a regular file")


def last_of(path: str) -> bytes:
    """The last line of a full file. Raises: LogBroken, StorageError, OSError."""
    fd = _open_full(path)
    try:
        line, torn = last_line(fd, os.fstat(fd).st_size, path)
    finally:
        os.close(fd)
    if torn or not line:
        raise LogBroken("log_broken", where=path, detail="its last line is not complete")
    return line


def backwards(home: Home, fd: int, end: int) -> Iterator[tuple[str, bytes]]:
    """All lines, newest first: from `end` of the open log (-1: none) on through the full files; (where, line).

    Raises: LogBroken for a line longer than any of ours, StorageError, OSError.
    """
    if fd >= 0:
        yield from _lines_backwards(fd, end, home.audit)
    for path in reversed(older(home)):
        full = _open_full(path)
        try:
            yield from _lines_backwards(full, os.fstat(full).st_size, path)
        finally:
            os.close(full)


def _lines_backwards(fd: int, end: int, path: str) -> Iterator[tuple[str, bytes]]:
    rest = b""
    while end > 0:
        start = max(0, end - _BLOCK)
        data = os.pread(fd, end - start, start) + rest
        rest, *lines = data.split(b"\n")
        # what stands after the last line feed is a line only when it is not empty
        for line in reversed(lines[:-1] if lines and not lines[-1] else lines):
            yield path, line
        if len(rest) > _BLOCK:
            raise LogBroken("log_broken", where=path, detail="a line longer than any of ours")
        if lines:
            rest += b"\n"
        end = start
    if rest:
        yield path, rest.removesuffix(b"\n")


class Snapshot:
    """The log as it stands when this is entered, whatever is written or moved aside afterwards.

    checkpoint: the file's text, None when it is not there · full: paths of the full files · fd: the open log, -1 when
    there is none · size: its bytes
    """

    __slots__ = ("_home", "checkpoint", "fd", "full", "size")

    fd: int
    size: int

    def __init__(self, home: Home) -> None:
        self._home, self.fd, self.size = home, -1, 0
        self.full: list[str] = []
        self.checkpoint: bytes | None = None

    def __enter__(self) -> Snapshot:
        from fcntl import LOCK_UN, flock  # noqa: PLC0415 - who only appends has no use for it

        path = self._home.audit
        try:
            while True:
                self.fd = self._open(path)
                if self.fd >= 0:
                    files.hold(self.fd, path, files.LOCK_SECONDS)
                    if not is_at(os.fstat(self.fd), path):
                        os.close(self.fd)  # moved aside meanwhile
                        continue
                self.full = older(self._home)
                self.checkpoint = files.read(self._home.audit_checkpoint)
                if self.fd >= 0:
                    self.size = os.fstat(self.fd).st_size
                    flock(self.fd, LOCK_UN)
                    break
                # between a rename and the next record there is no file to hold: was there none all the time?
                if not os.path.lexists(path) and self.full == older(self._home):
                    break
        except OSError as error:
            self.__exit__(None, None, None)
            raise files.unusable("read", path, error) from None
        except AuthError:
            self.__exit__(None, None, None)
            raise
        return self

    @staticmethod
    def _open(path: str) -> int:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            return -1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def parts(self) -> Iterator[tuple[str, Iterator[tuple[str, bytes]]]]:
        """All files, oldest first: the path, and the lines with `path:number`.

        Raises: LogBroken for a last line that is not whole, StorageError, OSError.
        """
        for path in self.full:
            fd = _open_full(path)
            try:
                yield path, _lines(fd, os.fstat(fd).st_size, path)
            finally:
                os.close(fd)
        if self.fd >= 0:
            yield self._home.audit, _lines(self.fd, self.size, self._home.audit)


def is_at(status: os.stat_result, path: str) -> bool:
    """Whether an open file is the one that has this name now. status: its own.

    Raises: StorageError for what is no regular file, OSError.
    """
    try:
        there = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - pathlib is outside the import budget
    except FileNotFoundError:
        return False
    if there.st_mode & 0o170000 != 0o100000:
        raise files.corrupt(path, "not a regular file")
    return there.st_ino == status.st_ino and there.st_dev == status.st_dev


def _lines(fd: int, size: int, path: str) -> Iterator[tuple[str, bytes]]:
    rest, at, number = b"", 0, 0
    while at < size:
        data = os.pread(fd, min(_BLOCK, size - at), at)
        if not data:
            raise LogBroken("log_broken", where=path, detail="it became shorter while it was read")
        at += len(data)
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            number += 1
            yield f"{path}:{number}", line
        if len(rest) > _BLOCK:
            break
    if rest:
        detail = f"the last line is not complete ({len(rest)} bytes); the next record cuts it and says so"
        raise LogBroken("log_broken", where=f"{path}:{number + 1}", detail=detail)
