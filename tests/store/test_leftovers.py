"""What the dead leave behind is cleared away, what the living write is not; and links, pipes and locks of others."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.store import agents, files, keystore, leftovers, tokens
from kanoniv_auth.store.home import Home

ROOT = Path(__file__).parents[2]
OLD = leftovers.AGE + 60
NOBODY = 1001
ONE = b"\1" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(str(tmp_path / "home"))
    agents.register(made, "first", ONE, 1)
    return made


def age(path: str | Path, seconds: float = OLD) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def left_behind(folder: str, seconds: float = OLD) -> Path:
    """What a killed writer leaves, with a key in it."""
    path = Path(folder) / f".a.key.{os.urandom(8).hex()}.new"
    path.write_bytes(b"secret")
    age(path, seconds)
    return path


def test_the_next_writer_removes_what_is_old(home: Home) -> None:
    Path(home.tokens).mkdir(mode=0o700)
    old = [left_behind(folder) for folder in (home.path, home.keys, home.tokens)]
    young = left_behind(home.keys, 5)
    age(home.lock)
    agents.register(home, "second", b"\2" * 32, 1)
    assert [path.exists() for path in old] == [False] * 3
    assert young.exists()


def test_nobody_looks_again_and_again(home: Home) -> None:
    old = left_behind(home.keys)
    agents.register(home, "second", b"\2" * 32, 1)
    assert old.exists()


def test_a_living_writers_file_stays_however_old(home: Home) -> None:
    path = f"{home.keys}/slow"
    with files.NewFile(path) as new:
        (temporary,) = Path(home.keys).glob(".slow.*")
        age(temporary)
        age(home.lock)
        agents.register(home, "second", b"\2" * 32, 1)
        assert temporary.exists()
        new.commit(b"kept")
    assert Path(path).read_bytes() == b"kept"


def test_a_writer_of_another_process_is_alive_until_it_is_killed(home: Home) -> None:
    code = (
        "import sys, time\nfrom kanoniv_auth.store import files\n"
        "with files.NewFile(sys.argv[1]): print('open', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, f"{home.keys}/slow"], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"open\n"
    (temporary,) = Path(home.keys).glob(".slow.*")
    age(temporary)
    leftovers.clear_folder(home.keys)
    assert temporary.exists()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    leftovers.clear_folder(home.keys)
    assert not temporary.exists()


def test_a_writer_that_loses_its_file_before_the_lock_makes_another(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one instant in which a new file is not locked yet: whoever clears away is faster."""
    opened, real = list[str](), os.open

    def slow(path: str, flags: int, mode: int = 0o777) -> int:
        fd = real(path, flags, mode)
        if str(path).endswith(leftovers.TEMPORARY) and flags & os.O_EXCL:
            opened.append(path)
            if len(opened) == 1:
                age(path)
                leftovers.clear_folder(home.keys)
        return fd

    monkeypatch.setattr(os, "open", slow)
    files.write(f"{home.keys}/a", b"whole")
    assert len(opened) == 2
    assert not Path(opened[0]).exists()
    assert Path(f"{home.keys}/a").read_bytes() == b"whole"


def test_token_and_key_folders_are_cleared_without_the_lock(home: Home) -> None:
    tokens.save(home, b"\0" * 32, "kd2.x", latest=True)
    old = left_behind(home.tokens)
    tokens.save(home, b"\1" * 32, "kd2.y", latest=True)
    assert not old.exists()
    beside = left_behind(home.path)
    keystore.create_root(home.root_key, KeyPair(ONE), 1, force=False)
    assert not beside.exists()


