"""Files are whole or not there, private whatever the umask, and every failure is one sentence with its fix."""

from __future__ import annotations

import os
import resource
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import KeyPermissions, StorageError, UsageError
from kanoniv_auth.store import files


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "home" / "keys" / "a.key"
    files.write(str(path), b"x")
    assert mode(path) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700


def test_private_from_the_first_byte(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with files.NewFile(str(tmp_path / "home" / "a")):
            assert [mode(path) for path in (tmp_path / "home").iterdir()] == [0o600]
    finally:
        os.umask(before)
    assert list((tmp_path / "home").iterdir()) == []


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.write(str(tmp_path / "a"), b"x")
    assert mode(tmp_path) == 0o755


def test_replace_and_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write(str(path), b"one", replace=False)
    with pytest.raises(FileExistsError):
        files.write(str(path), b"two", replace=False)
    assert path.read_bytes() == b"one"
    files.write(str(path), b"three")
    assert path.read_bytes() == b"three"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    files.write(str(tmp_path / "a"), b"x")
    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"
    assert not (tmp_path / "a").is_symlink()


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write(str(path), b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StorageError) as caught:
            files.write(str(path), b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(path) in str(caught.value)
    assert caught.value.facts["fix"]
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]  # noqa: PTH208


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StorageError, match="is a file where a directory is needed"):
        files.write(str(tmp_path / "home" / "a"), b"x")


@pytest.mark.parametrize("open_to", [0o604, 0o640, 0o660, 0o777, 0o601], ids="{:o}".format)
def test_a_private_file_that_others_can_read_is_refused(tmp_path: Path, open_to: int) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(b"secret")
    path.chmod(open_to)
    with pytest.raises(KeyPermissions) as caught:
        files.read(str(path), private=True)
    assert caught.value.facts == {"path": str(path), "mode": open_to, "what": "key file"}


@pytest.mark.parametrize(
    ("name", "private", "said"),
    [("a.key", True, "key file "), ("a.token", True, "private file "), ("a.pub", False, "file ")],
)
def test_what_is_open_to_others_is_called_by_what_it_is(
    tmp_path: Path, name: str, private: bool, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    path.chmod(0o666)
    with pytest.raises(KeyPermissions) as caught:
        files.read(str(path), private=private, pinned=not private)
    assert str(caught.value) == f"{said}{path} is open to others (mode 0666)"


def test_a_private_file_behind_a_link_is_judged_by_itself(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0o644)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(KeyPermissions):
        files.read(str(tmp_path / "b"), private=True)


def test_nothing_there_is_none_and_too_much_is_an_error(tmp_path: Path) -> None:
    assert files.read(str(tmp_path / "a")) is None
    assert files.read(str(tmp_path / "a" / "b")) is None
    (tmp_path / "a").write_bytes(b"x" * (files.LARGEST + 1))
    with pytest.raises(StorageError, match="larger than"):
        files.read(str(tmp_path / "a"))
    with pytest.raises(StorageError, match="cannot read"):
        files.read(str(tmp_path))
    with pytest.raises(UsageError, match="NUL"):
        files.read("a\0b")


def test_the_lock_waits_and_gives_up_with_a_fix(tmp_path: Path) -> None:
    path = str(tmp_path / "home" / "lock")
    with files.Lock(path):
        with (
            pytest.raises(StorageError, match="has been held") as caught,
            files.Lock(path, seconds=0.05),
        ):
            pytest.fail("two holders")
        assert caught.value.facts["fix"]
    with files.Lock(path, seconds=0.05):
        pass


def test_the_lock_excludes(tmp_path: Path) -> None:
    path, counter = str(tmp_path / "lock"), tmp_path / "counter"
    counter.write_text("0")

    def add() -> None:
        for _ in range(20):
            with files.Lock(path):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "80"
