"""Temporary files, which may hold a key: whose they are, and what becomes of those whose writers were killed.

A living writer holds a lock on its file from the moment it is made (files.NewFile), however long it takes; the
system lets that lock go when the writer dies. So what can be locked belongs to nobody. Age only spares the one
instant between a file's creation and its lock, and a writer that lost even that race makes another file.
"""

from __future__ import annotations

import os
import time
from errno import EWOULDBLOCK
from fcntl import LOCK_EX, LOCK_NB, flock

TEMPORARY = ".new"
_PRIVATE = 0o600
AGE = 600  # seconds: how old a leftover is, and how long nobody looked, before somebody does


def temporary(name: str) -> str:
    """A name that nobody has for a file that will be called `name`."""
    return f".{name[:80]}.{os.urandom(8).hex()}{TEMPORARY}"


def claim(fd: int) -> int:
    """Lock a file just made; -1, and closed, when somebody who clears leftovers away was faster."""
    try:
        flock(fd, LOCK_EX | LOCK_NB)
    except OSError as error:
        if error.errno != EWOULDBLOCK:
            return fd  # no locks on this file system: then nobody can take it for a leftover either
    else:
        if os.fstat(fd).st_nlink:
            return fd
    os.close(fd)
    return -1


def tidy(lock: int, home: str) -> None:
    """Remove leftovers from a home and its folders, unless that was done less than `AGE` seconds ago.

    lock: descriptor of the home's lock file, which is held; its time of change says when.
    Never fails: whoever came here came for something else.
    """
    try:
        status = os.fstat(lock)
        if status.st_mode & 0o777 != _PRIVATE:
            os.fchmod(lock, _PRIVATE)  # a umask may have taken our own bits away
        if 0 <= time.time() - status.st_mtime < AGE:
            return
        os.utime(lock)
        clear_folder(home)
        for name in os.listdir(home):  # noqa: PTH208 - pathlib is outside the import budget
            folder = f"{home}/{name}"
            if os.path.isdir(folder) and not os.path.islink(folder):  # noqa: PTH112, PTH114 - as above
                clear_folder(folder)
    except OSError:
        return


def clear_folder(folder: str) -> None:
    """Remove the leftovers of one folder that are older than `AGE`; never fails."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - as above
    except OSError:
        return
    for name in names:
        if name.startswith(".") and name.endswith(TEMPORARY):
            _clear_file(f"{folder}/{name}")


def _clear_file(path: str) -> None:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        fd = os.open(path, flags)
    except OSError:
        return  # gone by now, or not a file of ours
    try:
        if time.time() - os.fstat(fd).st_mtime >= AGE:
            flock(fd, LOCK_EX | LOCK_NB)
            os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        return  # its writer lives
    finally:
        os.close(fd)
