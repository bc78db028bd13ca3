"""When a request is tried again: what may pass by itself, with full jitter, within one deadline. Not a client.

408, 425, 429, 5xx and faults of the connection; Retry-After is honoured, and no wait follows the last attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PASSING = (408, 425, 429)
CONNECTION = 0
_BASE, _CAP = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long. deadline: of `clock`, in seconds · jitter: 0 ≤ x < 1 · told: says what is waited for."""

    attempts: int
    deadline: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    told: Callable[[str], None]

    def call(
        self,
        call: Callable[[], T],
        errors: tuple[type[Exception], ...],
        status: Callable[[Exception], tuple[int, str]],
    ) -> T:
        """Run `call` until it passes. status: HTTP status (`CONNECTION` for none) and Retry-After of an error.

        Raises: the last error.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return call()
            except errors as error:
                code, after = status(error)
                wait = self._wait(attempt, after)
                if (
                    attempt == self.attempts
                    or not is_passing(code)
                    or self.clock() + wait >= self.deadline
                ):
                    raise
                shown = f"HTTP {code}" if code else type(error).__name__
                self.told(f"attempt {attempt + 1}/{self.attempts} in {wait:.1f} s: {shown}")
                self.sleep(wait)
        raise AssertionError("no attempts")

    def _wait(self, attempt: int, after: str) -> float:
        if after.isascii() and after.isdigit() and len(after) < 6:
            return float(after)
        return self.jitter() * min(_CAP, _BASE * (1 << attempt))


def is_passing(code: int) -> bool:
    """Whether what has this HTTP status (`CONNECTION` for none) may pass by itself."""
    return code == CONNECTION or code in PASSING or code >= 500
