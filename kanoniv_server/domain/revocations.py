"""Revoking: by link id or by key. All below goes with it, because a verifier asks about every link of a chain."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import ScopeViolation, UsageError
from kanoniv_auth.core.keys import check_public
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_server.domain.delegations import require_right, require_root, require_scopes
from kanoniv_server.domain.values import ADMIN, REVOKE, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_server.domain.ports import Signer, SignList, Store
    from kanoniv_server.domain.values import Caller, Tenant

MOST = 256
# how long a list is handed out before it is signed again, seconds: verifiers may ask for a recent one
FRESH = 300
_ID = 32
# A long list takes as long to read as hundreds of verifications, and anybody may ask for it: what the store gives is
# read once. The same text is the same list.
read_kept = lru_cache(8)(read_list)


async def revoke(
    *,
    caller: Caller,
    tenant: Tenant,
    signer: Signer,
    store: Store,
    now: int,
    ids: Iterable[bytes] = (),
    keys: Iterable[bytes] = (),
) -> str:
    """Revoke links and keys for good; returns the new signed list, which is durable then.

    ids: of links, 32 bytes · keys: public keys · caller: with the right `revoke`; one that is held to scopes revokes
    what the ledger shows to be within them, one who holds a key revokes the links that were issued to it. For the
    tenant's own root it needs the right `admin`, too.
    Raises: UsageError, ScopeViolation, KeyInvalid, TokenParseError (the list is full), StorageError.
    """
    links, principals = tuple(sorted(set(ids))), tuple(sorted(set(keys)))
    if not 0 < len(links) + len(principals) <= MOST:
        raise UsageError("usage", detail=f"revoke 1 to {MOST} links and keys at a time")
    if any(len(one) != _ID for one in links):
        raise UsageError("usage", detail="a link id has 32 bytes: 64 hex digits")
    for key in principals:
        check_public(key)
    require_root(tenant, signer)
    await _require_allowed(caller, tenant, store, links, principals)
    if caller.holder is not None:
        # a holder may ask as often as it likes: what is done already is not written down again
        known = await _already(tenant, store, links)
        if known is not None:
            return known
    named = [one.hex() for one in (*links, *principals)]
    details: dict[str, str | int | bool] = {
        "by": caller.by, "ids": len(links), "keys": len(principals), "what": ",".join(named),
    }  # fmt: skip
    return await store.add_revocations(
        tenant.name,
        ids=links,
        keys=principals,
        sign=_sign(signer, now),
        event=AuditEvent(now, Happening("revoke", "ok", details=details)),
        now=now,
    )


async def _require_allowed(
    caller: Caller,
    tenant: Tenant,
    store: Store,
    links: tuple[bytes, ...],
    principals: tuple[bytes, ...],
) -> None:
    if caller.holder is None:
        require_right(caller, REVOKE)
        if tenant.root in principals:
            # it ends the tenant for good, which a key that a job has must not be able to do
            require_right(caller, ADMIN)
        if caller.scopes is None:
            return
    if principals:  # what a key holds, or will, is not in anybody's hands
        raise ScopeViolation("scope", need="revoke a key", have=tuple(sorted(caller.rights)))
    for one in links:
        row = await store.delegation(tenant.name, one)
        if row is None or (caller.holder is not None and row.holder != caller.holder):
            raise ScopeViolation("scope", need=f"revoke {one.hex()}", have=caller.scopes or ())
        require_scopes(caller, row.scopes)


async def _already(tenant: Tenant, store: Store, links: tuple[bytes, ...]) -> str | None:
    """Give the list when all of these links are revoked by now, each or with its key."""
    for one in links:
        row = await store.delegation(tenant.name, one)
        if row is None or row.revoked_at is None:
            return None
    return await store.revocation_list(tenant.name)


async def current_list(
    tenant: Tenant, *, signer: Signer, store: Store, now: int, fresh: int = FRESH
) -> str:
    """Give the signed list, signed again when it is older than `fresh` seconds or there was none.

    Raises: KeyInvalid, StorageError.
    """
    text = await store.revocation_list(tenant.name)
    if text is not None and now - read_kept(text).issued_at < fresh:
        return text
    require_root(tenant, signer)
    return await store.add_revocations(tenant.name, sign=_sign(signer, now), event=None, now=now)


def _sign(signer: Signer, now: int) -> SignList:
    def sign(seq: int, ids: tuple[bytes, ...], keys: tuple[bytes, ...]) -> str:
        return signer.sign_list(seq=seq, now=now, ids=ids, keys=keys)

    return sign
