"""Which files and folders `install-skill` made, so that none of them stays when it is undone. Only a memory.

Without it nothing of value is lost: what is empty is left where it is.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.encoding import canonical, uncanonical
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.store.home import Home


def missing(path: str) -> tuple[str, ...]:
    """A path and the folders above it that are not there, the innermost first: what writing it makes."""
    found = []
    while path not in ("", "/") and not os.path.lexists(path):
        found.append(path)
        path = path.rpartition("/")[0]
    return tuple(found)


def read(home: Home) -> frozenset[str]:
    """The paths; none when there is no saying."""
    try:
        data = files.read(home.placed, pinned=True)
        found = None if data is None else uncanonical(data)
    except AuthError:
        return frozenset()
    if not isinstance(found, list):
        return frozenset()
    return frozenset([path for path in found if isinstance(path, str) and path.startswith("/")])


def change(home: Home, *, made: Iterable[str] = (), forgotten: Iterable[str] = ()) -> None:
    """Remember what is about to be made, forget what is gone or is somebody else's. Raises: StorageError."""
    before = read(home)
    after = (before | set(made)) - set(forgotten)
    if after == before:
        return
    with files.Lock(home.lock):
        after = (read(home) | set(made)) - set(forgotten)
        if after:
            files.write(home.placed, canonical(sorted(after)))
        else:
            _remove(home.placed)


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - paths are text in this package
    except FileNotFoundError:
        return
    except OSError as error:
        raise files.unusable("remove", path, error) from None
