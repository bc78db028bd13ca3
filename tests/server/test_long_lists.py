"""A revocation list that is nearly full: whoever asks for it, which anybody may, costs the service next to nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kanoniv_auth.core.revocation_list import read_list
from tests.support.service import Site, site

pytestmark = pytest.mark.anyio
ENTRIES = 6000
TRIES = 5


async def filled(here: Site) -> str:
    """Revoke a lot; the list that says so."""
    for _ in range(ENTRIES // 250):
        ids = [os.urandom(32).hex() for _ in range(250)]
        assert (await here.post("/v1/revocations", {"ids": ids}, "revoke")).status_code == 200
    return (await here.get("/v1/revocations")).text.strip()


async def least(work: Callable[[], Awaitable[object]]) -> float:
    """The least processor time that something takes, in seconds."""
    found = []
    for _ in range(TRIES):
        began = time.process_time()
        await work()
        found.append(time.process_time() - began)
    return min(found)


async def test_a_long_list_is_not_read_for_every_stranger_who_asks(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="memory:") as here:
        text = await filled(here)
        assert len(read_list(text).ids) == ENTRIES

        async def read() -> None:
            read_list(text)

        async def asked() -> None:
            assert (await here.get("/v1/revocations")).status_code == 200

        async def known() -> None:
            tag = {"If-None-Match": (await here.get("/v1/revocations")).headers["etag"]}
            assert (await here.client.get("/v1/revocations", headers=tag)).status_code == 304

        reading = await least(read)
        assert await least(asked) < reading / 2
        assert await least(known) < reading
