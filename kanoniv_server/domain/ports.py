"""What the service needs from outside itself: somewhere to keep things, and a key to sign with.

Whoever implements `Store` passes tests/server/test_store_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_server.domain.values import (
        ApiKey,
        AuditEvent,
        AuditLine,
        Counts,
        Delegation,
        Page,
        Tenant,
    )

# (seq, ids, keys) -> the signed list. Called inside a transaction, perhaps in another thread, perhaps twice: it must
# give the same text for the same arguments.
SignList = Callable[[int, tuple[bytes, ...], tuple[bytes, ...]], str]


class Signer(Protocol):
    """Signs as one tenant's root, wherever the root's private key lies."""

    @property
    def root(self) -> bytes:
        """The root's public key, 32 bytes."""
        ...

    def issuer(self, now: int) -> tuple[KeyPair, Chain | None]:
        """Return the key that signs new links, and the chain from the root to it: None when it is the root itself."""
        ...

    def sign_list(self, *, seq: int, now: int, ids: Iterable[bytes], keys: Iterable[bytes]) -> str:
        """Sign a revocation list (`kdr2.`). Raises: TokenParseError when it is too long."""
        ...


class Store(Protocol):
    """Keeps everything. What is awaited is durable; an event is in the audit chain exactly when its change is kept.

    Tenants are named. Every method raises StorageError (storage) within 2 seconds when the database is locked, full,
    gone or slow; a change is then not acknowledged, and may or may not be there. An unknown tenant of a change is a
    StorageError too; reading one finds nothing.
    """

    async def tenant(self, name: str) -> Tenant | None:
        """Find a tenant."""
        ...

    async def tenants(self) -> tuple[Tenant, ...]:
        """All tenants, by name."""
        ...

    async def add_tenant(self, tenant: Tenant, key: ApiKey, event: AuditEvent) -> bool:
        """Make a tenant with its first API key; False, and nothing changed, when the name is taken."""
        ...

    async def api_key(self, digest: bytes) -> ApiKey | None:
        """Find a key that works by the SHA-256 of its text; a revoked one is not found."""
        ...

    async def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """All keys of a tenant, revoked ones too, oldest first."""
        ...

    async def add_api_key(self, key: ApiKey, event: AuditEvent) -> None:
        """Keep a new key."""
        ...

    async def revoke_api_key(self, tenant: str, key_id: str, event: AuditEvent) -> bool:
        """Let a key work no more, from now on; False when there is none such that works."""
        ...

    async def add_delegation(self, row: Delegation, event: AuditEvent) -> None:
        """Write down a link. Raises: Revoked when its holder, its issuer's root or its id is revoked."""
        ...

    async def delegation(self, tenant: str, link_id: bytes) -> Delegation | None:
        """Find one link."""
        ...

    async def delegations(
        self,
        tenant: str,
        *,
        holder_did: str | None = None,
        active_at: int | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Page[Delegation]:
        """List links, newest first. active_at: those alone that are neither revoked nor expired then."""
        ...

    async def add_revocations(
        self,
        tenant: str,
        *,
        ids: Iterable[bytes] = (),
        keys: Iterable[bytes] = (),
        sign: SignList,
        event: AuditEvent | None,
        now: int,
    ) -> str:
        """Revoke link ids and public keys; returns the signed list of everything that is revoked.

        The list's seq is one more than before. Nothing to revoke: the list is signed again. Nothing but what is
        revoked already: the list as it stands.
        """
        ...

    async def revocation_list(self, tenant: str) -> str | None:
        """Give the newest signed list; None when none was ever signed."""
        ...

    async def audit_append(self, tenant: str, event: AuditEvent) -> None:
        """Write down what changed nothing else, such as a refusal."""
        ...

    async def audit_page(
        self,
        tenant: str,
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Page[AuditLine]:
        """Read the audit chain: newest first, or from record `after` on oldest first. `core.trail.Trail` checks it."""
        ...

    async def counts(self, tenant: str, *, now: int) -> Counts:
        """Count what a tenant has."""
        ...

    async def version(self) -> int:
        """Tell a number that grows whenever any tenant's revocation list or any API key's standing changes."""
        ...

    async def close(self) -> None:
        """Finish what is queued, and let the database go."""
        ...
