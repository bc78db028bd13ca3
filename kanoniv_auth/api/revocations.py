"""What has been revoked here: every verification asks `known`."""

from __future__ import annotations

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.store.home import Home


def known(home: Home) -> Revocations | None:
    """All signed lists of a home; None when it has none. Raises: StorageError for one that cannot be read."""
    paths = files.listing(f"{home.path}/revocations", ".kdr2")
    if not paths:
        return None
    raise StorageError(
        "storage",
        detail=f"{paths[0]} cannot be read yet",
        fix="use the release that wrote it",
    )
