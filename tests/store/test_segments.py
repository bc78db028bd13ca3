"""The files of the log against what somebody else puts there, and against a rotation that is half done."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kanoniv_auth.api import logbook
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import LogBroken, StorageError, UsageError
from kanoniv_auth.core.trail import Entry
from kanoniv_auth.store import audit, files, segments
from kanoniv_auth.store.home import Home

NOW = 1_800_000_000
MOVED = "audit.000000000001.jsonl"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A log of its own; whatever waits for ever is ended after ten seconds."""
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(10)
    yield Home(str(tmp_path / "home"))
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _too_long(*_: object) -> None:
    pytest.fail("it waits for ever")


def add(home: Home, event: str = "revoke") -> None:
    audit.append(home, Happening(event, "ok", details={}), NOW)


# -------------------------------------------------------------------------------- what is no file of ours


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "dangling"])
@pytest.mark.parametrize("written", [True, False], ids=["beside a log", "without a log"])
def test_a_full_file_that_is_none_is_refused_and_nobody_waits(
    home: Home, kind: str, written: bool
) -> None:
    """A pipe's reader waits for a writer: with the log's lock in its hand, and so with everybody else."""
    if written:
        add(home)
    else:
        Path(home.path).mkdir()
    planted = Path(home.path) / "audit.000000000099.jsonl"
    if kind == "pipe":
        os.mkfifo(planted)
    elif kind == "folder":
        planted.mkdir()
    else:
        target = Path(home.path).parent / "target"
        if kind == "link":
            target.write_bytes(b"{}\n")
        planted.symlink_to(target)
    for call in (logbook.check_log, lambda: logbook.recent(10, lambda _: True)):
        with pytest.raises((LogBroken, StorageError), match=r"audit\.0{10}99\.jsonl"):
            call()
    if not written:
        with pytest.raises((LogBroken, StorageError), match=r"audit\.0{10}99\.jsonl"):
            add(home)


def test_a_pipe_is_no_regular_file_and_the_error_says_so(home: Home) -> None:
    add(home)
    os.mkfifo(Path(home.path) / "audit.000000000099.jsonl")
    with pytest.raises(StorageError, match="not a regular file"):
        logbook.check_log()


# ------------------------------------------------------------------------------- a rotation that is half done


@pytest.fixture
def renamed(home: Home) -> Home:
    """Three records, and a writer that was killed after it moved the full file aside."""
    for _ in range(3):
        add(home)
    Path(home.audit).rename(Path(home.path) / MOVED)
    return home


@pytest.mark.parametrize("after", ["older", "checkpoint"])
def test_a_record_that_another_adds_meanwhile_breaks_nothing(
    renamed: Home, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """Without a file there is no lock: the list, the checkpoint and the end of the log may be of two moments."""
    assert logbook.check_log().count == 3
    place, name = (segments, "older") if after == "older" else (files, "read")
    real: Callable[..., object] = getattr(place, name)

    def and_another_writes(*words: object) -> object:
        found = real(*words)
        monkeypatch.setattr(place, name, real)
        add(renamed)
        return found

    monkeypatch.setattr(place, name, and_another_writes)
    assert logbook.check_log().count == 4


def test_a_whole_file_that_comes_and_goes_meanwhile_is_seen(
    renamed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.read

    def and_another_rotates(path: str) -> bytes | None:
        monkeypatch.setattr(files, "read", real)
        add(renamed)
        Path(renamed.audit).rename(Path(renamed.path) / "audit.000000000004.jsonl")
        return real(path)

    monkeypatch.setattr(files, "read", and_another_rotates)
    assert logbook.check_log().count == 4


def test_the_view_shows_what_another_adds_meanwhile(
    renamed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = segments.older

    def and_another_writes(home: Home) -> list[str]:
        found = real(home)
        monkeypatch.setattr(segments, "older", real)
        add(home)
        return found

    monkeypatch.setattr(segments, "older", and_another_writes)
    found = logbook.recent(10, lambda _: True)
    assert [one.seq for one in found if isinstance(one, Entry)] == [4, 3, 2, 1]


# ------------------------------------------------------------------------------------ signing what is not there


@pytest.mark.parametrize("there", [True, False], ids=["an empty home", "no home"])
def test_signing_a_log_that_is_not_there_makes_nothing(home: Home, there: bool) -> None:
    if there:
        Path(home.path).mkdir()
    with pytest.raises(UsageError, match="no record to sign for"):
        logbook.sign_log()
    assert Path(home.path).exists() == there
    assert not there or list(Path(home.path).iterdir()) == []


def test_signing_a_log_that_was_taken_away_is_refused_and_makes_nothing(home: Home) -> None:
    add(home)
    Path(home.audit).unlink()
    with pytest.raises(LogBroken):
        logbook.sign_log()
    assert not Path(home.audit).exists()


def test_signing_a_log_that_was_just_moved_aside(renamed: Home) -> None:
    assert logbook.sign_log()
    assert logbook.check_log().checkpoint == 3
