"""How many links a second the service can issue, by where it keeps them: `python -m bench.issuance [ADDRESS …]`.

The domain and the store alone, no HTTP. A number of callers each await one grant after the other, as requests would.
Wall time, and beside it this process's CPU time for one grant, and how often a second the same disk can be flushed:
durable rates above that are the group commit's. Without addresses: in memory, and SQLite below the current folder.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from kanoniv_auth.core.keys import KeyPair
from kanoniv_server.domain import delegations, tenants
from kanoniv_server.domain.values import ISSUE, Caller
from kanoniv_server.signer import LocalSigner
from kanoniv_server.storage.opening import IN_MEMORY, open_store

CALLERS, ROUNDS, GRANTS = 256, 5, 4096
FLUSHES = 100


@dataclass(frozen=True, slots=True)
class Issuance:
    """Of the best round of several. rate: grants a second · cpu_us: microseconds of this process for one grant."""

    rate: float
    cpu_us: float


async def measure(address: str, *, callers: int = CALLERS, rounds: int = ROUNDS) -> Issuance:
    """Issue `GRANTS` grants in each round. The store is closed, and not emptied, at the end."""
    store = await open_store(address)
    signer = LocalSigner(KeyPair.generate(bytes(31) + b"\1"))
    now, to = int(time.time()), KeyPair.generate(os.urandom(32)).public
    tenant, _ = await tenants.ensure_tenant(
        store, "default", signer=signer, now=now, entropy=os.urandom(32)
    )
    caller, order = Caller("bench", frozenset((ISSUE,))), delegations.Order(("deploy",), 3600, to)

    async def one_caller() -> None:
        for _ in range(GRANTS // callers):
            await delegations.issue(
                order, caller=caller, tenant=tenant, signer=signer, store=store, now=now,
                entropy=os.urandom(delegations.ENTROPY),
            )  # fmt: skip

    found = []
    for _ in range(rounds):
        wall, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*[one_caller() for _ in range(callers)])
        wall, spent = time.perf_counter() - wall, time.process_time() - spent
        found.append(Issuance(GRANTS / wall, spent / GRANTS * 1e6))
    await store.close()
    return max(found, key=lambda one: one.rate)


def flushes(folder: Path) -> float:
    """How often a second a page can be written and flushed below a folder."""
    fd = os.open(folder / "flush", os.O_WRONLY | os.O_CREAT, 0o600)
    began = time.perf_counter()
    for _ in range(FLUSHES):
        os.write(fd, bytes(4096))
        os.fsync(fd)
    os.close(fd)
    return FLUSHES / (time.perf_counter() - began)


def main() -> int:
    """Measure, and print a line each."""
    folder = Path(mkdtemp(prefix="issuance-", dir="."))
    try:
        sys.stdout.write(f"{flushes(folder):7.0f} flushes/s of this disk\n")
        for address in sys.argv[1:] or [IN_MEMORY, f"sqlite:///{folder}/kanoniv.db"]:
            for callers in (1, 16, CALLERS):
                made = asyncio.run(
                    measure(address, callers=callers, rounds=ROUNDS if callers > 1 else 1)
                )
                what = address.partition(":")[0]
                line = f"{made.rate:7.0f} grants/s  {made.cpu_us:4.0f} µs CPU each  {what}, {callers} callers"
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
