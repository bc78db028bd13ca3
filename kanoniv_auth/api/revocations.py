"""What has been revoked, as every verification asks it. Not the revoking: `verify` never loads `api.revoking`."""

from __future__ import annotations

import os
import time

from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.store import files, roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.revocation_list import RevocationList
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


def checked_staleness(given: str | float | None) -> int | None:
    """Read the oldest age of a list that is taken, as seconds; None for any. Raises: UsageError."""
    if given is None:
        return None
    seconds = parse_ttl(given, default=None)
    if seconds is None:
        # an empty variable, or a word that would turn the check off
        detail = f"{given!r} is no age that a revocation list may have"
        raise UsageError("usage", detail=detail, fix="give a time such as 15m, or leave it out")
    return seconds


def take_up(home: Home, text: str) -> tuple[RevocationList, bool, int]:
    """Take up a list that a trusted root has signed, wherever it is from, and never an older one.

    Returns: the list, whether it is new here, and how many entries of the one before it are not in it.
    Raises: SignatureInvalid (untrusted_root, bad_signature), ListRefused (rolled_back), TokenParseError,
    TokenExpired (not_yet_valid), StorageError.
    """
    from kanoniv_auth.api.roots import trusted_roots  # noqa: PLC0415 - `verify` takes up nothing
    from kanoniv_auth.core.revocation_list import read_list, require_past  # noqa: PLC0415 - as above
    from kanoniv_auth.store import revocations as stored  # noqa: PLC0415 - as above

    now, found = int(time.time()), read_list(text)
    trusted_roots(home).require(found.root, now)
    require_past(found, now)
    with files.Lock(home.lock):
        before = stored.find(home, found.root_did)
        changed = stored.keep(home, found)
    dropped = 0
    if before is not None:
        dropped = len({*before.ids, *before.keys} - {*found.ids, *found.keys})
    return found, changed, dropped
