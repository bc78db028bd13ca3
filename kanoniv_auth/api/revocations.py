"""What has been revoked, as every verification asks it. Not the revoking: `verify` never loads `api.revoking`."""

from __future__ import annotations

import os
import time

from kanoniv_auth.store import files, roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.store.home import Home


def known(home: Home, max_staleness: int | None = None) -> Revocations | None:
    """All signed lists of a home; None when it has none.

    max_staleness: seconds; refuses (stale) every token whose root has no list, or none that was issued so recently.
    Raises: StorageError, KeyPermissions for a list that cannot be read or that others can write.
    """
    try:
        os.lstat(home.revocations)
    except (FileNotFoundError, NotADirectoryError):
        # where others can write, they can also take the lists away
        roots.refuse_open_folder(home.path)
        if max_staleness is None:
            return None
    except OSError as error:
        raise files.unusable("read", home.revocations, error) from None
    from kanoniv_auth.core.revocation_list import in_force  # noqa: PLC0415 - most homes have no list
    from kanoniv_auth.store import revocations as stored  # noqa: PLC0415 - as above

    return in_force(stored.read(home), now=int(time.time()), max_staleness=max_staleness)