@pytest.mark.parametrize("folder", ["keys", "tokens", "receipts"])
def test_a_folder_that_is_a_link_to_anothers_is_not_written_through(
    home: Home, tmp_path: Path, folder: str
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make what belongs to another user")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, NOBODY, NOBODY)
    path = Path(home.path) / folder
    if path.exists():
        path.rename(tmp_path / "old")
    path.symlink_to(elsewhere)
    with pytest.raises(StorageError, match="another user"):
        files.write(f"{path}/a", b"secret")
    assert list(elsewhere.iterdir()) == []
    # neither through a link that another user put there, wherever it leads
    os.chown(elsewhere, 0, 0)
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(StorageError, match="another user"):
        files.write(f"{path}/a", b"secret")
    os.chown(path, 0, 0, follow_symlinks=False)
    files.write(f"{path}/a", b"secret")
    assert (elsewhere / "a").read_bytes() == b"secret"


def test_a_registry_that_is_a_link_to_anothers_is_not_believed(home: Home, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to make what belongs to another user")
    elsewhere = tmp_path / "agents.json"
    elsewhere.write_text('{"first": {"did": "did:agent:' + "0" * 32 + '"}}')
    os.chown(elsewhere, NOBODY, NOBODY)
    Path(home.agents).unlink()
    Path(home.agents).symlink_to(elsewhere)
    with pytest.raises(StorageError, match="another user"):
        agents.find_did(home, "first")
    with pytest.raises(StorageError, match="another user"):
        agents.register(home, "second", b"\2" * 32, 1)


def test_a_lock_that_is_a_link_is_not_followed(home: Home, tmp_path: Path) -> None:
    Path(home.lock).unlink()
    Path(home.lock).symlink_to(tmp_path / "made")
    with pytest.raises(StorageError, match="lock"):
        agents.register(home, "second", b"\2" * 32, 1)
    assert not (tmp_path / "made").exists()


def test_a_dead_holders_lock_is_free_at_once(home: Home) -> None:
    code = (
        "import sys, time\nfrom kanoniv_auth.store import files\n"
        "with files.Lock(sys.argv[1]): print('held', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, home.lock], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StorageError, match="has been held") as caught, files.Lock(home.lock, 0.05):
        pytest.fail("two holders")
    assert caught.value.facts["fix"]
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    began = time.monotonic()
    with files.Lock(home.lock):
        assert time.monotonic() - began < 1


@pytest.fixture(params=[0o000, 0o777], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_nobody_sees_another_mode_at_any_moment(tmp_path: Path, umask: None) -> None:
    """A second thread looks at all there is, as often as it can, while the first writes."""
    home = Home(str(tmp_path / "home"))
    seen, done = set[tuple[bool, int]](), threading.Event()

    def watch() -> None:
        while not done.is_set():
            for folder, _, names in os.walk(home.path):
                for name in (".", *names):
                    try:
                        status = os.lstat(f"{folder}/{name}")
                    except FileNotFoundError:
                        continue
                    seen.add((stat.S_ISDIR(status.st_mode), status.st_mode & 0o777))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(30):
            agents.register(home, f"a{number}", number.to_bytes(32, "big"), 1)
            tokens.save(home, number.to_bytes(32, "big"), "kd2.x", latest=True)
    finally:
        done.set()
        watcher.join()
    assert (False, 0o600) in seen
    assert all(not mode & 0o077 for _, mode in seen), seen
    modes = {stat.S_IMODE(path.lstat().st_mode) for path in Path(home.path).rglob("*")}
    assert modes == {0o600, 0o700}


def test_every_open_that_makes_a_file_says_private_exclusive_or_no_links() -> None:
    """By reading the code: 0600 where a file is made, and never through a link."""
    makers = 0
    for path in (ROOT / "kanoniv_auth/store").glob("*.py"):
        source = path.read_text()
        for call in ast.walk(ast.parse(source)):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) in ("open", "os.open")):
                continue
            assert ast.unparse(call.func) == "os.open", path
            flags = ast.unparse(call.args[1])
            before = source[: source.index(ast.unparse(call.args[0]))] if flags == "flags" else ""
            named = {"_NEW": "O_CREAT O_EXCL O_NOFOLLOW", "flags": before}
            if "O_CREAT" in named.get(flags, flags) and len(call.args) > 2:
                makers += 1
                assert ast.unparse(call.args[2]) in ("384", "0o600"), ast.unparse(call)
            else:
                assert "O_CREAT" not in flags, ast.unparse(call)
            if len(call.args) > 2 and flags not in ("_NEW", "flags"):
                assert "O_NOFOLLOW" in flags, ast.unparse(call)
    assert makers >= 3
    new = files._NEW
    assert new & os.O_CREAT
    assert new & os.O_EXCL
    assert new & os.O_NOFOLLOW
