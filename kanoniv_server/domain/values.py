"""What the service keeps: tenants, API keys, the ledger of delegations, and what is written down about them.

Times are integer seconds UTC. Keys, link ids and digests are 32 bytes. No value here holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from kanoniv_auth.core.keys import did, did_key

if TYPE_CHECKING:
    from kanoniv_auth.core.audit import Happening

T = TypeVar("T")

DEFAULT_TENANT = "default"
ISSUE, REVOKE, READ, ADMIN = "issue", "revoke", "read", "admin"
RIGHTS = frozenset((ISSUE, REVOKE, READ, ADMIN))
# a few roots, which stand in every answer
_written = lru_cache(256)(did_key)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose delegations these are. name: `[A-Za-z0-9._-]{1,64}` · root: the public key that all its chains begin at."""

    name: str
    root: bytes
    created_at: int

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return did(self.root)

    @property
    def root_key(self) -> str:
        """The root as `did:key:z…`."""
        return _written(self.root)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is kept, which is not the key itself.

    id: its public handle · tenant: a name · label: for people · digest: SHA-256 of the key's text · rights: of
    `RIGHTS`, none implies another · scopes: all it may issue or revoke, None for any · max_ttl: seconds, None for any ·
    revoked_at: None while it works
    """

    id: str
    tenant: str
    label: str
    digest: bytes
    rights: frozenset[str]
    scopes: tuple[str, ...] | None
    max_ttl: int | None
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something, and how far that goes: an API key, an OIDC token that a policy let in, or a holder.

    by: what the ledger and the audit say, such as `key:3f2a…` or `oidc:repo:octo/app` · rights: of `RIGHTS` ·
    scopes, max_ttl: as in `ApiKey` · holder: public key whose possession was proven, which may revoke its own links
    """

    by: str
    rights: frozenset[str]
    scopes: tuple[str, ...] | None = None
    max_ttl: int | None = None
    holder: bytes | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """A row of the ledger: one link that the service has signed. The grant itself is not kept.

    id: link id · holder: public key · scopes: sorted · name: the link's label · by: as in `Caller` ·
    expires_at, revoked_at: None for never, and for not yet · at: place in the ledger, 0 before it has one
    """

    id: bytes
    tenant: str
    holder: bytes
    scopes: tuple[str, ...]
    name: str | None
    by: str
    issued_at: int
    expires_at: int | None
    revoked_at: int | None = None
    at: int = 0

    @property
    def holder_did(self) -> str:
        """`did:agent:` label of the holder."""
        return did(self.holder)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What is to be written down, and when it happened. Its place in the chain is the store's business."""

    at: int
    what: Happening


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of a tenant's audit chain; `core.trail` reads it. seq: from 1 · line: without its line feed."""

    seq: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next ones begin: give `next` as `before` or `after`; None when these were the last."""

    items: tuple[T, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each a tenant has. active: not revoked and not expired · entries: on its revocation list."""

    delegations: int
    active: int
    revoked: int
    entries: int
    audit: int
