"""docs/bench-server.md as text: ratios of each round's bursts to the no-op's of the same round, and the rest beside."""

from __future__ import annotations

import platform
import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.report import machine
from bench.rounds import Spread
from bench.server.load import Burst

NOOP, WARM, LONG = "no-op", "verify, warm", "verify, warm, the long way"
COLD1, COLD4 = "verify, cold, 1 link", "verify, cold, 4 links"
MEMORY, DURABLE = "issue, in memory", "issue, SQLite, durable"
NEWCOMERS = "issue, in memory, a new receiver each time"
RATIO, P99 = 0.90, 5.0
# reported beside what was found: answers a second, and p99 in ms
_WANTED: Mapping[str, tuple[float, float | None]] = {
    COLD1: (5000, None),
    COLD4: (2000, 20.0),
    MEMORY: (8000, None),
    DURABLE: (1000, None),
}

Round = Mapping[str, Sequence[Burst]]


def quiet(rounds: Sequence[Round]) -> list[Round]:
    """The half in which the no-op ran fastest: a neighbour was about in the others. No ratio is looked at."""
    ordered = sorted(rounds, key=lambda one: _rate(one[NOOP]), reverse=True)
    return ordered[: (len(rounds) + 1) // 2]


def _rate(bursts: Sequence[Burst]) -> float:
    return statistics.fmean(one.rate for one in bursts)


def _cpu(bursts: Sequence[Burst]) -> float:
    return statistics.fmean(one.cpu for one in bursts)


@dataclass(frozen=True, slots=True)
class Found:
    """What all rounds say of one subject. ratio: of rates, to the no-op of the same round · cpu_ratio: of CPU times."""

    rate: Spread
    ratio: Spread
    cpu: Spread
    cpu_ratio: Spread
    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: Sequence[Round], name: str) -> Found:
        """Put one subject's bursts together."""
        every = [burst for one in rounds for burst in one[name]]
        return cls(
            Spread.of(_rate(one[name]) for one in rounds),
            Spread.of(_rate(one[name]) / _rate(one[NOOP]) for one in rounds),
            Spread.of(_cpu(one[name]) for one in rounds),
            Spread.of(_cpu(one[NOOP]) / _cpu(one[name]) for one in rounds),
            statistics.median(burst.p50 for burst in every),
            statistics.median(burst.p99 for burst in every),
        )


def faults(rounds: Sequence[Round]) -> list[str]:
    """What fails the run: ratios alone, since a neighbour slows both sides."""
    warm, noop = Found.of(rounds, WARM), Found.of(rounds, NOOP)
    wrong = []
    if warm.ratio.median < RATIO:
        wrong.append(
            f"warm verify: {warm.ratio.median:.3f} × the no-op's rate, {RATIO} are promised"
        )
    if warm.p99 >= P99 > noop.p99:
        wrong.append(f"warm verify: p99 {warm.p99:.2f} ms, and the no-op's {noop.p99:.2f} ms")
    return wrong


def table(rounds: Sequence[Round]) -> str:
    """A row for each subject."""
    return "\n".join(_row(name, Found.of(rounds, name)) for name in rounds[0])


def _row(name: str, found: Found) -> str:
    rate = f"{found.rate.median:,.0f} ({found.rate.low:,.0f}–{found.rate.high:,.0f})"
    ratio = f"{found.ratio.median:.3f} ({found.ratio.low:.3f}–{found.ratio.high:.3f})"
    cpu = f"{found.cpu.median:.0f} µs"
    return f"| {name} | {rate} | {ratio} | {found.p50:.2f} ms | {found.p99:.2f} ms | {cpu} |"


def goals(rounds: Sequence[Round]) -> str:
    """A row for each goal."""
    warm, noop = Found.of(rounds, WARM), Found.of(rounds, NOOP)
    beside = f"no-op: p50 {noop.p50:.2f} ms, p99 {noop.p99:.2f} ms"
    spread = f"{warm.ratio.low:.3f}–{warm.ratio.high:.3f}; of CPU time {warm.cpu_ratio.median:.3f}"
    rows = [
        _goal(
            f"{WARM}, rate",
            f"≥ {RATIO} × no-op",
            f"{warm.ratio.median:.3f} ×",
            spread,
            met=warm.ratio.median >= RATIO,
        ),
        _goal(f"{WARM}, p99", f"< {P99:g} ms", f"{warm.p99:.2f} ms", beside, met=warm.p99 < P99),
    ]
    for name, (rate, p99) in _WANTED.items():
        found = Found.of(rounds, name)
        detail = (
            f"{found.rate.low:,.0f}–{found.rate.high:,.0f}; {found.ratio.median:.3f} × no-op; "
            f"p50 {found.p50:.2f} ms, p99 {found.p99:.2f} ms"
        )
        wanted, median = f"≥ {rate:,.0f}/s", found.rate.median
        rows.append(_goal(name, wanted, f"{median:,.0f}/s", detail, met=median >= rate))
        if p99 is not None:
            limit = f"< {p99:g} ms"
            rows.append(
                _goal(f"{name}, p99", limit, f"{found.p99:.2f} ms", beside, met=found.p99 < p99)
            )
    return "\n".join(rows)


def _goal(what: str, wanted: str, found: str, detail: str, *, met: bool) -> str:
    return f"| {what} | {wanted} | {found} | {detail} | {'met' if met else '**missed**'} |"


def page(rounds: Sequence[Round], *, of: int, seconds: int, flushes: float) -> str:
    """The whole page. of: rounds there were · seconds: of a burst · flushes: a second, of the same disk."""
    template = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    parts = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine(),
        "versions": _versions(),
        "rounds": str(of),
        "counted": str(len(rounds)),
        "seconds": str(seconds),
        "flushes": f"{flushes:,.0f}",
        "goals": goals(rounds),
        "table": table(rounds),
        "noop_cpu": f"{Found.of(rounds, NOOP).cpu.median:.0f} µs",
    }
    return re.sub(r"\{\{(.+?)\}\}", lambda found: parts[found[1]], template)


def _versions() -> str:
    named = ("uvicorn", "uvloop", "httptools", "SQLAlchemy", "PyNaCl")
    libraries = ", ".join(f"{name} {version(name)}" for name in named)
    said = subprocess.run(
        ["wrk", "--version"],  # noqa: S607 - as everywhere here, the one on the path
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    wrk = said.split()[1].rpartition("/")[2] if len(said.split()) > 1 else "of this machine"
    return f"CPython {platform.python_version()}, {libraries}, wrk {wrk}"
