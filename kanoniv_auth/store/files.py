"""Files that are whole or not there: atomic writes, private from the first byte, and the lock.

Not a format: bytes in, bytes out. Every failure of the operating system becomes one StorageError that names
the path and what to do, so no caller meets an OSError.
"""

from __future__ import annotations

import os
import time
from errno import EDQUOT, ENOSPC, EROFS, EWOULDBLOCK

from kanoniv_auth.core.errors import KeyPermissions, StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

OPEN_TO_OTHERS = 0o077
WRITABLE_BY_OTHERS = 0o022
LARGEST = 1 << 20
LOCK_SECONDS = 10.0
_REGULAR, _KIND = 0o100000, 0o170000
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def unusable(verb: str, path: str, error: OSError) -> StorageError:
    """Turn a failure of the operating system into one sentence and its fix."""
    if error.errno in (ENOSPC, EDQUOT):
        fix = f"free some space on the file system of {path}, then run it again"
    elif error.errno == EROFS or isinstance(error, PermissionError):
        fix = f"make {path} accessible, or set KANONIV_HOME to a directory of your own"
    else:
        fix = f"look at {path}, or set KANONIV_HOME to another directory"
    return StorageError(
        "storage", detail=f"cannot {verb} {path}: {error.strerror or error}", fix=fix
    )


def corrupt(path: str, detail: str) -> StorageError:
    """Build the error for a file of ours that is not what we write."""
    fix = f"restore {path} from a backup, or move it away"
    return StorageError("storage", detail=f"{path} is not readable: {detail}", fix=fix)


def read(path: str, *, private: bool = False, pinned: bool = False) -> bytes | None:
    """Read a whole small file; None when it is not there.

    private: refuse a file that others can read. pinned: refuse a file that others can write.
    Raises: KeyPermissions (facts path, mode), StorageError.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _as_unusable("read", path, error) from None
    try:
        status = os.fstat(fd)
        forbidden = OPEN_TO_OTHERS if private else WRITABLE_BY_OTHERS if pinned else 0
        # a pipe, such as the shell's <(…), has no mode that means anything
        if status.st_mode & _KIND == _REGULAR and status.st_mode & forbidden:
            raise KeyPermissions("key_permissions", path=path, mode=status.st_mode & 0o7777)
        return _read_all(fd, path)
    except OSError as error:
        raise unusable("read", path, error) from None
    finally:
        os.close(fd)


def _as_unusable(verb: str, path: str, error: OSError | ValueError) -> StorageError | UsageError:
    if isinstance(error, OSError):
        return unusable(verb, path, error)
    return UsageError("usage", detail="a path with a NUL byte in it", fix="name another file")


def _read_all(fd: int, path: str) -> bytes:
    parts, size = [], 0
    while part := os.read(fd, 65536):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise corrupt(path, f"larger than {LARGEST} bytes")
    return b"".join(parts)


def make_folder(path: str) -> None:
    """Create a folder and its missing parents, 0700 whatever the umask; one that is there is left as it is.

    Raises: StorageError.
    """
    if os.path.isdir(path):  # noqa: PTH112 - pathlib is outside the import budget
        return
    parent = os.path.dirname(path)  # noqa: PTH120 - as above
    if parent and parent != path:
        make_folder(parent)
    try:
        os.mkdir(path, 0o700)  # noqa: PTH102 - as above
        os.chmod(path, 0o700)  # noqa: PTH101 - a umask may have taken our own bits away
    except FileExistsError:
        if not os.path.isdir(path):  # noqa: PTH112 - as above
            raise StorageError(
                "storage",
                detail=f"{path} is a file where a directory is needed",
                fix=f"move {path} away, or set KANONIV_HOME to another directory",
            ) from None
    except (OSError, ValueError) as error:
        raise _as_unusable("create", path, error) from None


class NewFile:
    """A file being written beside its place: `commit` moves it there in one step, leaving removes what is left.

    Opening it early proves that it can be written before something happens that cannot be undone.
    """

    __slots__ = ("_fd", "_temporary", "path")

    def __init__(self, path: str) -> None:
        """Create the temporary file, 0600 from its first byte, never through a link."""
        folder, _, name = path.rpartition("/")
        make_folder(folder or "/")
        self.path = path
        self._temporary = f"{folder}/.{name[:80]}.{os.urandom(8).hex()}.new"
        try:
            self._fd = os.open(self._temporary, _NEW, 0o600)
        except (OSError, ValueError) as error:
            raise _as_unusable("write", path, error) from None

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._temporary:
            try:
                os.unlink(self._temporary)  # noqa: PTH108 - pathlib is outside the import budget
            except OSError:
                pass  # the error that brought us here is the one to tell
            self._temporary = ""

    def commit(self, data: bytes, *, replace: bool = True) -> None:
        """Write, flush to the disk, move into place.

        Raises: FileExistsError (only without `replace`), StorageError.
        """
        try:
            os.fchmod(self._fd, 0o600)  # a umask may have taken our own bits away
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fsync(self._fd)
            if replace:
                os.replace(self._temporary, self.path)  # noqa: PTH105 - pathlib is outside the import budget
                self._temporary = ""
            else:
                # a link, unlike a rename, refuses a name that is taken
                os.link(self._temporary, self.path, follow_symlinks=False)
            _sync_folder(self.path)
        except FileExistsError:
            raise
        except OSError as error:
            raise unusable("write", self.path, error) from None


def _sync_folder(path: str) -> None:
    fd = os.open(path.rpartition("/")[0] or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write(path: str, data: bytes, *, replace: bool = True) -> None:
    """Write a whole private file in one step.

    Raises: FileExistsError (only without `replace`), StorageError.
    """
    with NewFile(path) as new:
        new.commit(data, replace=replace)


def listing(folder: str, suffix: str) -> list[str]:
    """Paths in a folder that end in `suffix`, sorted, hidden ones left out; empty when there is no such folder.

    Raises: StorageError.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - pathlib is outside the import budget
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unusable("read", folder, error) from None
    return [f"{folder}/{n}" for n in sorted(names) if n.endswith(suffix) and not n.startswith(".")]


class Lock:
    """The one lock of a home: whoever changes a file that is there holds it from reading to writing."""

    __slots__ = ("_fd", "_path", "_seconds")

    def __init__(self, path: str, seconds: float = LOCK_SECONDS) -> None:
        self._path, self._seconds, self._fd = path, seconds, -1

    def __enter__(self) -> None:
        from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - saves loading it for `verify`

        make_folder(self._path.rpartition("/")[0])
        deadline = time.monotonic() + self._seconds
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._path, flags, 0o600)
            while True:
                try:
                    flock(self._fd, LOCK_EX | LOCK_NB)
                    return
                except OSError as error:
                    if error.errno != EWOULDBLOCK or time.monotonic() > deadline:
                        raise
                time.sleep(0.01)
        except BlockingIOError:
            self._close()
            raise StorageError(
                "storage",
                detail=f"{self._path} has been held by another process for {self._seconds:g} s",
                fix="wait for the other kanoniv-auth command to end, then run it again",
            ) from None
        except OSError as error:
            self._close()
            raise unusable("lock", self._path, error) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)  # which also lets the lock go
            self._fd = -1
