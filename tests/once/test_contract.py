"""What every memory of used things has to do, whatever it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.port import Once, entry
from tests.advisories.attacker import ALICE, NOW, honest
from tests.advisories.verifier import ACCEPTED, once_over

Opener = Callable[[], Once]
ROOT = Path(__file__).resolve().parents[2]
THREADS, PROCESSES = 200, 20


def test_the_first_time_and_never_again(open_once: Opener) -> None:
    once = open_once()
    assert [once.spend("pop", b"key", 60) for _ in range(4)] == [True, False, False, False]
    assert open_once().spend("pop", b"key", 60) is False


def test_until_its_time_is_over(open_once: Opener) -> None:
    once = open_once()
    began = time.monotonic()
    assert once.spend("pop", b"key", 1)
    # a second use does not keep it alive, even one that asks for longer
    assert not once.spend("pop", b"key", 3600)
    while not once.spend("pop", b"key", 60):
        assert time.monotonic() - began < 5
        time.sleep(0.05)
    assert time.monotonic() - began >= 0.95
    assert not once.spend("pop", b"key", 60)


def test_another_key_and_another_namespace_are_apart(open_once: Opener) -> None:
    once = open_once()
    pairs = [("pop", b"key"), ("jti", b"key"), ("pop", b"kez"), ("pop", b"ke"), ("pop", b"keyy")]
    assert [once.spend(name, key, 60) for name, key in pairs] == [True] * len(pairs)
    assert [once.spend(name, key, 60) for name, key in pairs] == [False] * len(pairs)


@pytest.mark.parametrize(
    "pairs",
    [
        [("pop", b"x"), ("po", b"px"), ("p", b"opx")],
        [("a", b"\0b"), ("a\0", b"b"), ("a", b"b")],
        [("a:", b"b"), ("a", b":b"), ("a", b"\x01:b")],
        [("\x01a", b"b"), ("\x01", b"ab"), ("\x02", b"\x01ab")],
    ],
)
def test_no_two_pairs_become_one(open_once: Opener, pairs: list[tuple[str, bytes]]) -> None:
    once = open_once()
    assert [once.spend(name, key, 60) for name, key in pairs] == [True] * len(pairs)


@pytest.mark.parametrize(
    "key",
    [b"", b"\0", bytes(range(256)), b"\xff\xfe", b"a\r\nb", b"*3\r\n$8\r\nFLUSHALL\r\n", b"k" * 100_000],
    ids=["empty", "nul", "all", "no text", "lines", "protocol", "long"],
)  # fmt: skip
def test_a_key_is_any_bytes(open_once: Opener, key: bytes) -> None:
    once = open_once()
    assert once.spend("pop", key, 60)
    assert not once.spend("pop", key, 60)
    assert once.spend("pop", key + b"\0", 60)


@pytest.mark.parametrize(
    ("namespace", "key", "ttl"),
    [
        ("", b"k", 60),
        ("n" * 256, b"k", 60),
        ("é", b"k", 60),
        ("pop", "k", 60),
        ("pop", bytearray(b"k"), 60),
        ("pop", b"k", 0),
        ("pop", b"k", -1),
        ("pop", b"k", 1.5),
        ("pop", b"k", float("nan")),
        ("pop", b"k", True),
        ("pop", b"k", 400 * 86400 + 1),
    ],
)
def test_what_no_caller_should_ask_is_no_answer(
    open_once: Opener, namespace: str, key: bytes, ttl: int
) -> None:
    with pytest.raises((TypeError, ValueError)):
        open_once().spend(namespace, key, ttl)


def test_the_longest_time_is_taken(open_once: Opener) -> None:
    assert open_once().spend("jti", b"k", 400 * 86400)


# ------------------------------------------------------------------------------------------------- races


def test_of_many_threads_exactly_one_is_first(open_once: Opener) -> None:
    once, other = open_once(), open_once()
    gate = threading.Barrier(THREADS)
    answers: list[object] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            answers.append((once if number % 2 else other).spend("pop", b"key", 60))
        except StorageError as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == THREADS
    assert [a for a in answers if not isinstance(a, bool)] == []
    assert answers.count(True) == 1


def test_many_threads_with_many_keys_lose_none(open_once: Opener) -> None:
    once = open_once()
    answers: list[bool] = []

    def run() -> None:
        answers.extend([once.spend("pop", number.to_bytes(2, "big"), 60) for number in range(50)])

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers.count(True), len(answers)) == (50, 400)


RACER = """
import sys, time
from tests.once.conftest import opener
at, where = float(sys.argv[1]), sys.argv[2]
time.sleep(max(0, at - time.time()))
once = opener(where)()  # the file is made in the race, too
print(*[int(once.spend("pop", bytes([key]), 60)) for key in range(10)])
"""


def test_of_many_processes_exactly_one_is_first(shared: str) -> None:
    # what talks to a database takes more than a second to load
    many = 6 if shared.startswith("postgresql") else PROCESSES
    words = [sys.executable, "-c", RACER, str(time.time() + 4), shared]
    processes = [
        subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(many)
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert [err for _, err in said if err] == []
    answers = [[int(digit) for digit in out.split()] for out, _ in said]
    assert len(answers) == many
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 10


FORKED = """
import os, sys
from tests.once.conftest import opener
once = opener(sys.argv[1])()
assert once.spend("pop", b"before", 60)
pid = os.fork()
if pid == 0:
    said = [once.spend("pop", key, 60) for key in (b"before", b"child")]
    os._exit(0 if said == [False, True] else 1)
