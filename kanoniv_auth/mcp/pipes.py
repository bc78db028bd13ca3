"""Two ends of the proxy's loop: what waits to be written, and signals as something that can be read."""

from __future__ import annotations

import os
import signal
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanoniv_auth.mcp.scribe import Scribe

FORWARDED = (
    signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip


class Pile:
    """What waits to be written to one descriptor. at_once: how much one write may try."""

    __slots__ = ("_at_once", "_parts", "fd", "open", "size")

    fd: int
    open: bool
    size: int

    def __init__(self, fd: int, at_once: int) -> None:
        self.fd, self._at_once = fd, at_once
        self._parts: deque[memoryview] = deque()
        self.size, self.open = 0, True

    def put(self, data: bytes) -> None:
        """Add to it; what is for nobody is forgotten."""
        if self.open and data:
            self._parts.append(memoryview(data))
            self.size += len(data)

    def write(self) -> bool:
        """Write once, where something can be written. Returns: False when nobody is there any more."""
        part = self._parts[0]
        try:
            done = os.write(self.fd, part[: self._at_once])
        except BlockingIOError:
            return True
        except OSError:
            self.forget()
            return False
        self.size -= done
        self._parts[0] = part[done:]
        if done == len(part):
            self._parts.popleft()
        return True

    def forget(self) -> None:
        """Nobody reads it."""
        self._parts.clear()
        self.size, self.open = 0, False

    @property
    def ready(self) -> bool:
        """Whether there is something, and nothing it waits for."""
        return bool(self._parts)


class Told(Pile):
    """What is for the client. Each part waits until every record that was handed in before it is written.

    So nobody hears of a call whose record a killed process could lose.
    """

    __slots__ = ("_after", "_records")

    def __init__(self, fd: int, at_once: int, records: Scribe) -> None:
        super().__init__(fd, at_once)
        self._records = records
        self._after: deque[int] = deque()

    def put(self, data: bytes) -> None:
        """Add to it, behind what is recorded by now."""
        if self.open and data:
            super().put(data)
            self._after.append(self._records.handed)

    def write(self) -> bool:
        """As `Pile.write`."""
        before = len(self._parts)
        there = super().write()
        if len(self._parts) < before and self._after:
            self._after.popleft()
        return there

    def forget(self) -> None:
        """As `Pile.forget`."""
        super().forget()
        self._after.clear()

    @property
    def ready(self) -> bool:
        """As `Pile.ready`."""
        return bool(self._after) and self._after[0] <= self._records.written


class Signals:
    """Signals as bytes in a pipe, while this is entered; those that are ignored stay so."""

    __slots__ = ("_before", "_wakeup", "_write", "fd")

    fd: int

    def __enter__(self) -> Signals:
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)
        self._before = {
            number: signal.signal(number, lambda *_: None)
            for number in (*FORWARDED, signal.SIGCHLD)
            if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGCHLD
        }
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.fd)
        os.close(self._write)

    def read(self) -> bytes:
        """The numbers that have come."""
        try:
            return os.read(self.fd, 4096)
        except BlockingIOError:
            return b""
