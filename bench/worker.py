"""One contender's process: times its subjects when asked, and libsodium's bare functions beside each.

The driver writes a line, the worker answers with one line of JSON. Before and after each batch of a
subject stands a batch of the yardstick, so that a ratio compares neighbours in time. The yardstick
goes through `crypto_sign_open` and `crypto_sign` of libsodium with buffers made beforehand, on
sixteen messages of a link's length under sixteen keys: nothing of ours, nothing cheaper in Python.
Thread CPU time, so that a neighbour who takes the core is not counted. Not a test.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import math
import resource
import sys
import time
from collections.abc import Callable, Mapping

# number of calls -> a function that makes them; whatever has to be ready is made before the clock runs
Subject = Callable[[int], Callable[[], object]]

LINK_MESSAGE = 195
BATCH_NS = 1_000_000
_KEYS = 16


def repeat(call: Callable[[], object]) -> Subject:
    """A subject that is one call, again and again."""

    def batch(calls: int) -> Callable[[], object]:
        turns = range(calls)

        def run() -> None:
            for _ in turns:
                call()

        return run

    return batch


def each(calls_over: list[Callable[[], object]]) -> Subject:
    """A subject whose calls take turns over several inputs, so that no predictor learns one."""

    def batch(calls: int) -> Callable[[], object]:
        order = [calls_over[index % len(calls_over)] for index in range(calls)]

        def run() -> None:
            for call in order:
                call()

        return run

    return batch


def bytes_of(label: str, size: int = 32) -> bytes:
    """Bytes that are the same in every run."""
    return hashlib.sha256(label.encode()).digest()[:size]


class Yardstick:
    """Libsodium's own verify and sign, called through cffi with nothing around them."""

    def __init__(self) -> None:
        sodium = importlib.import_module("nacl._sodium")
        ffi, lib = sodium.ffi, sodium.lib
        lib.sodium_init()
        out = ffi.new("unsigned char[]", 64 + LINK_MESSAGE)
        length = ffi.new("unsigned long long *")
        verifies: list[Callable[[], object]] = []
        signs: list[Callable[[], object]] = []
        for number in range(_KEYS):
            public, secret = ffi.new("unsigned char[32]"), ffi.new("unsigned char[64]")
            lib.crypto_sign_seed_keypair(public, secret, bytes_of(f"yardstick {number}"))
            key, expanded = bytes(ffi.buffer(public)), bytes(ffi.buffer(secret))
            message = (bytes_of(f"message {number}") * 7)[:LINK_MESSAGE]
            lib.crypto_sign(out, length, message, len(message), expanded)
            signed = bytes(ffi.buffer(out))
            verifies.append(_bound(lib.crypto_sign_open, out, length, signed, key))
            signs.append(_bound(lib.crypto_sign, out, length, message, expanded))
        self.verify, self.sign = each(verifies), each(signs)


def _bound(
    function: Callable[..., object], out: object, length: object, data: bytes, key: bytes
) -> Callable[[], object]:
    size = len(data)
    return lambda: function(out, length, data, size, key)


def timed(run: Callable[[], object], calls: int) -> float:
    """Nanoseconds of CPU per call."""
    began = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - began) / calls


def fitting(subject: Subject) -> int:
    """How many calls make a batch of one millisecond."""
    subject(2)()
    once = min(timed(subject(3), 3) for _ in range(3))
    return max(2, round(BATCH_NS / once))


# ns of the subject, of one verify, of one signature, and of the control loop beside them
Cell = tuple[float, float, float, float]


def control() -> int:
    """A loop that is nobody's subject: how fast the interpreter is at this moment."""
    total = 0
    for number in range(2000):
        total += number
    return total


class Round:
    """One pass over all subjects, each between two batches of the yardstick.

    Each cell also holds what a loop took that has nothing to do with any subject, before and after
    (without end when the kernel took the core away meanwhile): by that alone the driver chooses the
    quieter half of a subject's cells. Whose caches these are is not the subject's doing.
    """

    def __init__(self, subjects: Mapping[str, Subject]) -> None:
        yardstick = Yardstick()
        self._subjects = {name: (subject, fitting(subject)) for name, subject in subjects.items()}
        self._turns = fitting(yardstick.verify)
        self._verify = yardstick.verify(self._turns)
        self._sign = yardstick.sign(2 * self._turns)

    def run(self) -> dict[str, Cell]:
        """Time every subject once."""
        return {name: self._cell(*subject) for name, subject in self._subjects.items()}

    def _cell(self, subject: Subject, calls: int) -> Cell:
        run, first = subject(calls), subject(1)
        switches, noise = _switches(), timed(control, 1)
        before = timed(self._verify, self._turns)
        first()  # the interpreter's own code is back in the core's caches
        spent = timed(run, calls)
        signature = timed(self._sign, 2 * self._turns)
        after = timed(self._verify, self._turns)
        noise = max(noise, timed(control, 1))
        undisturbed = _switches() == switches
        return spent, (before + after) / 2, signature, noise if undisturbed else math.inf


def _switches() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def serve(subjects: Mapping[str, Subject], facts: Mapping[str, object]) -> None:
    """Answer the driver until it closes the pipe: first with `facts`, then with a round each time."""
    rounds = Round(subjects)
    gc.collect()
    gc.freeze()
    _say(facts)
    for _ in sys.stdin:
        _say(rounds.run())


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
