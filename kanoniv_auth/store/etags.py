"""Where a revocation list was fetched, and the tag it had there. Only a memory: losing it costs a download."""

from __future__ import annotations

from kanoniv_auth.core.encoding import canonical, uncanonical
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.store import files, revocations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_auth.store.home import Home


def find(home: Home, endpoint: str, tenant: str) -> tuple[RevocationList, str] | None:
    """The list that a service gave, with its tag; None unless the very same list is here now.

    Raises: StorageError, KeyPermissions for a list that cannot be read.
    """
    for one in revocations.read(home):
        try:
            data = files.read(home.revocation_tag(one.root_did), pinned=True)
            found = None if data is None else uncanonical(data)
        except AuthError:
            continue  # it is fetched anew
        if isinstance(found, dict) and found == _document(
            one, endpoint, tenant, str(found.get("etag"))
        ):
            return one, str(found["etag"])
    return None


def keep(home: Home, one: RevocationList, endpoint: str, tenant: str, etag: str) -> None:
    """Remember the tag of a list that is here now. etag: without its quotes. Raises: StorageError."""
    files.write(
        home.revocation_tag(one.root_did), canonical(_document(one, endpoint, tenant, etag))
    )


def _document(one: RevocationList, endpoint: str, tenant: str, etag: str) -> dict[str, str]:
    digest = sha256(one.text.encode("ascii")).hex()
    return {"endpoint": endpoint, "etag": etag, "list": digest, "tenant": tenant}
