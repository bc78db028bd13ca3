"""The time a step has: an alarm that ends it with a refusal, where the system has alarms."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanoniv_ci.faults import Refusal, problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextmanager
def deadline(given: str) -> Iterator[None]:
    """End with a refusal after so many seconds. given: `timeout_seconds`, read elsewhere. Raises: Refusal."""
    short = given.isascii() and given.isdigit() and len(given) <= 4
    seconds = int(given) if short and 0 < int(given) <= 3600 else 60

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Refusal([problem("KAN-RUNNER-002", seconds=seconds)])

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
