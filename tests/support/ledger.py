"""A tenant with a root, and the short way to issue and revoke in tests of the service."""

from __future__ import annotations

import os
from collections.abc import Iterable

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.revocation_list import RevocationList, read_list
from kanoniv_auth.core.trail import Trail
from kanoniv_server.domain import delegations, keys, revocations, tenants
from kanoniv_server.domain.ports import Store
from kanoniv_server.domain.values import ApiKey, AuditEvent, Caller, Tenant
from kanoniv_server.signer import LocalSigner

NOW = 1_800_000_000


class Desk:
    """One tenant of a store, at a fixed time. key: the text of its admin key, None when somebody else made it."""

    def __init__(self, store: Store, tenant: Tenant, signer: LocalSigner, key: str | None) -> None:
        self.store, self.tenant, self.signer, self.key = store, tenant, signer, key
        self.now = NOW
        self.caller = Caller("key:test", frozenset(("issue", "revoke")))

    @classmethod
    async def open(cls, store: Store, name: str = "default", seed: int = 1) -> Desk:
        """Find or make the tenant; its root is made from `seed`."""
        signer = LocalSigner(root(seed))
        tenant, key = await tenants.ensure_tenant(
            store, name, signer=signer, now=NOW, entropy=os.urandom(32)
        )
        return cls(store, tenant, signer, key)

    async def issue(
        self,
        *,
        to: bytes | None = None,
        scopes: tuple[str, ...] = ("deploy.staging",),
        ttl: int | None = 3600,
        caller: Caller | None = None,
        name: str | None = None,
    ) -> delegations.Issued:
        """Issue a grant, or a bundle without `to`."""
        return await delegations.issue(
            delegations.Order(scopes, ttl, to, name),
            caller=caller or self.caller,
            tenant=self.tenant,
            signer=self.signer,
            store=self.store,
            now=self.now,
            entropy=os.urandom(delegations.ENTROPY),
        )

    async def revoke(
        self,
        *,
        ids: Iterable[bytes] = (),
        keys: Iterable[bytes] = (),
        caller: Caller | None = None,
    ) -> RevocationList:
        """Revoke; the list, checked."""
        text = await revocations.revoke(
            caller=caller or self.caller,
            tenant=self.tenant,
            signer=self.signer,
            store=self.store,
            now=self.now,
            ids=ids,
            keys=keys,
        )
        return read_list(text)

    async def trail(self) -> Trail:
        """The whole audit chain, checked from its first record on. Raises: LogBroken."""
        trail, after = Trail({}), 0
        while True:
            page = await self.store.audit_page(self.tenant.name, after=after, limit=1000)
            for one in page.items:
                trail.take(one.line, f"record {one.seq}")
            if page.next is None:
                return trail
            after = page.next


def root(seed: int) -> KeyPair:
    """A root key, the same for the same number."""
    return KeyPair.generate(seed.to_bytes(32, "big"))


def happened(event: str = "test", **details: str | int | bool) -> AuditEvent:
    """An event to be written down."""
    return AuditEvent(NOW, Happening(event, "ok", details=details))


def api_key(tenant: str, number: int, label: str = "ci") -> ApiKey:
    """What is kept of an API key, the same for the same number."""
    return keys.new_key(
        tenant, label, ("issue",), entropy=number.to_bytes(32, "big"), now=NOW + number
    )[1]
