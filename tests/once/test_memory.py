"""The memory of one process: bounded, and never a guess."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.memory import MemoryOnce
from tests.advisories.attacker import NOW, honest
from tests.advisories.verifier import ACCEPTED, once_over


class Clock:
    """Turned by hand."""

    def __init__(self) -> None:
        self.now: float = 1000

    def __call__(self) -> float:
        return self.now


def test_to_the_second() -> None:
    clock = Clock()
    once = MemoryOnce(clock=clock)
    assert once.spend("pop", b"k", 150)
    clock.now += 149.999
    assert not once.spend("pop", b"k", 150)
    clock.now = 1150
    assert once.spend("pop", b"k", 150)


def test_what_is_over_is_dropped() -> None:
    clock = Clock()
    once = MemoryOnce(clock=clock)
    for number in range(100):
        once.spend("pop", bytes([number]), 10 + number)
    assert len(once) == 100
    clock.now += 59
    assert once.spend("jti", b"", 1)
    assert len(once) == 51
    assert len(once._ends) == len(once._alive)


def test_full_is_an_error_and_nothing_alive_is_forgotten() -> None:
    clock = Clock()
    once = MemoryOnce(limit=3, clock=clock)
    assert [once.spend("pop", key, ttl) for key, ttl in ((b"a", 10), (b"b", 20), (b"c", 30))]
    for _ in range(3):
        with pytest.raises(StorageError, match="3 entries are alive"):
            once.spend("pop", b"d", 10)
    # what is known can still be told
    assert not any(once.spend("pop", key, 10) for key in (b"a", b"b", b"c"))
    clock.now += 10
    assert once.spend("pop", b"d", 10)
    with pytest.raises(StorageError):
        once.spend("pop", b"e", 10)


def test_a_verifier_whose_memory_is_full_refuses() -> None:
    once = MemoryOnce(limit=1)
    once.spend("pop", b"", 60)
    token = honest().pop()
    assert once_over(token, once=lambda key, ttl: once.spend("pop", key, ttl)) == "storage"


@pytest.mark.parametrize("back", [0.5, 100, 1e9, float("nan")])
def test_a_clock_that_went_back_behind_something_forgotten(back: float) -> None:
    """A jump ahead lets things be forgotten that are good again when the clock comes back."""
    clock = Clock()
    once = MemoryOnce(clock=clock)
    token = honest().pop()

    def spend(key: bytes, ttl: int) -> bool:
        return once.spend("pop", key, ttl)

    assert once_over(token, once=spend) == ACCEPTED
    clock.now += 200
    assert once.spend("jti", b"x", 5)  # the nonce is forgotten here
    assert len(once) == 1
    clock.now = 1150 - back
    assert once_over(token, once=spend, now=NOW) == "storage"


def test_a_clock_that_went_back_behind_nothing_is_no_trouble() -> None:
    clock = Clock()
    once = MemoryOnce(clock=clock)
    assert once.spend("pop", b"k", 60)
    clock.now -= 500
    assert not once.spend("pop", b"k", 60)
    assert once.spend("pop", b"l", 60)


def test_the_limit_holds_for_many_threads() -> None:
    once = MemoryOnce(limit=100)
    answers: list[bool | StorageError] = []

    def run(number: int) -> None:
        for at in range(20):
            try:
                answers.append(once.spend("pop", bytes([number, at]), 60))
            except StorageError as error:
                answers.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert (answers.count(True), len(answers)) == (100, 400)
    assert len(once) == 100


class Slow(set[bytes]):
    """Lets others in between looking and adding."""

    def __contains__(self, name: object) -> bool:
        found = super().__contains__(name)
        time.sleep(0.002)
        return found


def test_nobody_comes_in_between_looking_and_adding() -> None:
    once = MemoryOnce()
    once._alive = Slow()
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(once.spend("pop", b"k", 60)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 19 + [True]
