"""Edges: limits that are reached and not passed, orders that only one comparison gives, and what people see printed."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.caveats import MAX_CAVEATS, check_caveats, order
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import CaveatViolation
from kanoniv_auth.core.proof import seal
from tests.core.authority import AGENT, NOW, ask, granted


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "no expiry"), (0, "0s"), (1, "1s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (3600, "1h"),
        (5400, "1h30m"), (14400, "4h"), (86399, "23h59m"), (86400, "1d"), (90061, "1d1h"), (86401, "1d1s"),
    ],
)  # fmt: skip
def test_a_duration_is_printed_in_its_two_largest_units(seconds: int | None, text: str) -> None:
    assert format_ttl(seconds) == text


def test_caveats_are_sorted_by_their_bytes_whatever_their_types() -> None:
    rows: list[tuple[str | int, ...]] = [("x", 9), ("x", 10), ("x", "a"), ("x",), ("x", 9)]
    assert order(rows) == [("x", "a"), ("x", 10), ("x", 9), ("x",)]
    two = granted("deploy", caveats=[("zone", 9), ("zone", 10), ("zone", "eu")])
    with pytest.raises(CaveatViolation) as refusal:
        ask(seal(two, AGENT, now=NOW), "deploy")
    assert refusal.value.facts == {"name": "zone"}


def test_as_many_caveats_as_there_may_be() -> None:
    rows = [("context", f"key-{number:02}", "v") for number in range(MAX_CAVEATS)]
    assert check_caveats(reversed(rows)) == tuple(rows)
    assert check_caveats(()) == ()
