"""docs/bench.md as text: goals, peers, sizes, and what the clever lines are worth."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.logs import Appends
    from bench.processes import Run
    from bench.registry import Registered
    from bench.rounds import Spread, Timing, Worker
    from bench.starts import Starts

PEERS = {
    "published": "kanoniv-auth {}, its audit log included",
    "biscuit": "biscuit-python {}, authorizer per call",
    "tenuo": "tenuo {}, with its proof of possession",
    "pyjwt": "PyJWT {} EdDSA: one signature, no chain",
}


@dataclass(frozen=True, slots=True)
class Results:
    """Everything one run measured."""

    workers: Mapping[str, Worker]
    verified: Mapping[str, Run]
    imported: Mapping[str, Run]
    started: Mapping[str, Starts]
    logged: Appends
    compared: Mapping[str, Run]
    registered: Registered

    def timings(self, worker: str) -> Mapping[str, Timing]:
        """All subjects of one worker."""
        return self.workers[worker].timings()

    def sizes(self, worker: str) -> dict[str, int]:
        """Characters of a contender's tokens."""
        sizes = self.workers[worker].facts["sizes"]
        assert isinstance(sizes, dict)
        return sizes


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal, and what was measured."""

    what: str
    limit: float
    found: float
    detail: str
    unit: str = ""

    def row(self) -> str:
        """A row of the table."""
        limit, found = f"≤ {self.limit:g}{self.unit}", f"{self.found:.4g}{self.unit}"
        word = "met" if self.found <= self.limit else "**missed**"
        return f"| {self.what} | {limit} | {found} | {self.detail} | {word} |"


def _quartiles(spread: Spread, divisor: float = 1) -> str:
    return f"{spread.low / divisor:.3g}–{spread.high / divisor:.3g}"


def _microseconds(timing: Timing) -> str:
    return f"{timing.microseconds:.3g} µs"


def goals(results: Results) -> list[Goal]:
    """Every goal of the first slice that is a measure."""
    ours = results.timings("ours")
    rows = []

    def verifies(what: str, name: str, limit: float, divisor: int = 1, unit: str = " T") -> None:
        found = ours[name].verifies
        detail = f"{_quartiles(found, divisor)}; {_microseconds(ours[name])}"
        rows.append(Goal(what, limit, found.median / divisor, detail, unit))

    for n in (1, 2, 4, 8):
        verifies(
            f"cold verify, {n} link{'s' * (n > 1)} + seal", f"cold{n}", 1.25, n + 1, f"·{n + 1} T"
        )
    for n in (1, 2, 4, 8):
        verifies(f"warm seal, depth {n}", f"warm{n}", 0.06)
    verifies("warm seal, depth 8, a new `str` each time", "warm8_fresh", 0.06)
    verifies("the same, root pinned by its label", "warm8_label", 0.06)
    verifies("warm pop, depth 1", "pop1", 1.15)
    verifies("warm pop, depth 8", "pop8", 1.15)
    verifies("known prefix of 3 links: link 4 and its seal", "leaf4", 1.25, 2, "·2 T")
    for what, name, count in (("issue a link", "issue", 1), ("issue + seal", "issue_seal", 2)):
        found = ours[name].signatures
        detail = f"{_quartiles(found, count)}; {_microseconds(ours[name])}"
        unit = f"·{count} S" if count > 1 else " S"
        rows.append(Goal(what, 1.4, found.median / count, detail, unit))
    rows += _process_goals(results)
    rows += peer_goals(results.compared)
    rows += registry_goals(results.registered)
    rows += log_goals(results.logged)
    sizes = results.sizes("ours")
    rows.append(Goal("characters of link 0", 360, sizes["link0"], "one short scope", ""))
    rows.append(Goal("characters of a later link", 300, sizes["link"], "one short scope", ""))
    return rows


def _process_goals(results: Results) -> list[Goal]:
    run, warm = results.verified["ours d1"], results.started["warm"]
    cpu = f"processor time {run.cpu.median:.3g} ×"
    detail = f"{_quartiles(run.wall)}; {run.wall_ms:.3g} ms; {cpu}"
    seconds = f"{_quartiles(warm.ratio)}; {warm.ours:.2g} s against {warm.theirs:.2g} s"
    what = "whole process `kanoniv-auth verify`, against a bare interpreter"
    return [
        Goal(what, 3, run.wall.median, detail, " ×"),
        Goal("the same, stretch", 2, run.wall.median, detail, " ×"),
        Goal("Action's start to exported token, warm", 0.5, warm.ratio.median, seconds, " ×"),
    ]


def peer_goals(compared: Mapping[str, Run]) -> list[Goal]:
    """Whole processes of the command line, against the published one's of the same rounds."""
    return [
        Goal(
            f"whole process `{name}`, against the published 0.3.0",
            0.35,
            run.wall.median,
            f"{_quartiles(run.wall)}; {run.wall_ms:.3g} ms; processor time {run.cpu.median:.3g} ×",
            " ×",
        )
        for name, run in compared.items()
    ]