assert os.waitpid(pid, 0)[1] == 0
assert [once.spend("pop", k, 60) for k in (b"before", b"child", b"after")] == [False, False, True]
"""


def test_a_forked_child_and_its_parent_share_it(shared: str) -> None:
    words = [sys.executable, "-W", "error", "-c", FORKED, shared]
    subprocess.run(words, cwd=ROOT, check=True, timeout=30)


# ------------------------------------------------------------------------------- what it is there for


def test_a_proof_for_one_request_is_taken_once(open_once: Opener) -> None:
    first, second = open_once(), open_once()
    token = honest().pop()
    for cache in (None, Cache()):
        words = [
            once_over(token, once=lambda key, ttl: first.spend("pop", key, ttl), cache=cache),
            once_over(token, once=lambda key, ttl: second.spend("pop", key, ttl), cache=cache),
        ]
        assert words == ([ACCEPTED, "replayed"] if cache is None else ["replayed", "replayed"])


def test_a_forged_proof_leaves_nothing(open_once: Opener) -> None:
    """The signature is checked before anything is kept, or whoever sees a nonce could block its owner."""
    once = open_once()
    asked: list[bytes] = []

    def spend(key: bytes, ttl: int) -> bool:
        asked.append(key)
        return once.spend("pop", key, ttl)

    nonce = os.urandom(16)
    chain = honest()
    forged = [
        chain.pop(nonce=nonce, signer=ALICE),
        chain.pop("deploy.staging.web", nonce=nonce),
        chain.pop(nonce=nonce, args=b"other"),
        chain.pop(nonce=nonce, audience="other"),
        chain.pop(nonce=nonce, tag=b"kanoniv-auth/2 seal\0"),
    ]
    assert [once_over(token, once=spend) for token in forged] == ["bad_signature"] * len(forged)
    assert once_over(chain.pop(nonce=nonce, iat=NOW - 61), once=spend) == "proof_expired"
    assert asked == []
    assert once_over(chain.pop(nonce=nonce), once=spend) == ACCEPTED
    assert len(asked) == 1


def test_an_entry_does_not_say_what_was_used() -> None:
    made = entry("jti", b"a-token-id", 60)
    assert len(made) == 32
    assert b"token" not in made
