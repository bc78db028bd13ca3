"""Revocations, as statements in a session: what is revoked, and the signed list that says so, in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from kanoniv_auth.core.keys import did
from kanoniv_server.storage.schema import (
    KEY,
    LINK,
    delegations,
    revocation_lists,
    revocations,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanoniv_server.domain.ports import SignList
    from kanoniv_server.domain.values import AuditEvent
    from kanoniv_server.storage.session import Session

# from here on the list leaves out links that have expired: no verifier takes them anyway, and a list has room for
# some 16,000 entries
ROOMY = 8192
# an expired link stays listed for as long as a verifier's clock may be behind
EXPIRED_FOR = 86400
_CHUNK = 500


def add(
    session: Session,
    tenant: str,
    asked: tuple[tuple[bytes, ...], tuple[bytes, ...]],
    sign: SignList,
    *,
    event: AuditEvent | None,
    now: int,
) -> str:
    """Revoke what is not revoked yet, and sign the list. asked: link ids, and public keys.

    Raises: what `sign` raises.
    """
    tenant_id, root = session.tenant(tenant)
    if event is not None:
        session.record(tenant_id, event)
    before = _list(session, tenant_id)
    new = False
    for kind, entries in ((LINK, asked[0]), (KEY, asked[1])):
        for chunk in _chunks(sorted(set(entries))):
            new |= _keep(session, (tenant_id, root), kind, chunk, now)
    if not new and any(asked) and before is not None:
        return before[1]
    seq = 1 if before is None else before[0] + 1
    text = sign(seq, *_listed(session, tenant_id, now))
    if before is None:
        row = {"tenant_id": tenant_id, "seq": seq, "text": text}
        session.connection.execute(revocation_lists.insert(), row)
    else:
        ours = update(revocation_lists).where(revocation_lists.c.tenant_id == tenant_id)
        session.connection.execute(ours.values(seq=seq, text=text))
    return text


def _list(session: Session, tenant_id: int) -> tuple[int, str] | None:
    lists = revocation_lists.c
    query = select(lists.seq, lists.text).where(lists.tenant_id == tenant_id)
    row = session.connection.execute(query).one_or_none()
    return None if row is None else (row.seq, row.text)


def _chunks(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(entries), _CHUNK):
        yield entries[start : start + _CHUNK]


def _keep(
    session: Session, tenant: tuple[int, bytes], kind: int, entries: Sequence[bytes], now: int
) -> bool:
    """Write down those of the entries that are new, and mark the ledger; False when none is."""
    r, d, (tenant_id, root) = revocations.c, delegations.c, tenant
    known = select(r.entry).where(r.tenant_id == tenant_id, r.kind == kind, r.entry.in_(entries))
    new = sorted(set(entries) - set(session.connection.scalars(known)))
    if not new:
        return False
    row = {"tenant_id": tenant_id, "kind": kind, "revoked_at": now, "listed": 1}
    session.connection.execute(revocations.insert(), [{**row, "entry": one} for one in new])
    marked = update(delegations).where(d.tenant_id == tenant_id, d.revoked_at.is_(None))
    if kind == LINK:
        marked = marked.where(d.id.in_(new))
    elif root not in new:
        marked = marked.where(d.holder_did.in_([did(one) for one in new]), d.holder.in_(new))
    session.connection.execute(marked.values(revoked_at=now))
    return True


def _listed(
    session: Session, tenant_id: int, now: int
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Give the ids and the keys that the list names."""
    rows = _entries(session, tenant_id)
    if len(rows) > ROOMY:
        _leave_out_expired(session, tenant_id, now)
        rows = _entries(session, tenant_id)
    ids, keys = (tuple(entry for kind, entry in rows if kind == which) for which in (LINK, KEY))
    return ids, keys


def _entries(session: Session, tenant_id: int) -> list[tuple[int, bytes]]:
    r = revocations.c
    query = select(r.kind, r.entry).where(r.tenant_id == tenant_id, r.listed == 1)
    return [(row.kind, row.entry) for row in session.connection.execute(query)]


def _leave_out_expired(session: Session, tenant_id: int, now: int) -> None:
    r, d = revocations.c, delegations.c
    expired = select(d.id).where(d.tenant_id == tenant_id, d.expires_at < now - EXPIRED_FOR)
    session.connection.execute(
        update(revocations)
        .where(r.tenant_id == tenant_id, r.kind == LINK, r.listed == 1, r.entry.in_(expired))
        .values(listed=0)
    )
