"""What is revoked, in memory, for every verification of this process; never older than seconds, or not at all.

This process's own revocations are here at once (`learn`); those of others when the store's version has changed, which
is asked four times a second, and at once when somebody nudges. When nobody can say for 5 seconds: StorageError.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import AuthError, StorageError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_server.domain.revocations import read_kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_server.domain.ports import Store
    from kanoniv_server.domain.values import Tenant

POLL = 0.25  # seconds
STALE = 5.0
_UNREAD = -1


class Reach:
    """The tenants, and what each root has revoked.

    clock: monotonic seconds, those asleep included · troubled: told when the store stops answering (a sentence), and
    when it answers again ("")
    """

    def __init__(
        self,
        store: Store,
        *,
        troubled: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._clock, self._troubled = store, clock, troubled
        self._lists: dict[bytes, RevocationList] = {}
        # entries of lists that a store which was set back knows no more, or counts anew
        self._beside: dict[bytes, set[bytes]] = {}
        self._revocations = Revocations({})
        self._tenants: dict[str, tuple[Tenant, TrustedRoots]] = {}
        self._fresh = float("-inf")
        self._nudged = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""
        self._number = _UNREAD
        # changes whenever anything may have changed; what was remembered before counts no more
        self.version = 0

    async def start(self) -> None:
        """Read everything once, and go on reading. Raises: StorageError."""
        await self.refresh()
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def nudge(self) -> None:
        """Ask the store now: somebody says that something has changed."""
        self._nudged.set()

    @property
    def is_fresh(self) -> bool:
        """Whether the store has been heard of lately."""
        return self._clock() - self._fresh <= STALE

    def revoked(self) -> Revocations:
        """Give what is revoked, of all roots. Raises: StorageError when that cannot be known any more."""
        if self._clock() - self._fresh > STALE:
            raise StorageError(
                "storage", detail="what is revoked cannot be read, so nothing is allowed"
            )
        return self._revocations

    def listed(self, root: bytes) -> int:
        """How many entries a root's list has, as far as it is known."""
        found = self._lists.get(root)
        return 0 if found is None else len(found.ids) + len(found.keys)

    async def tenant(self, name: str) -> tuple[Tenant, TrustedRoots] | None:
        """Find a tenant, and the one root it trusts, which never changes. Raises: StorageError."""
        found = self._tenants.get(name)
        if found is None:
            tenant = await self._store.tenant(name)
            if tenant is None:
                return None
            found = self._tenants[name] = (tenant, TrustedRoots((tenant.root,)))
        return found

    def known_tenant(self, name: str) -> tuple[Tenant, TrustedRoots] | None:
        """Find a tenant that was asked for before, without asking the store."""
        return self._tenants.get(name)

    def learn(self, text: str) -> None:
        """Take up a list that this process has just signed."""
        self._take((read_kept(text),))

    async def refresh(self) -> None:
        """Ask whether anything has changed, and read it then. Raises: StorageError."""
        async with self._one_at_a_time:
            # what is true is as old as the question, not as the answer
            asked = self._clock()
            try:
                number = await self._store.version()
            except StorageError:
                # a store that comes back may have been set back, and have reached the same number another way
                self._number = _UNREAD
                raise
            if number != self._number:
                await self._read_all()
                self._number = number
                self.version += 1
            self._fresh = asked

    async def _read_all(self) -> None:
        texts = []
        for tenant in await self._store.tenants():
            self._tenants.setdefault(tenant.name, (tenant, TrustedRoots((tenant.root,))))
            text = await self._store.revocation_list(tenant.name)
            known = self._lists.get(tenant.root)
            if text is not None and (known is None or known.text != text):
                texts.append(text)
        # a full list takes a while, and other requests need not wait for it
        self._take(await asyncio.to_thread(_read, texts))

    def _take(self, found: tuple[RevocationList, ...]) -> None:
        for one in found:
            known = self._lists.get(one.root)
            # a list read before ours was written must not undo it
            if known is None or one.seq > known.seq:
                self._lists[one.root] = one
            elif others := {*one.ids, *one.keys} - (before := {*known.ids, *known.keys}):
                # no list from before: both were handed out, and what was revoked stays revoked
                self._beside.setdefault(one.root, set()).update(others, before)
        self._revocations = Revocations(
            {
                root: (*one.ids, *one.keys, *self._beside.get(root, ()))
                for root, one in self._lists.items()
            }
        )

    async def _go_on(self) -> None:
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), POLL)
            self._nudged.clear()
            try:
                await self.refresh()
            except AuthError as error:
                self._say(str(error))
            except Exception as error:  # noqa: BLE001 - it is asked again; meanwhile what is known grows stale
                self._say(f"a defect: {type(error).__name__}")
            else:
                self._say("")

    def _say(self, trouble: str) -> None:
        if bool(trouble) != bool(self._trouble):
            self._troubled(trouble)
        self._trouble = trouble


def _read(texts: list[str]) -> tuple[RevocationList, ...]:
    return tuple(read_kept(text) for text in texts)
