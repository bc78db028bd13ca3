"""Files that are whole or not there: atomic writes, private from the first byte, and the lock.

Not a format: bytes in, bytes out. Every failure of the operating system becomes one StorageError that names
the path and what to do, so no caller meets an OSError.
"""

from __future__ import annotations

import os
import time
from errno import EDQUOT, EFBIG, EINVAL, ENOSPC, EPERM, EROFS

from kanoniv_auth.core.errors import KeyPermissions, StorageError, UsageError

OPEN_TO_OTHERS = 0o077
WRITABLE_BY_OTHERS = 0o022
LARGEST = 1 << 23  # bytes: about 60,000 agents
LOCK_SECONDS = 10.0
_REGULAR, _LINK, _KIND = 0o100000, 0o120000, 0o170000
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def unusable(verb: str, path: str, error: OSError | ValueError) -> StorageError | UsageError:
    """Turn a failure of the operating system into one sentence and its fix."""
    if not isinstance(error, OSError):
        return UsageError("usage", detail="a path with a NUL byte in it", fix="name another file")
    if error.errno in (ENOSPC, EDQUOT):
        fix = f"free some space on the file system of {path}, then run it again"
    elif error.errno == EFBIG:
        fix = "raise the limit that ulimit -f shows, then run it again"
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


def read(
    path: str, *, private: bool = False, pinned: bool = False, named: bool = False
) -> bytes | None:
    """Read a whole small file; None when it is not there.

    private: refuse a file that others can read. pinned: refuse a file that others can write. named: a person named
    this very path, so it may be a pipe; what lies in a home is a regular file.
    Raises: KeyPermissions (facts what, path, mode), StorageError.
    """
    # opening a pipe without a writer would wait for ever
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if named else os.O_NONBLOCK)
    try:
        if not named:
            _refuse_planted(path)
        fd = os.open(path, flags)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        if named and isinstance(error, NotADirectoryError):
            return None
        raise unusable("read", path, error) from None
    try:
        status = os.fstat(fd)
        if status.st_mode & _KIND == _REGULAR:
            forbidden = OPEN_TO_OTHERS if private else WRITABLE_BY_OTHERS if pinned else 0
            if status.st_mode & forbidden:
                what = _called(path, private=private)
                mode = status.st_mode & 0o7777
                raise KeyPermissions("key_permissions", what=what, path=path, mode=mode)
        elif not named:  # a pipe, such as the shell's <(…), has no mode that means anything
            raise OSError(EINVAL, "not a regular file")
        return _read_all(fd, path)
    except OSError as error:
        raise unusable("read", path, error) from None
    finally:
        os.close(fd)


def _called(path: str, *, private: bool) -> str:
    return "key file" if path.endswith(".key") else "private file" if private else "file"


def _refuse_planted(path: str, *, written: bool = False) -> None:
    """Follow no link that another user put there, or that leads to what is another user's, or to nothing.

    written: by us, so that not even the owner of the folder around it may lead us elsewhere.
    Raises: StorageError, FileNotFoundError when there is not even a link, OSError.
    """
    link = os.lstat(path)
    if link.st_mode & _KIND != _LINK:
        return
    try:
        target = os.stat(path)  # noqa: PTH116 - pathlib is outside the import budget
    except FileNotFoundError:
        # as if it were empty, a name would get a second key, and a list of what is revoked would be forgotten
        raise corrupt(path, "a link to nothing") from None
    folder = os.stat(path.rpartition("/")[0] or "/")  # noqa: PTH116 - as above
    known = {os.geteuid(), 0} if written else {os.geteuid(), 0, folder.st_uid}
    if not {link.st_uid, target.st_uid} <= known:
        raise OSError(EPERM, "it is a link by or to another user")


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
        sync_folder(path)
    except FileExistsError:
        if not os.path.isdir(path):  # noqa: PTH112 - as above
            cause = OSError(EINVAL, "it is a file where a directory is needed")
            raise unusable("create", path, cause) from None
    except (OSError, ValueError) as error:
        raise unusable("create", path, error) from None


class NewFile:
    """A file being written beside its place: `commit` moves it there in one step, leaving removes what is left.

    Opening it early, with room, proves that it can be written before something happens that cannot be undone. While
    its writer lives it is locked; one that is not has been left behind (store/leftovers.py).
    """

    __slots__ = ("_fd", "_temporary", "path")
    path: str

    def __init__(self, path: str, *, room: int = 0) -> None:
        """Create the temporary file, 0600 from its first byte, never through a link. room: bytes to take up now."""
        from kanoniv_auth.store.leftovers import claim, temporary  # noqa: PLC0415 - `verify` seldom writes one

        folder, _, name = path.rpartition("/")
        make_folder(folder or "/")
        self.path, self._fd, self._temporary = path, -1, ""
        try:
            _refuse_planted(folder or "/", written=True)
            while self._fd < 0:
                self._temporary = f"{folder}/{temporary(name)}"
                self._fd = claim(os.open(self._temporary, _NEW, 0o600))
            _write(self._fd, bytes(room))
        except (OSError, ValueError) as error:
            self.__exit__()
            raise unusable("write", path, error) from None

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, *_: object) -> None:
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
            if len(data) > LARGEST:  # it could not be read again
                raise OSError(EINVAL, f"it would be larger than {LARGEST} bytes")
            os.fchmod(self._fd, 0o600)  # a umask may have taken our own bits away
            _write(self._fd, data)
            os.ftruncate(self._fd, len(data))
            os.fsync(self._fd)
            if replace:
                os.replace(self._temporary, self.path)  # noqa: PTH105 - pathlib is outside the import budget
                self._temporary = ""
            else:
                # a link, unlike a rename, refuses a name that is taken
                os.link(self._temporary, self.path, follow_symlinks=False)
            sync_folder(self.path)
        except FileExistsError:
            raise
        except OSError as error:
            raise unusable("write", self.path, error) from None


def _write(fd: int, data: bytes) -> None:
    """Write all of it over what there is. Raises: OSError."""
    at = 0
    while at < len(data):
        at += os.pwrite(fd, data[at:], at)


def sync_folder(path: str) -> None:
    """Make a name in a folder durable. path: of the file. Raises: OSError."""
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


def hold(fd: int, path: str, seconds: float) -> None:
    """Take the lock of an open file, which goes when it is closed. Raises: StorageError, OSError."""
    from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - not every command locks

    deadline = time.monotonic() + seconds
    while True:
        try:
            flock(fd, LOCK_EX | LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StorageError(
                    "storage",
                    detail=f"{path} has been held by another process for {seconds:g} s",
                    fix="wait for the other kanoniv-auth command to end, then run it again",
                ) from None
        time.sleep(0.01)


class Lock:
    """The one lock of a home, held from reading a file to changing it; now and then its taker clears leftovers away."""

    __slots__ = ("_fd", "_path", "_seconds")

    def __init__(self, path: str, seconds: float = LOCK_SECONDS) -> None:
        self._path, self._seconds, self._fd = path, seconds, -1

    def __enter__(self) -> None:
        make_folder(self._path.rpartition("/")[0])
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._path, flags, 0o600)
            hold(self._fd, self._path, self._seconds)
        except (StorageError, OSError) as error:
            self._close()
            if isinstance(error, OSError):
                raise unusable("lock", self._path, error) from None
            raise
        from kanoniv_auth.store.leftovers import tidy  # noqa: PLC0415 - as `fcntl`

        tidy(self._fd, self._path.rpartition("/")[0])

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)  # which also lets the lock go
            self._fd = -1
