"""What every target stands on: the keys whose seeds are known here, what a finding is, and what a refusal may cost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Protocol, TypeVar

from kanoniv_auth.core.errors import AuthError
from tests.core.vector_files import Vector
from vectors import forge

# of one refusal: CPU seconds, and characters of its sentence beyond four for each that was read
SLOW, LONG = 0.05, 2000
KEYS = {
    key.public: key
    for key in (
        forge.ROOT, forge.OTHER_ROOT, forge.CI, forge.BUILDER, forge.HELPER, forge.EVE, *forge.AGENTS,
    )
}  # fmt: skip
Answer = TypeVar("Answer")


class Finding(Exception):
    """Something that must never happen; the input that did it is kept."""


class Target(Protocol):
    """One thing to fuzz: what to begin with, how to change it, what must hold for every input."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """Inputs to begin with; honest: only those in which nothing is wrong."""

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change one input, with its structure in mind."""

    def check(self, data: bytes) -> None:
        """Ask the library about one input. Raises: Finding, or whatever the library should not have raised."""

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs to plant in memory: name -> what plants it. Each must be found."""


def need(truth: object, what: str) -> None:
    """Raise a Finding unless it is so."""
    if not truth:
        raise Finding(what)


def asked(vector: Vector) -> bytes:
    """What one vector asks, without its answer and what is for people."""
    hidden = {"name", "why", "rows", "expect"}
    case = {name: part for name, part in vector.case.items() if name not in hidden}
    return json.dumps(case).encode("ascii")


def signed(public: bytes, signature: bytes, message: bytes, where: str) -> None:
    """Whether a signature that was accepted is the one its key makes: keys nobody here holds sign nothing."""
    need(public in KEYS, f"{where}: accepted by a key whose seed nobody has")
    need(KEYS[public].sign(message) == signature, f"{where}: accepted, and not what its key signs")


def judged(size: int, ask: Callable[[], Answer]) -> Answer | AuthError:
    """The answer, or the refusal when it is one that costs little and says little. `size`: characters read."""
    for attempt in range(3):
        before = time.thread_time()
        try:
            return ask()
        except AuthError as refusal:
            # a process can be held up once; a cost comes back
            taken = time.thread_time() - before
            if taken > SLOW and attempt < 2:
                continue
            need(taken <= SLOW, f"a refusal took {taken:.3f} s")
            sentence = str(refusal)
            need(len(sentence) <= 4 * size + LONG, f"a refusal of {len(sentence)} characters")
            need("\n" not in sentence, "a refusal of several lines")
            return refusal
    raise AssertionError
