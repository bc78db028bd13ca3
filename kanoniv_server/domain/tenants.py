"""The first start: a tenant, its root, and an API key that may do everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import StorageError
from kanoniv_server.domain.delegations import require_root
from kanoniv_server.domain.keys import checked_name, new_key
from kanoniv_server.domain.values import RIGHTS, AuditEvent, Tenant

if TYPE_CHECKING:
    from kanoniv_server.domain.ports import Signer, Store


async def ensure_tenant(
    store: Store, name: str, *, signer: Signer, now: int, entropy: bytes
) -> tuple[Tenant, str | None]:
    """Find a tenant, or make it with its admin key, whose text (secret, never to be had again) is returned then.

    entropy: 32 random bytes. Raises: KeyInvalid when the tenant's root is another one, UsageError, StorageError.
    """
    found = await store.tenant(name)
    if found is None:
        made = Tenant(checked_name(name), signer.root, now)
        text, key = new_key(name, "admin", RIGHTS, entropy=entropy, now=now)
        what = Happening("tenant", "ok", name=name, details={"root": made.root_did, "key": key.id})
        if await store.add_tenant(made, key, AuditEvent(now, what)):
            return made, text
        # another process was faster
        found = await store.tenant(name)
    if found is None:
        raise StorageError("storage", detail=f"tenant {name} is there and is not found")
    require_root(found, signer)
    return found, None
