"""Appending to the audit log, against a bare `write` and `fsync` of as many bytes in the same folder.

Rounds take turns, and who goes first turns around. The median is one record; the mean has the checkpoints in it, of
which 32 records share one. Wall time: it is the disk's. Not a test.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rounds import Spread
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.store import audit
from kanoniv_auth.store.home import Home

ROUNDS = 40 * audit.CHECKPOINT_EVERY
_WHAT = Happening(
    "verify",
    "allowed",
    agent="did:agent:" + "0" * 32,
    name="bot",
    details={"scope": "deploy.staging"},
)


@dataclass(frozen=True, slots=True)
class Appends:
    """What a record costs, in seconds, and what the bare bytes do. size: bytes of a record."""

    size: int
    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def median(self) -> float:
        """Ratio of the medians: a record."""
        return statistics.median(self.ours) / statistics.median(self.bare)

    @property
    def mean(self) -> float:
        """Ratio of the means: a record with its share of the checkpoints."""
        return statistics.fmean(self.ours) / statistics.fmean(self.bare)

    def detail(self) -> str:
        """Both medians with their quartiles, in microseconds."""
        return f"{_spread(self.ours)} µs against {_spread(self.bare)} µs, {self.size} bytes"


def _spread(times: Sequence[float]) -> str:
    found = Spread.of(times)
    return f"{found.median * 1e6:.0f} ({found.low * 1e6:.0f}–{found.high * 1e6:.0f})"


def measure(folder: Path) -> Appends:
    """Append `ROUNDS` records and as many bare lines below a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    home = Home(str(folder))
    audit.append(home, _WHAT, int(time.time()))
    line = Path(home.audit).read_bytes()
    fd = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def ours() -> None:
        audit.append(home, _WHAT, int(time.time()))

    def bare() -> None:
        os.write(fd, line)
        os.fsync(fd)

    taken: dict[Callable[[], None], list[float]] = {ours: [], bare: []}
    order = list(taken)
    for _ in range(ROUNDS):
        for call in order:
            began = time.perf_counter()
            call()
            taken[call].append(time.perf_counter() - began)
        order.reverse()
    os.close(fd)
    shutil.rmtree(folder)
    return Appends(len(line), tuple(taken[ours]), tuple(taken[bare]))
