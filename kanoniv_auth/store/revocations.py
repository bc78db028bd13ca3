"""Signed revocation lists on disk: the newest of each root, one file each, never an older one.

What cannot be read here stops every verification: a list that is left out would revoke nothing.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.revocation_list import read_list, require_newer
from kanoniv_auth.store import files
from kanoniv_auth.store.roots import refuse_open_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_auth.store.home import Home

SUFFIX = ".kdr2"


def read(home: Home) -> list[RevocationList]:
    """All lists of a home. Raises: StorageError, KeyPermissions for what others can write."""
    for folder in (home.path, home.revocations):
        refuse_open_folder(folder)
    if os.path.lexists(home.revocations) and not os.path.isdir(home.revocations):  # noqa: PTH112 - import budget
        raise files.corrupt(home.revocations, "not a folder")
    return [_read(home, path) for path in files.listing(home.revocations, SUFFIX)]


def find(home: Home, root_did: str) -> RevocationList | None:
    """The list of one root; None when there is none. Raises: as `read`."""
    return next((one for one in read(home) if one.root_did == root_did), None)


def _read(home: Home, path: str) -> RevocationList:
    data = files.read(path, pinned=True) or b""
    try:
        found = read_list(data.decode("ascii"))
    except (AuthError, UnicodeDecodeError) as error:
        detail = str(error) if isinstance(error, AuthError) else "not text"
        raise files.corrupt(path, f"not a revocation list: {detail}") from None
    if home.revocation_list(found.root_did) != path:
        raise files.corrupt(path, f"it is of {found.root_did}, which its name does not say")
    return found


def keep(home: Home, new: RevocationList) -> bool:
    """Put a list in the place of an older one; False when it is there already. The caller holds the home's lock.

    Raises: ListRefused (rolled_back) for an older one, or another one under the same number; StorageError.
    """
    before = find(home, new.root_did)
    require_newer(new, before)
    if before == new:
        return False
    files.write(home.revocation_list(new.root_did), new.text.encode("ascii"))
    return True
