"""Which service a home asks, and its API key if it has one: `service.json`, private. Not whether the key works."""

from __future__ import annotations

import os

from kanoniv_auth.core.encoding import canonical, uncanonical
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.value import Value
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

_FIELDS, _OPTIONAL = frozenset(("endpoint", "tenant")), frozenset(("api_key", "public_url"))


class Credentials(Value):
    """Where to ask, and as whom.

    endpoint: as `cloud.endpoint` has checked it · api_key: secret, None for whoever asks as a holder · tenant: whose
    root signs there · public_url: what the service calls itself, None when that is the endpoint
    """

    __slots__ = ("endpoint", "api_key", "tenant", "public_url")

    endpoint: str
    api_key: str | None
    tenant: str
    public_url: str | None

    def __init__(
        self, endpoint: str, api_key: str | None, tenant: str, public_url: str | None = None
    ) -> None:
        self._fill(endpoint, api_key, tenant, public_url)

    def __repr__(self) -> str:
        key = "None" if self.api_key is None else "<hidden>"
        return f"Credentials({self.endpoint}, tenant={self.tenant}, api_key={key})"


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
        or not _FIELDS <= found.keys() <= _FIELDS | _OPTIONAL
        or not all(type(value) is str for value in found.values())
    ):
        # never what it says: it holds a key
        raise files.corrupt(home.service, "not the credentials of a service")
    more = (found.get("api_key"), found["tenant"], found.get("public_url"))
    return Credentials(found["endpoint"], *more)


def write(home: Home, credentials: Credentials) -> None:
    """Keep credentials in the place of those before. Raises: StorageError."""
    named = {name: getattr(credentials, name) for name in credentials.__slots__}
    document = {name: value for name, value in named.items() if value is not None}
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
