"""Rounds: contenders take turns, and what is reported is the median of the ratios of each round."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import environments

if TYPE_CHECKING:
    from bench.worker import Cell


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The quartiles of some values."""
        low, median, high = statistics.quantiles(values, n=4)
        return cls(low, median, high)


@dataclass(frozen=True, slots=True)
class Timing:
    """One subject over its quieter half: microseconds, and ratios to one verify and one signature."""

    microseconds: float
    verifies: Spread
    signatures: Spread


class Worker:
    """A contender's process, asked for one round at a time."""

    def __init__(self, environment: str, module: str) -> None:
        self._process = subprocess.Popen(
            [environments.python(environment), "-m", f"bench.{module}"],
            cwd=environments.BENCH / "src",
            env=environments.worker_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.rows: list[dict[str, Cell]] = []
        self.facts = self._answer()

    def _answer(self) -> dict[str, object]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended; its own words are above")
        answer: dict[str, object] = json.loads(line)
        return answer

    def round(self) -> None:
        """Have it time each of its subjects once."""
        assert self._process.stdin is not None
        self._process.stdin.write("round\n")
        self._process.stdin.flush()
        self.rows.append(self._answer())  # type: ignore[arg-type]

    def end(self) -> None:
        """Let it go."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def timings(self) -> dict[str, Timing]:
        """What all rounds say together."""
        return {name: _timing([row[name] for row in self.rows]) for name in self.rows[0]}

    def yardstick(self) -> tuple[float, float]:
        """Microseconds of one verify and of one signature."""
        every = [cell for row in self.rows for cell in row.values()]
        cells = sorted(every, key=lambda cell: cell[3])[: len(every) // 2]
        return tuple(statistics.median(cell[at] for cell in cells) / 1000 for at in (1, 2))  # type: ignore[return-value]


def _timing(cells: Sequence[Cell]) -> Timing:
    counted = sorted(cells, key=lambda cell: cell[3])[: len(cells) // 2]
    return Timing(
        statistics.median(spent for spent, *_ in counted) / 1000,
        Spread.of(spent / verify for spent, verify, *_ in counted),
        Spread.of(spent / sign for spent, _, sign, _ in counted),
    )


def alternate(workers: Mapping[str, Worker], rounds: int) -> None:
    """Let every worker do one round after the other, in an order that turns around each time."""
    order = list(workers.values())
    for _ in range(rounds):
        for worker in order:
            worker.round()
        order.reverse()
    for worker in order:
        worker.end()
