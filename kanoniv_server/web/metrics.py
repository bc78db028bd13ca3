"""What /metrics says: requests and seconds for each route. Counted as plain integers, written out when asked for.

Labels are the table's routes and our own status numbers, never anything that a request brought along.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics(Collector):
    """The counts of one process. going: requests in hand · shed: refused for want of room."""

    def __init__(self) -> None:
        self.going = 0
        self.shed = 0
        self._statuses: dict[tuple[str, str, int], int] = defaultdict(int)
        self._slots: dict[str, list[int]] = {}
        self._sums: dict[str, float] = defaultdict(float)
        self._refusals: dict[str, int] = defaultdict(int)
        self._gauges: dict[str, float] = {}
        self._whole = False
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._statuses[method, route, status] += 1
        slots = self._slots.get(route)
        if slots is None:
            slots = self._slots[route] = [0] * (len(BOUNDS) + 1)
        slots[bisect_left(BOUNDS, seconds)] += 1
        self._sums[route] += seconds

    def refuse(self, slug: str) -> None:
        """Count a token that was not accepted. slug: of our own table."""
        self._refusals[slug] += 1

    def total(self, route: str) -> int:
        """How many requests a route has had."""
        return sum(self._slots.get(route, ()))

    def text(self, gauges: dict[str, float], *, whole: bool) -> bytes:
        """Write it in Prometheus' text format. gauges: name -> value, of a tenant · whole: the process, too."""
        self._gauges, self._whole = gauges, whole
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Give what there is, as prometheus-client asks for it."""
        if self._whole:
            yield from self._process()
        # the published product's names
        for name, value in sorted(self._gauges.items()):
            yield GaugeMetricFamily(name, name.replace("_", " "), value=value)

    def _process(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "kanoniv_requests", "Requests answered", labels=("method", "route", "status")
        )
        for (method, route, status), count in sorted(self._statuses.items()):
            requests.add_metric((method, route, str(status)), count)
        yield requests
        seconds = HistogramMetricFamily(
            "kanoniv_request_seconds", "Time to answer", labels=("route",)
        )
        for route, slots in sorted(self._slots.items()):
            seconds.add_metric((route,), _cumulative(slots), self._sums[route])
        yield seconds
        refusals = CounterMetricFamily(
            "kanoniv_refusals", "Tokens not accepted", labels=("reason",)
        )
        for slug, count in sorted(self._refusals.items()):
            refusals.add_metric((slug,), count)
        yield refusals
        yield CounterMetricFamily("kanoniv_shed", "Refused for want of room", value=self.shed)
        yield GaugeMetricFamily("kanoniv_requests_in_hand", "Going on now", value=self.going)


def _cumulative(slots: list[int]) -> list[tuple[str, float]]:
    rows, total = [], 0.0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), slots, strict=True):
        total += count
        rows.append((bound, total))
    return rows
