"""The store in this process's memory: for trials, tests and measures. Everything is lost when the process ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from kanoniv_auth.core.audit import START, line_hash, write_line
from kanoniv_auth.core.errors import Revoked, StorageError
from kanoniv_server.domain.values import (
    ApiKey,
    AuditEvent,
    AuditLine,
    Counts,
    Delegation,
    Page,
    Tenant,
)
from kanoniv_server.storage.questions import bounded
from kanoniv_server.storage.revoking import EXPIRED_FOR, ROOMY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kanoniv_server.domain.ports import SignList

_T = TypeVar("_T")


@dataclass(slots=True)
class _Room:
    """What one tenant has. ids, keys: revoked · rows: the ledger, oldest first · place: link id -> index in it."""

    tenant: Tenant
    api_keys: dict[str, ApiKey] = field(default_factory=dict)
    rows: list[Delegation] = field(default_factory=list)
    place: dict[bytes, int] = field(default_factory=dict)
    ids: set[bytes] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)
    unlisted: set[bytes] = field(default_factory=set)
    seq: int = 0
    text: str | None = None
    lines: list[bytes] = field(default_factory=list)
    head: str = START

    def record(self, event: AuditEvent) -> None:
        """Append to the audit chain."""
        line = write_line(len(self.lines) + 1, event.at, self.head, 0, event.what)
        self.lines.append(line)
        self.head = line_hash(line)

    def row(self, place: int) -> Delegation:
        """A row of the ledger, with its place in it."""
        return replace(self.rows[place], at=place + 1)

    def revoked(self, row: Delegation) -> bytes | None:
        """What of a link is revoked."""
        for one, where in (
            (row.id, self.ids),
            (row.holder, self.keys),
            (self.tenant.root, self.keys),
        ):
            if one in where:
                return one
        return None

    def listed(self, ids: set[bytes], now: int) -> tuple[bytes, ...]:
        """Ids that the list names: of a long one, those alone that have not expired."""
        named = ids - self.unlisted
        if len(named) + len(self.keys) > ROOMY:
            self.unlisted.update(one for one in named if self._is_over(one, now))
        return tuple(ids - self.unlisted)

    def _is_over(self, link_id: bytes, now: int) -> bool:
        place = self.place.get(link_id)
        end = None if place is None else self.rows[place].expires_at
        return end is not None and end < now - EXPIRED_FOR


class MemoryStore:
    """`ports.Store` over dictionaries. Belongs to one event loop: nothing here waits, so nothing comes between."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._keys: dict[bytes, ApiKey] = {}
        self._gone = 0
        self._closed = False

    def _room(self, tenant: str) -> _Room:
        self._require_open()
        room = self._rooms.get(tenant)
        if room is None:
            raise StorageError("storage", detail=f"there is no tenant {tenant}")
        return room

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError("storage", detail="the database: it is closed")

    async def tenant(self, name: str) -> Tenant | None:
        """Find a tenant."""
        self._require_open()
        room = self._rooms.get(name)
        return None if room is None else room.tenant

    async def tenants(self) -> tuple[Tenant, ...]:
        """All tenants, by name."""
        self._require_open()
        return tuple(self._rooms[name].tenant for name in sorted(self._rooms))

    async def add_tenant(self, tenant: Tenant, key: ApiKey, event: AuditEvent) -> bool:
        """Make a tenant with its first API key."""
        self._require_open()
        if tenant.name in self._rooms:
            return False
        if key.digest in self._keys or key.tenant != tenant.name:
            raise StorageError("storage", detail="this key is there already, or another tenant's")
        self._rooms[tenant.name] = _Room(tenant)
        await self.add_api_key(key, event)
        return True

    async def api_key(self, digest: bytes) -> ApiKey | None:
        """Find a key that works."""
        self._require_open()
        return self._keys.get(digest)

    async def api_keys(self, tenant: str) -> tuple[ApiKey, ...]:
        """All keys of a tenant, oldest first."""
        self._require_open()
        room = self._rooms.get(tenant)
        found = [] if room is None else list(room.api_keys.values())
        return tuple(sorted(found, key=lambda one: (one.created_at, one.id)))

    async def add_api_key(self, key: ApiKey, event: AuditEvent) -> None:
        """Keep a new key."""
        room = self._room(key.tenant)
        if key.digest in self._keys or key.id in room.api_keys:
            raise StorageError("storage", detail="this key is there already")
        room.record(event)
        room.api_keys[key.id] = self._keys[key.digest] = key

    async def revoke_api_key(self, tenant: str, key_id: str, event: AuditEvent) -> bool:
        """Let a key work no more."""
        room = self._room(tenant)
        key = room.api_keys.get(key_id)
        if key is None or key.revoked_at is not None:
            return False
        room.record(event)
        room.api_keys[key_id] = replace(key, revoked_at=event.at)
        del self._keys[key.digest]
        self._gone += 1
        return True

    async def add_delegation(self, row: Delegation, event: AuditEvent) -> None:
        """Write down a link. Raises: Revoked."""
        room = self._room(row.tenant)
        if (what := room.revoked(row)) is not None:
            raise Revoked("revoked", what=what.hex())
        for one in self._rooms.values():
            if row.id in one.place:
                raise StorageError("storage", detail="this link is there already")
        room.record(event)
        room.place[row.id] = len(room.rows)
        room.rows.append(row)

    async def delegation(self, tenant: str, link_id: bytes) -> Delegation | None:
        """Find one link."""
        self._require_open()
        room = self._rooms.get(tenant)
        place = None if room is None else room.place.get(link_id)
        return None if room is None or place is None else room.row(place)

    async def delegations(
        self,
        tenant: str,
        *,
        holder_did: str | None = None,
        active_at: int | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Page[Delegation]:
        """List links, newest first."""
        self._require_open()
        room = self._rooms.get(tenant)
        if room is None:
            return Page((), None)
        size = len(room.rows)
        end = size if before is None else max(0, min(before - 1, size))
        chosen = (
            row
            for row in map(room.row, range(end - 1, -1, -1))
            if (holder_did is None or row.holder_did == holder_did)
            and (active_at is None or _is_active(row, active_at))
        )
        found, more = _first(chosen, limit)
        return Page(found, found[-1].at if more else None)

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
        """Revoke, and sign the list."""
        room, asked = self._room(tenant), (frozenset(ids), frozenset(keys))
        all_ids, all_keys = room.ids | asked[0], room.keys | asked[1]
        new = all_ids - room.ids, all_keys - room.keys
        text = room.text
        if text is None or any(new) or not any(asked):
            text = sign(room.seq + 1, room.listed(all_ids, now), tuple(all_keys))
            room.seq, room.text, room.ids, room.keys = room.seq + 1, text, all_ids, all_keys
            self._mark(room, new, now)
        if event is not None:
            room.record(event)
        return text

    @staticmethod
    def _mark(room: _Room, new: tuple[set[bytes], set[bytes]], now: int) -> None:
        ids, keys = new
        places = [room.place[one] for one in ids if one in room.place]
        if keys:
            whole = room.tenant.root in keys
            places += [at for at, row in enumerate(room.rows) if whole or row.holder in keys]
        for place in places:
            row = room.rows[place]
            if row.revoked_at is None:
                room.rows[place] = replace(row, revoked_at=now)

    async def revocation_list(self, tenant: str) -> str | None:
        """Give the newest signed list."""
        self._require_open()
        room = self._rooms.get(tenant)
        return None if room is None else room.text

    async def audit_append(self, tenant: str, event: AuditEvent) -> None:
        """Write down what changed nothing else."""
        self._room(tenant).record(event)

    async def audit_page(
        self,
        tenant: str,
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Page[AuditLine]:
        """Read the audit chain."""
        self._require_open()
        room = self._rooms.get(tenant)
        lines = [] if room is None else room.lines
        start = 0 if after is None else max(0, after)
        end = len(lines) if before is None else max(0, min(before - 1, len(lines)))
        places = range(end - 1, start - 1, -1) if after is None else range(start, end)
        found, more = _first((AuditLine(at + 1, lines[at]) for at in places), limit)
        return Page(found, found[-1].seq if more else None)

    async def counts(self, tenant: str, *, now: int) -> Counts:
        """Count what a tenant has."""
        self._require_open()
        room = self._rooms.get(tenant)
        if room is None:
            return Counts(0, 0, 0, 0, 0)
        active = sum(_is_active(row, now) for row in room.rows)
        revoked = sum(row.revoked_at is not None for row in room.rows)
        entries = len(room.ids) + len(room.keys)
        return Counts(len(room.rows), active, revoked, entries, len(room.lines))

    async def version(self) -> int:
        """Tell whether revocations have changed."""
        self._require_open()
        return self._gone + sum(room.seq for room in self._rooms.values())

    async def close(self) -> None:
        """End."""
        self._closed = True


def _is_active(row: Delegation, now: int) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _first(chosen: Iterator[_T], limit: int) -> tuple[tuple[_T, ...], bool]:
    size = bounded(limit)
    found = tuple(islice(chosen, size + 1))
    return found[:size], len(found) > size
