"""Writes records of the audit log beside the proxy's loop, so that no server waits for the disk.

What is handed in is written within milliseconds, in its order, several at a time; when too much waits, so does whoever
hands in more. A record that has to be there before a call goes on is not for this; one that has to be there before the
client hears of it is: what the client is told waits for `written`.
"""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from kanoniv_auth.api import audit_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.audit import Happening
    from kanoniv_auth.store.home import Home

_MOST, _AT_ONCE = 256, 16


class Scribe:
    """One thread, from when this is entered to when it is left; then all is written. say: a line for people.

    handed, written: how many records, from the first one on; one that could not be written counts, and was told of ·
    fd: can be read when `written` has grown
    """

    handed: int
    written: int
    fd: int

    def __init__(self, home: Home, say: Callable[[str], None]) -> None:
        self._home, self._say = home, say
        self.handed = self.written = 0
        self._waiting: queue.Queue[Happening | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Scribe:
        self.fd, self._wake = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._wake, False)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        os.close(self.fd)
        os.close(self._wake)

    def put(self, what: Happening) -> None:
        """Hand in a record."""
        self._waiting.put(what)
        self.handed += 1

    def seen(self) -> None:
        """Take note that `written` has grown."""
        try:
            os.read(self.fd, 4096)
        except BlockingIOError:
            pass

    def _has_written(self, count: int) -> None:
        self.written += count
        try:
            os.write(self._wake, b"\0")
        except BlockingIOError:
            pass  # it is full of that news

    def _write(self) -> None:
        more = True
        while more:
            every = [self._waiting.get()]
            while len(every) < _AT_ONCE and not self._waiting.empty():
                every.append(self._waiting.get())
            more = every[-1] is not None
            told = [what for what in every if what is not None]
            if told:
                self._record(told)
                self._has_written(len(told))

    def _record(self, told: list[Happening]) -> None:
        try:
            failed = audit_log.record_all(self._home, told)
        except Exception as error:  # noqa: BLE001 - without this thread nothing would be recorded, and all would wait
            self._say(f"note: not recorded: {type(error).__name__}: {error}")
            return
        if failed is not None:
            self._say(f"note: {audit_log.not_recorded(failed)['note']}")
