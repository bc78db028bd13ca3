"""Registering the 10th agent of a home and the 1,000th, by the SDK's own call, in one process.

Rounds take turns, and who goes first turns around. After each call the home is put back to 9 or 999 agents. What is
kept on the disk by then - the key, the registry, the record in the log and its checkpoint - is part of the time.
Wall time: much of it is the disk's. Not a test.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from bench.rounds import Spread
from kanoniv_auth import register_agent
from kanoniv_auth.store.home import Home

ROUNDS = 120
FEW, MANY = 9, 999


@dataclass(frozen=True, slots=True)
class Registered:
    """Milliseconds of the medians, and the ratio of each round."""

    few_ms: float
    many_ms: float
    ratio: Spread


def measure(folder: Path) -> Registered:
    """Fill two homes below a folder, which is emptied first, and register one agent more in each by turns."""
    shutil.rmtree(folder, ignore_errors=True)
    before = os.environ.get("KANONIV_HOME")
    homes = {count: _filled(Home(str(folder / str(count))), count) for count in (FEW, MANY)}
    taken: dict[int, list[float]] = {FEW: [], MANY: []}
    order = list(homes)
    for number in range(ROUNDS + 1):
        for count in order:
            spent = _one(homes[count], f"one-more-{number}")
            if number:  # the first one loads what all of them need
                taken[count].append(spent)
        order.reverse()
    if before is None:
        del os.environ["KANONIV_HOME"]
    else:
        os.environ["KANONIV_HOME"] = before
    shutil.rmtree(folder)
    few, many = taken[FEW], taken[MANY]
    return Registered(
        statistics.median(few) * 1000,
        statistics.median(many) * 1000,
        Spread.of(mine / theirs for mine, theirs in zip(many, few, strict=True)),
    )


def _filled(home: Home, count: int) -> Home:
    os.environ["KANONIV_HOME"] = home.path
    for number in range(count):
        register_agent(f"agent-{number}")
    return home


def _one(home: Home, name: str) -> float:
    os.environ["KANONIV_HOME"] = home.path
    registry = Path(home.agents).read_bytes()
    began = time.perf_counter()
    key = register_agent(name)
    spent = time.perf_counter() - began
    Path(home.agents).write_bytes(registry)
    Path(home.key(key.did)).unlink()
    return spent
