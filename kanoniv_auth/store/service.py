"""Which service a home is logged in to, and its API key: `service.json`, private. Not whether the key works."""

from __future__ import annotations

import os

from kanoniv_auth.core.encoding import canonical, uncanonical
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.value import Value
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

_FIELDS = ("api_key", "endpoint", "tenant")


class Credentials(Value):
    """endpoint: as `cloud.endpoint` has checked it · api_key: secret · tenant: whose key it is."""

    __slots__ = ("endpoint", "api_key", "tenant")

    endpoint: str
    api_key: str
    tenant: str

    def __init__(self, endpoint: str, api_key: str, tenant: str) -> None:
        self._fill(endpoint, api_key, tenant)

    def __repr__(self) -> str:
        return f"Credentials({self.endpoint}, tenant={self.tenant}, api_key=<hidden>)"


def read(home: Home) -> Credentials | None:
    """The credentials of a home; None when it is logged in nowhere. Raises: KeyPermissions, StorageError."""
    data = files.read(home.service, private=True)
    if data is None:
        return None
    try:
        found = uncanonical(data)
    except AuthError:
        found = None
    if (
        not isinstance(found, dict)
        or tuple(sorted(found)) != _FIELDS
        or not all(type(value) is str for value in found.values())
    ):
        # never what it says: it holds a key
        raise files.corrupt(home.service, "not the credentials of a service")
    return Credentials(found["endpoint"], found["api_key"], found["tenant"])


def write(home: Home, credentials: Credentials) -> None:
    """Keep credentials in the place of those before. Raises: StorageError."""
    document = {name: getattr(credentials, name) for name in _FIELDS}
    with files.Lock(home.lock):
        files.write(home.service, canonical(document))


def remove(home: Home) -> bool:
    """Forget the credentials, readable or not; False when there were none. Raises: StorageError."""
    try:
        os.unlink(home.service)  # noqa: PTH108 - paths are text in this package
        files.sync_folder(home.service)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.unusable("remove", home.service, error) from None
    return True