def registry_goals(found: Registered) -> list[Goal]:
    """A home's size must not be felt."""
    detail = f"{_quartiles(found.ratio)}; {found.many_ms:.3g} ms against {found.few_ms:.3g} ms"
    what = "registering the 1,000th agent, against the 10th"
    return [Goal(what, 1.5, found.ratio.median, detail, " ×")]


def log_goals(found: Appends) -> list[Goal]:
    """The goals of the audit log: one record, and one with its share of the checkpoints."""
    what = "a record in the audit log, against a bare write and fsync"
    return [
        Goal(what, 1.5, found.median, f"medians: {found.detail()}", " ×"),
        Goal("the same, checkpoints included", 1.5, found.mean, "means", " ×"),
    ]


def page(results: Results) -> str:
    """The whole page."""
    template = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    verify, sign = results.workers["ours"].yardstick()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    parts = {
        "date": today,
        "machine": machine(),
        "versions": f"CPython {platform.python_version()}, PyNaCl 1.6.2, libsodium as in its wheel",
        "verify": f"{verify:.1f}",
        "sign": f"{sign:.1f}",
        "goals": "\n".join(goal.row() for goal in goals(results)),
        "peers": _peers(results),
        "sizes": _sizes(results),
        "processes": _processes(results.verified),
        "imports": _processes(results.imported),
        "starts": _starts(results.started),
        **_gains(results.timings("clever")),
    }
    return re.sub(r"\{\{(.+?)\}\}", lambda found: parts[found[1]], template)


def machine() -> str:
    """Say what this runs on."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(line for line in text.splitlines() if line.startswith("model name"))
        count = text.count("processor\t")
        return f"{count} virtual cores of an {model.partition(':')[2].strip()}, {platform.system()}"
    except (OSError, StopIteration):
        return f"{platform.machine()}, {platform.system()}"


def _peers(results: Results) -> str:
    ours = results.timings("ours")
    rows = [
        _peer("**this project**: cold, with seal", ours),
        _peer("**this project**: warm", {f"cold{n}": ours[f"warm{n}"] for n in (1, 4, 8)}),
    ]
    for name, title in PEERS.items():
        version = results.workers[name].facts["version"]
        rows.append(_peer(title.format(version), results.timings(name)))
    return "\n".join(rows)


def _peer(title: str, timings: Mapping[str, Timing]) -> str:
    cells = []
    for name in ("cold1", "cold4", "cold8", "issue"):
        if name in timings:
            timing = timings[name]
            cells.append(f"{timing.verifies.median:.3g} T ({_microseconds(timing)})")
        else:
            cells.append("–")
    return f"| {title} | {' | '.join(cells)} |"


def _sizes(results: Results) -> str:
    rows = []
    for name in ("ours", *PEERS):
        sizes = results.sizes(name)
        title = "**this project**" if name == "ours" else PEERS[name].partition(" {}")[0]
        cells = (str(sizes.get(f"d{n}", "–")) for n in (1, 4, 8))
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _processes(runs: Mapping[str, Run]) -> str:
    return "\n".join(
        f"| {name} | {run.wall_ms:.1f} ms | {run.wall.median:.2f} × ({_quartiles(run.wall)}) "
        f"| {run.cpu_ms:.1f} ms | {run.cpu.median:.2f} × |"
        for name, run in runs.items()
    )


def _starts(started: Mapping[str, Starts]) -> str:
    return "\n".join(
        f"| {name} | {one.ours:.2f} s | {one.theirs:.2f} s | {one.ratio.median:.2f} × |"
        for name, one in started.items()
    )


def _gains(timings: Mapping[str, Timing]) -> dict[str, str]:
    gains = {}
    for name, timing in timings.items():
        plain = timings.get(f"{name}, plainly")
        if plain is not None:
            saved = plain.verifies.median - timing.verifies.median
            gains[name] = (
                f"{_microseconds(timing)} against {_microseconds(plain)} ({saved:.3f} T saved each time)"
            )
    return gains
