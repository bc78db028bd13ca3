"""The hook as a file in the folder where git looks for hooks: reading, putting and taking out.

The file there always is a whole hook: ours replaces the other in one step, when that one is kept under its second
name already. What is not ours is never overwritten and never lost.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import StorageError, UsageError
from kanoniv_auth.hooks.git import script
from kanoniv_auth.hooks.git.script import SUFFIX

_MODE = 0o755


def read(hook: str) -> bytes | None:
    """Read a hook, None when there is none. Raises: StorageError."""
    if not os.path.lexists(hook):
        return None
    try:
        with open(hook, "rb") as file:  # noqa: PTH123 - paths are text in this package
            return file.read()
    except FileNotFoundError:
        return b""  # a link to nothing: it stays what it is
    except OSError as error:
        raise _unusable("read", hook, error) from None


def put(hook: str, before: bytes | None, python: bytes, git: bytes, roots: str) -> tuple[str, bool]:
    """Put ours in the place of what was read; returns what was done, and whether another hook comes after it.

    python, git: paths of the two programs · roots: as `script.write` takes them.
    Raises: UsageError when two other hooks are there, StorageError.
    """
    kind = script.kind(before)
    try:
        os.makedirs(os.path.dirname(hook), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        if kind == script.FOREIGN and before is not None:
            _set_aside(hook, before)
        chained = os.path.lexists(hook + SUFFIX)
        text = script.write(python, git, roots, chained=chained)
        if before != text or not os.access(hook, os.X_OK):
            _write(hook, text)
    except OSError as error:
        raise _unusable("install", hook, error) from None
    if before == text:
        return "unchanged", chained
    return "updated" if kind == script.OURS else "installed", chained


def keep(hook: str, data: bytes) -> str:
    """Keep a copy of what is to be replaced, under the first name that is free or holds the same.

    Raises: StorageError.
    """
    number = 1
    try:
        while True:
            path = f"{hook}.kanoniv-kept" + (f"-{number}" if number > 1 else "")
            found = read(path)
            if found is None:
                # git would run nothing of that name, and neither does anybody by mistake
                _write(path, data, 0o644)
            if found in (None, data):
                return path
            number += 1
    except OSError as error:
        raise _unusable("install", hook, error) from None


def take(hook: str) -> str:
    """Take ours out; returns "restored" when the one before it is back, else "removed". Raises: StorageError."""
    try:
        if os.path.lexists(hook + SUFFIX):
            os.replace(hook + SUFFIX, hook)  # noqa: PTH105 - paths are text in this package
            return "restored"
        os.unlink(hook)  # noqa: PTH108 - as above
    except OSError as error:
        raise _unusable("remove", hook, error) from None
    return "removed"


def _set_aside(hook: str, data: bytes) -> None:
    """Give a foreign hook its second name as well: bytes, mode and, of a link, where it leads stay the same."""
    aside = hook + SUFFIX
    if os.path.lexists(aside):
        if read(aside) == data:
            return  # husky writes its stub again and again
        detail = f"there are two other hooks, {hook} and {aside}"
        raise UsageError("usage", detail=detail, fix="make one of the two, and move the other away")
    try:
        os.link(hook, aside, follow_symlinks=False)
    except (OSError, NotImplementedError):
        os.rename(hook, aside)  # noqa: PTH104 - a file system without hard links


def _write(path: str, data: bytes, mode: int = _MODE) -> None:
    """Write a whole file in one step. Unlike the files of a home it is for everybody who uses the repository."""
    temporary = f"{path}.{os.urandom(8).hex()}.new"
    fd = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(
                fd, mode
            )  # before it has its name: git passes over a hook that is not executable
            os.fsync(fd)
        os.replace(temporary, path)  # noqa: PTH105 - paths are text in this package
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - as above
        raise


def _unusable(verb: str, path: str, error: OSError) -> StorageError:
    detail = f"cannot {verb} {path}: {error.strerror or error}"
    fix = f"make the folder of {path} writable, then run it again"
    return StorageError("storage", detail=detail, fix=fix)
