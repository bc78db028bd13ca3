"""One JSON line for each request, on stderr. It has no body, token, key, query or address in it: it is not given them.

Lines are gathered for a tenth of a second and written by a thread, so that a full pipe holds up nobody's request.
"""

from __future__ import annotations

import json
import os
import time
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_EVERY = 0.1
_MOST = 20000
_LAST_SECONDS = 2.0


class Lines:
    """Writes lines to a descriptor. Belongs to one event loop. What cannot be written is counted and dropped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        self._loop, self._descriptor = loop, descriptor
        self._lines: list[str] = []
        self._waiting = 0
        self._dropped = 0
        self._due = False
        self._queue: SimpleQueue[list[str] | None] = SimpleQueue()
        self._thread = Thread(target=self._write_on, name="kanoniv-log", daemon=True)
        self._thread.start()

    def request(  # noqa: PLR0917 - the columns of a line, for every request
        self, method: str, route: str, status: int, seconds: float, key: str, request_id: str
    ) -> None:
        """Log a request. method and route: from the table of routes · key: an API key's id, or empty."""
        self._add(
            f'{{"time":{time.time():.3f},"event":"request","method":"{method}","route":"{route}",'
            f'"status":{status},"ms":{seconds * 1000:.2f},"key":"{key}","id":"{request_id}"}}\n'
        )

    def event(self, event: str, **facts: str | float) -> None:
        """Log what happened to the service itself."""
        line = {"time": round(time.time(), 3), "event": event, **facts}
        self._add(json.dumps(line, separators=(",", ":")) + "\n")

    def _add(self, line: str) -> None:
        if self._waiting >= _MOST:
            self._dropped += 1
            return
        self._waiting += 1
        self._lines.append(line)
        if not self._due:
            self._due = True
            self._loop.call_later(_EVERY, self._flush)

    def _flush(self) -> None:
        self._due = False
        if self._lines:
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._lines.append(f'{{"event":"log lines dropped","count":{dropped}}}\n')
            self._queue.put(self._lines)
            self._lines = []

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._queue.put(None)
        self._thread.join(_LAST_SECONDS)

    def _write_on(self) -> None:
        while (lines := self._queue.get()) is not None:
            try:
                data = memoryview("".join(lines).encode("ascii", "backslashreplace"))
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                self._dropped += len(lines)
            finally:
                self._waiting -= len(lines)
