"""Saved tokens: one file per chain, and a copy of the one made last. Text in, text out; nothing is verified here."""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

# the published product's own copy of the one made last, in a home of its own or one that was taken over
PUBLISHED_LATEST = "latest.token"


def save(home: Home, chain_id: bytes, token: str, *, latest: bool) -> str:
    """Keep a token under the id of its chain; `latest` makes it the one that is used when none is named.

    Returns: its path. Raises: StorageError; a token that was not made the latest may then be kept all the same.
    """
    path = f"{home.tokens}/{chain_id[:16].hex()}.token"
    data = token.encode("ascii")
    from kanoniv_auth.store import leftovers  # noqa: PLC0415 - `verify` keeps nothing

    files.write(path, data)
    # without the home's lock: an agent's own directory gets its key and its token and nothing else. After the first
    # write, which refuses a folder that is another user's link: nothing is taken away through one either
    leftovers.clear_folder(home.tokens)
    if latest:
        files.write(home.latest, data)
    return path


def read_text(path: str, *, named: bool = False) -> str | None:
    """Read the token in a file; None when it is not there. named: by a person, so it may be a pipe.

    Raises: TokenParseError, StorageError.
    """
    data = files.read(path, named=named)
    if data is None:
        return None
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenParseError("parse", detail=f"{path} is not text") from None


def saved(home: Home) -> list[str]:
    """Paths of the saved tokens, in the order they were written in. Raises: StorageError for an unreadable folder."""
    found = files.listing(home.tokens, ".token")
    return sorted(
        [path for path in found if not path.endswith(f"/{PUBLISHED_LATEST}")], key=_written
    )


def _written(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - pathlib is outside the import budget
    except OSError:
        return 0  # gone meanwhile
