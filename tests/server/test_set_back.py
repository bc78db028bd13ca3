"""A database that has lost its last changes, as a standby that takes over may: what is revoked after that still counts.

Its lists count on from an older number, so two lists have one `seq`.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import StorageError
from kanoniv_server.domain.revocations import revoke
from kanoniv_server.domain.values import REVOKE, AuditEvent, Caller
from kanoniv_server.reach import STALE
from kanoniv_server.storage.memory import MemoryStore
from tests.support.service import Site, sealed, site

pytestmark = pytest.mark.anyio


class Standby:
    """The store's state at one moment, to go back to."""

    def __init__(self, here: Site) -> None:
        assert isinstance(here.service.store, MemoryStore)
        self.store = here.service.store
        self._then = copy.deepcopy((self.store._rooms, self.store._keys, self.store._gone))

    def take_over(self) -> None:
        self.store._rooms, self.store._keys, self.store._gone = copy.deepcopy(self._then)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


async def verdict(here: Site, token: str) -> int:
    answer = await here.post("/v1/verify", {"token": token, "scope": "deploy.staging"})
    return answer.status_code


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    end = time.monotonic() + STALE
    while not await what():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


@asynccontextmanager
async def away(here: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Let the store not answer, from a question on that was asked in vain."""
    asked = asyncio.Event()

    async def version() -> int:
        asked.set()
        raise StorageError("storage", detail="away")

    with monkeypatch.context() as patched:
        patched.setattr(here.service.store, "version", version)
        await asyncio.wait_for(asked.wait(), 5)
        yield


async def elsewhere(here: Site, link_id: str) -> None:
    """Revoke a link as another process on the same database does."""
    found = await here.service.reach.tenant("default")
    assert found is not None
    await revoke(
        caller=Caller("key:other", frozenset((REVOKE,))),
        tenant=found[0],
        signer=await here.service.roots.signer(found[0]),
        store=here.service.store,
        now=here.service.clock(),
        ids=[bytes.fromhex(link_id)],
    )


async def test_a_list_with_the_number_of_another_revokes_too(here: Site) -> None:
    first, second, third = [await here.bundle() for _ in range(3)]
    before = Standby(here)
    for made in (first, second):
        assert (await here.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")).is_success
    before.take_over()
    assert (await here.post("/v1/revocations", {"ids": [third["id"]]}, "revoke")).is_success
    # what was said to be revoked is, whatever became of it elsewhere
    assert [await verdict(here, sealed(one)) for one in (first, second, third)] == [403] * 3


async def test_a_number_that_was_seen_before_is_read_again_after_the_store_was_away(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [await here.bundle() for _ in range(2)]
    before = Standby(here)
    assert (await here.post("/v1/revocations", {"ids": [first["id"]]}, "revoke")).is_success
    number = await here.service.store.version()
    await until(lambda: _is(here, number))
    async with away(here, monkeypatch):
        before.take_over()
        await elsewhere(here, second["id"])
    assert await here.service.store.version() == number
    token = sealed(second)
    await until(lambda: _refuses(here, token))


async def test_an_api_key_revoked_after_that_works_no_more(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await here.add_key("short", "read")
    made = await here.bundle()
    before = Standby(here)
    assert (await here.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")).is_success
    number = await here.service.store.version()
    await until(lambda: _is(here, number))
    assert (await here.get("/v1/delegations", "short")).status_code == 200
    async with away(here, monkeypatch):
        before.take_over()
        event = AuditEvent(here.service.clock(), Happening("key", "ok", details={"verb": "revoke"}))
        assert await here.service.store.revoke_api_key("default", key.id, event)
    assert await here.service.store.version() == number
    await until(lambda: _is_unknown(here))


async def _is(here: Site, number: int) -> bool:
    return here.service.reach._number == number


async def _refuses(here: Site, token: str) -> bool:
    return await verdict(here, token) == 403


async def _is_unknown(here: Site) -> bool:
    return (await here.get("/v1/delegations", "short")).status_code == 401
