"""Signed receipts on disk: one envelope a file, in streams that are chained by hash.

A stream belongs to one process, one home and one holder (docs/spec/token.md §3): 16 random bytes, a sequence
number, and the id of the envelope before. Not a signer: the caller makes the envelope.
"""

from __future__ import annotations

import os
from _thread import allocate_lock  # `threading` costs 3 ms and does no more here

from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.envelope import ENVELOPE_PREFIX, FIRST, MAX_ENVELOPE, envelope_id
from kanoniv_auth.core.sodium import SIGNATURE
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.store.home import Home

SUFFIX = ".kde2"


class Stream:
    """The envelopes of one holder in one process and home. Mutable: it counts."""

    __slots__ = ("_folder", "_lock", "_seq", "id", "prev")

    id: bytes
    prev: bytes

    def __init__(self, home: Home, stream_id: bytes) -> None:
        self._folder, self._lock = home.receipts, allocate_lock()
        self._seq, self.id, self.prev = 0, stream_id, FIRST

    def reserve(self) -> files.NewFile:
        """Open the next receipt's file, so that a full or read-only disk is known before anything is done.

        Raises: StorageError.
        """
        path = f"{self._folder}/{self.id.hex()}.{self._seq:08d}{SUFFIX}"
        return files.NewFile(path, room=MAX_ENVELOPE)

    def append(
        self, make: Callable[[bytes, int, bytes], str], new: files.NewFile | None = None
    ) -> tuple[str, bytes]:
        """Make the next envelope from (stream, seq, prev) and keep it; returns its text and id.

        new: what `reserve` gave. Raises: StorageError; the stream then stands where it stood.
        """
        with self._lock:
            envelope = make(self.id, self._seq, self.prev)
            with new or self.reserve() as file:
                file.commit(envelope.encode("ascii"))
            self._seq += 1
            self.prev = _id_of(envelope)
            return envelope, self.prev


def _id_of(envelope: str) -> bytes:
    body = envelope.removeprefix(ENVELOPE_PREFIX).partition("~")[0]
    return envelope_id(unb64u(body)[SIGNATURE:])


class Streams:
    """The streams of this process, one for each home and holder; a forked child starts its own."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[tuple[int, str, bytes], Stream] = {}

    def of(self, home: Home, holder: bytes) -> Stream:
        """Return this process's stream of a holder (public key) in a home."""
        key = (os.getpid(), home.path, holder)
        if key not in self._open:
            self._open[key] = Stream(home, os.urandom(16))
        return self._open[key]
