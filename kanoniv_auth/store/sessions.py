"""The token of one coding session: a file for each, named by the host's id of it. Nothing is verified here."""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import TokenParseError, UsageError
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

_LONGEST = 128
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def check_id(session_id: object) -> str:
    """Return a session's id, which is to be a file's name: 1 to 128 of `[A-Za-z0-9_-]`. Raises: UsageError."""
    if (
        isinstance(session_id, str)
        and 0 < len(session_id) <= _LONGEST
        and _LETTERS.issuperset(session_id)
    ):
        return session_id
    fix = "use the id that the coding agent's host gives to its hooks"
    raise UsageError("usage", detail="the session's id is not 1 to 128 of A-Za-z0-9_-", fix=fix)


def read_text(home: Home, session_id: str) -> str | None:
    """Read a session's token; None when it has none.

    Raises: UsageError for an id that is none, TokenParseError, KeyPermissions for a file others can read, StorageError.
    """
    path = home.session(check_id(session_id))
    data = files.read(path, private=True)
    if data is None:
        return None
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise TokenParseError("parse", detail=f"{path} is empty or not text")
    return text


def write(home: Home, session_id: str, token: str) -> str:
    """Make a token the session's, in one step. Returns: its path. Raises: UsageError, StorageError."""
    path = home.session(check_id(session_id))
    files.write(path, token.encode("ascii"))
    return path


def remove(home: Home, session_id: str) -> bool:
    """Take a session's token away; False when it had none. Raises: UsageError, StorageError."""
    path = home.session(check_id(session_id))
    try:
        os.unlink(path)  # noqa: PTH108 - pathlib is outside the import budget
        files.sync_folder(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.unusable("remove", path, error) from None
    return True
