"""The memory in a file: it outlives its processes, and whatever happens to the file is an error, not an answer."""

from __future__ import annotations

import os
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once import sqlite
from kanoniv_auth.once.sqlite import GRACE, SqliteOnce
from tests.advisories.attacker import honest
from tests.advisories.verifier import once_over
from tests.once.test_memory import Clock

ROOT = Path(__file__).resolve().parents[2]
FEW_SECONDS = 2.5  # 1.8 of patience, and a loaded machine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "once.db"


def refused(once: SqliteOnce, match: str = "what was used once") -> None:
    """It cannot tell, says so soon, and so does a verifier who asks it."""
    began = time.monotonic()
    with pytest.raises(StorageError, match=match) as caught:
        once.spend("pop", os.urandom(8), 60)
    assert time.monotonic() - began < FEW_SECONDS
    assert caught.value.facts["fix"]
    word = once_over(honest().pop(), once=lambda key, ttl: once.spend("pop", key, ttl))
    assert word == "storage"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_private_from_the_start(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        once = SqliteOnce(str(path))
        assert once.spend("pop", b"k", 60)
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert modes == {"once.db": 0o600, "once.db-wal": 0o600, "once.db-shm": 0o600}


def test_an_acknowledged_use_is_synced(path: Path) -> None:
    once = SqliteOnce(str(path))
    assert once._connection is not None
    ask = once._connection.execute
    assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ask("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_open_to_others(path: Path, mode: int) -> None:
    SqliteOnce(str(path)).close()
    path.chmod(mode)
    with pytest.raises(StorageError, match="open to others"):
        SqliteOnce(str(path))


def test_what_is_no_file_of_ours(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "text").write_text("x" * 5000)
    (tmp_path / "text").chmod(0o600)
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE spent (name TEXT)")
    other.close()
    (tmp_path / "other").chmod(0o600)
    for name in ("link", "pipe", "text", "other", "no/folder", "nul\0byte", "."):
        with pytest.raises(StorageError):
            SqliteOnce(str(tmp_path / name)).spend("pop", b"k", 60)
    assert not path.exists()


KILLED = """
import os, signal, sys
from kanoniv_auth.once.sqlite import SqliteOnce
once = SqliteOnce(sys.argv[1])
for number in range(1000):
    assert once.spend("pop", number.to_bytes(2, "big"), 600)
    os.write(1, b"%d\\n" % number)
"""


def test_what_was_used_outlives_kill_9(path: Path) -> None:
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(25):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        told = 25 + len(re.findall(rb"\d+\n", rest))
        once = SqliteOnce(str(path))
        assert not any(once.spend("pop", n.to_bytes(2, "big"), 600) for n in range(told))
        once.close()
        for name in ("once.db", "once.db-wal", "once.db-shm"):
            (path.parent / name).unlink(missing_ok=True)


def test_locked_by_another_process(path: Path) -> None:
    once = SqliteOnce(str(path))
    assert once.spend("pop", b"before", 60)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(once, "locked")
        with pytest.raises(StorageError):  # nor does one that starts now
            SqliteOnce(str(path)).spend("pop", b"other", 60)
        other.execute("ROLLBACK")
    other.close()
    assert not once.spend("pop", b"before", 60)
    assert once.spend("pop", b"after", 60)


def test_many_who_wait_for_a_locked_file_all_hear_soon(path: Path) -> None:
    once = SqliteOnce(str(path))
    said: list[float] = []

    def run(number: int) -> None:
        began = time.monotonic()
        with pytest.raises(StorageError):
            once.spend("pop", bytes([number]), 60)
        said.append(time.monotonic() - began)

    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=run, args=(number,)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.execute("ROLLBACK")
    other.close()
    assert len(said) == 50
    assert max(said) < FEW_SECONDS
    assert once._queue == {}
    assert once.spend("pop", bytes([0]), 60)


def test_gone_or_another_one(path: Path) -> None:
    """Another process would begin a new file there, and then each of the two would take a key once."""
    once = SqliteOnce(str(path))
    assert once.spend("pop", b"k", 60)
    path.rename(path.with_name("moved"))
    refused(once, "No such file")
    other = SqliteOnce(str(path))
    refused(once, "not the file it was")
    other.close()
    path.unlink()
    path.symlink_to(path.with_name("moved"))
    refused(once, "not the file it was")


def test_overwritten_in_place(path: Path) -> None:
    once = SqliteOnce(str(path))
    assert once.spend("pop", b"k", 60)
    once.close()
    path.write_bytes(b"no database" * 1000)
    refused(once)


FORKED = """
import os, sys
from kanoniv_auth.once.sqlite import SqliteOnce
once = SqliteOnce(sys.argv[1])
assert once.spend("pop", b"before", 600)
mine = once._connection
with once._turn:  # as another thread would hold it at that moment
    pid = os.fork()
    if pid == 0:
        said = [once.spend("pop", key, 600) for key in (b"before", b"child")]
        os._exit(0 if said == [False, True] and once._connection is not mine else 1)
    status = os.waitpid(pid, 0)[1]
assert status == 0
assert not once.spend("pop", b"child", 600)
"""


def test_forked_while_a_thread_had_its_turn(path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKED, str(path)], cwd=ROOT, check=True, timeout=30)


FULL = """
import resource, sys
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.once.sqlite import SqliteOnce
once = SqliteOnce(sys.argv[1])
assert once.spend("pop", b"before", 600)
size = 40_000
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
taken = []
try:
    for number in range(10_000):
        if once.spend("pop", number.to_bytes(2, "big"), 600):
            taken.append(number)
    raise SystemExit("never full")
except StorageError as error:
    assert "'pop'" not in str(error), error
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert not once.spend("pop", b"before", 600)
assert [n for n in taken if once.spend("pop", n.to_bytes(2, "big"), 600)] == []
assert once.spend("pop", b"after", 600)
"""


def test_no_room_left(path: Path) -> None:
    assert resource.RLIMIT_FSIZE
    subprocess.run([sys.executable, "-c", FULL, str(path)], cwd=ROOT, check=True, timeout=60)


def test_what_is_over_is_dropped_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_SWEEP", 3)
    clock = Clock()
    once = SqliteOnce(str(path), clock=clock)
    for number in range(10):
        assert once.spend("pop", bytes([number]), 10)
    clock.now += GRACE + 11
    for _ in range(4):
        once.spend("pop", b"new", 60)
    with sqlite3.connect(path) as look:
        assert look.execute("SELECT count(*) FROM spent WHERE entry <> x''").fetchone() == (1,)
    look.close()


@pytest.mark.parametrize("ahead", [200, GRACE])
def test_a_clock_that_jumps_ahead_and_back(path: Path, ahead: int) -> None:
    clock = Clock()
    once = SqliteOnce(str(path), clock=clock)
    assert once.spend("pop", b"k", 150)
    clock.now += ahead
    assert once.spend("pop", b"other", 150)
    clock.now -= ahead
    assert not once.spend("pop", b"k", 150)
    assert once.spend("pop", b"new", 150)


@pytest.mark.parametrize("now", [1000, 1149, float("nan"), -1])
def test_a_clock_that_went_back_behind_something_forgotten(path: Path, now: float) -> None:
    clock = Clock()
    once = SqliteOnce(str(path), clock=clock)
    assert once.spend("pop", b"k", 150)
    clock.now += GRACE + 150
    assert once.spend("pop", b"other", 150)  # forgets the first
    clock.now = now
    refused(once, "clock went back")
    again = SqliteOnce(str(path), clock=clock)  # a restart does not help
    refused(again, "clock went back")
    clock.now = 1150
    assert again.spend("pop", b"k", 150)


def test_a_batch_answers_each_of_its_own(path: Path) -> None:
    """While one transaction is held up, the others gather; the next one settles them all."""
    once = SqliteOnce(str(path))
    answers: dict[int, bool] = {}

    def run(number: int) -> None:
        answers[number] = once.spend("pop", bytes([number // 2]), 60)

    statements: list[str] = []
    with once._turn:
        threads = [threading.Thread(target=run, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        while len(once._queue) < 40:
            time.sleep(0.001)
        assert once._connection is not None
        once._connection.set_trace_callback(statements.append)
    for thread in threads:
        thread.join()
    assert statements.count("COMMIT") == 1
    assert [answers[at] + answers[at + 1] for at in range(0, 40, 2)] == [1] * 20
