"""What costs a walk over everything: one at a time, a fifth of the time at most, and nobody is told anything stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.domain.ports import Store
from kanoniv_server.web.kept import WAITING, Kept
from kanoniv_server.web.problems import Refusal
from tests.support.service import Site, site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


class Walk:
    """Takes `cost` seconds of its own clock, and waits for `gate`."""

    def __init__(self, cost: float = 1.0) -> None:
        self.now, self.cost, self.walks = 100.0, cost, 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    def clock(self) -> float:
        return self.now

    async def __call__(self) -> int:
        self.walks += 1
        mine = self.walks
        await self.gate.wait()
        self.now += self.cost
        if self.error is not None:
            raise self.error
        return mine


async def test_it_takes_a_fifth_of_the_time_at_most() -> None:
    walk = Walk(cost=3.0)
    kept = Kept(walk.clock)
    assert await kept.get("a", walk) == 1
    for wait in (0, 6, 5.999):
        walk.now += wait
        assert await kept.get("a", walk) == 1
    walk.now += 0.001
    assert await kept.get("a", walk) == 2
    # another name is another walk
    assert await kept.get("b", walk) == 3


async def test_who_asks_meanwhile_waits_for_the_same_and_not_all_of_them() -> None:
    walk = Walk()
    kept = Kept(walk.clock)
    walk.gate.clear()
    waiting = [asyncio.create_task(kept.get("a", walk)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Refusal) as caught:
        await kept.get("a", walk)
    assert caught.value.status == 429
    # whoever goes away makes room, and ends it for nobody
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    waiting.append(asyncio.create_task(kept.get("a", walk)))
    await asyncio.sleep(0)
    walk.gate.set()
    assert await asyncio.gather(*waiting[1:]) == [1] * WAITING
    assert walk.walks == 1


async def test_a_failure_is_each_ones_own_and_is_not_kept() -> None:
    walk = Walk()
    kept = Kept(walk.clock)
    walk.error = StorageError("storage", detail="away")
    found = await asyncio.gather(*[kept.get("a", walk) for _ in range(3)], return_exceptions=True)
    assert [str(one) for one in found] == [str(walk.error)] * 3
    assert len({id(one) for one in found}) == 3
    assert walk.walks == 1
    walk.error = None
    assert await kept.get("a", walk) == 2


async def test_when_all_have_gone_it_ends_by_itself() -> None:
    walk = Walk()
    kept = Kept(walk.clock)
    walk.gate.clear()
    walk.error = StorageError("storage", detail="away")
    alone = asyncio.create_task(kept.get("a", walk))
    await asyncio.sleep(0)
    alone.cancel()
    await asyncio.wait((alone,))
    walk.gate.set()
    await asyncio.sleep(0.01)
    walk.error = None
    assert await kept.get("a", walk) == 2


# --------------------------------------------------------------------------------------- over the wire


def slow(store: Store, name: str, seconds: float) -> list[float]:
    """Let a question of the store take its time; when it was asked."""
    inner: Callable[..., Awaitable[Any]] = getattr(store, name)
    asked: list[float] = []

    async def later(*args: Any, **more: Any) -> Any:
        asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(seconds)
        return await inner(*args, **more)

    setattr(store, name, later)
    return asked


async def test_many_who_ask_for_the_counts_are_one_count(here: Site) -> None:
    asked = slow(here.service.store, "counts", 0.5)
    answers = await asyncio.gather(*[here.get("/metrics", "read") for _ in range(5)])
    answers += [await here.get("/metrics", "all"), await here.get("/dashboard", "read")]
    assert {answer.status_code for answer in answers} == {200}
    assert len(asked) == 1
    # another tenant's are its own
    assert (await here.get("/metrics", "other")).status_code == 200
    assert len(asked) == 2


async def test_many_who_let_the_chain_be_walked_are_one_walk(here: Site) -> None:
    await here.bundle()
    asked = slow(here.service.store, "audit_page", 0.5)
    walks = [here.get("/v1/audit", "read", verify="true", limit=1) for _ in range(WAITING + 3)]
    answers = await asyncio.gather(*walks)
    assert sorted(answer.status_code for answer in answers) == [200] * WAITING + [429] * 3
    assert all(answer.headers["retry-after"] for answer in answers if answer.status_code == 429)
    found = [answer.json()["verified"] for answer in answers if answer.status_code == 200]
    assert found == [found[0]] * WAITING
    assert found[0]["intact"] is True
    assert abs(found[0]["at"] - here.service.clock()) <= 2
    # one walk, and each one's own page
    assert len(asked) == 1 + WAITING
    again = await here.get("/v1/audit", "read", verify="true")
    assert again.json()["verified"] == found[0]
    assert len(asked) == 2 + WAITING


async def test_a_page_without_a_walk_is_not_held_up(here: Site) -> None:
    gate = asyncio.Event()

    async def never() -> int:
        await gate.wait()
        return 1

    kept = here.service.kept
    waiting = [asyncio.create_task(kept.get("audit default", never)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    assert (await here.get("/v1/audit", "read", verify="true")).status_code == 429
    assert (await here.get("/v1/audit", "read")).status_code == 200
    assert (await here.get("/v1/audit", "other", verify="true")).status_code == 200
    gate.set()
    await asyncio.gather(*waiting)
