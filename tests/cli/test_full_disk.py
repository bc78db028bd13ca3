"""A disk that is full, a home that cannot be written, a limit on file sizes: one clear error, and nothing changes."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.shell import COMMAND
from tests.support.killing import Nursery

NOBODY = 1001
KEY = "did:key:z6MkpWVpUfC8LPqLVRmUYNGYANBsEg5bmj6oWmEGsdh4porn"
# each changes something, so none can be done
CHANGES = [
    "init --force", "init -o HOME/other.key",
    "delegate -s build", "delegate -s build -n bot", "delegate -s build -n new", "accept GRANT",
    "sign -a build", "exec -s build -- touch MARK", "agents rename bot other", "agents remove bot --yes",
    "revoke --agent bot", "roots add partner " + KEY, "roots rotate", "audit-log checkpoint",
]  # fmt: skip
READS = [
    "agents list",
    "tokens",
    "whoami",
    "status",
    "roots list",
    "audit-log verify",
    "audit HOME/receipts",
]


class Place(NamedTuple):
    """A home in trouble. run: one command line in it; status, out and err."""

    home: Path
    run: Callable[[list[str]], tuple[int, str, str]]
    grant: str


def prepare(nursery: Nursery) -> str:
    """A home with one of everything; returns a grant that could be accepted."""
    lines = ("init", "delegate -s build -n bot", "sign -a build", "delegate -s build --to bot")
    said = nursery.run_all(*(line.split() for line in lines))
    assert [status for status, _, _ in said] == [0] * len(lines), said
    return said[-1][1].strip()


def tree(home: Path) -> dict[str, bytes]:
    """All files of a home; an empty folder more means nothing."""
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@contextlib.contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount is not permitted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", arguments[-1]], check=True)


@contextlib.contextmanager
def full(nursery: Nursery) -> Iterator[Place]:
    """A file system of its own without a free byte. The log has its room used up as well."""
    home = nursery.home
    home.mkdir(mode=0o700)
    with mounted("-t", "tmpfs", "-o", "size=256k,mode=0700", "none", str(home)):
        grant = prepare(nursery)
        with (home / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"\1" * 4096)
        for _ in range(40):  # what was left of the log's last page
            if "not recorded" in nursery.run("verify", "-s", "build").err:
                break
        yield Place(home, _by(nursery), grant)


@contextlib.contextmanager
def read_only(nursery: Nursery) -> Iterator[Place]:
    home = nursery.home
    home.mkdir(mode=0o700)
    grant = prepare(nursery)
    with mounted("--bind", str(home), str(home)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], check=True)
        yield Place(home, _by(nursery), grant)


@contextlib.contextmanager
def not_ours_to_write(nursery: Nursery) -> Iterator[Place]:
    """Modes that forbid writing, for a user whom modes stop."""
    home = nursery.home
    grant = prepare(nursery)
    if os.geteuid() == 0:
        nursery.user = NOBODY
    user = os.geteuid() or NOBODY
    for path in (home, *home.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
        os.chown(path, user, -1)
    yield Place(home, _by(nursery), grant)
    for path in (home, *home.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)


@contextlib.contextmanager
def no_bytes(nursery: Nursery) -> Iterator[Place]:
    """`ulimit -f 0`: files can be made, and nothing can be put in."""
    grant = prepare(nursery)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    yield Place(nursery.home, _outside(nursery.home, limit), grant)


def _by(nursery: Nursery) -> Callable[[list[str]], tuple[int, str, str]]:
    def run(words: list[str]) -> tuple[int, str, str]:
        lived = nursery.run(*words)
        return lived.status, lived.out, lived.err

    return run


def _outside(
    home: Path, limit: Callable[[], None] | None = None
) -> Callable[[list[str]], tuple[int, str, str]]:
    def run(words: list[str]) -> tuple[int, str, str]:
        done = subprocess.run(
            [COMMAND, *words],
            env={"PATH": os.environ["PATH"], "KANONIV_HOME": str(home), "HOME": "/nowhere"},
            cwd="/",
            preexec_fn=limit,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.returncode, done.stdout, done.stderr

    return run


TROUBLE = {
    "full": full,
    "read-only": read_only,
    "not writable": not_ours_to_write,
    "no bytes": no_bytes,
}


@pytest.fixture(scope="module", params=TROUBLE)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    top = Path("/tmp") / f"auth-trouble-{os.getpid()}-{os.urandom(4).hex()}"
    top.mkdir(mode=0o755)
    nursery = Nursery(top / "home")
    try:
        with TROUBLE[request.param](nursery) as made:
            yield made
    finally:
        nursery.end()
        shutil.rmtree(top)


def words_of(line: str, place: Place) -> list[str]:
    known = {"GRANT": place.grant, "MARK": str(place.home.with_name("mark"))}
    return [known.get(word, word.replace("HOME", str(place.home))) for word in line.split()]


@pytest.mark.parametrize("line", CHANGES)
def test_a_change_is_refused_in_one_line_and_changes_nothing(place: Place, line: str) -> None:
    before = tree(place.home)
    status, out, err = place.run(words_of(line, place))
    assert status == 2, (out, err)
    assert out == ""
    told = err.splitlines()
    if line.startswith("exec"):
        assert told.pop(0) == "DENIED"
    assert len(told) == 2, err
    assert told[0].startswith("error: ")
    assert "[storage]" in told[0] or "[unrecorded]" in told[0], err
    assert told[1].startswith("fix: ")
    assert str(place.home) in told[0]
    assert not place.home.with_name("mark").exists()
    assert tree(place.home) == before


@pytest.mark.parametrize("line", CHANGES[2:6])
def test_json_says_the_same_in_one_object(place: Place, line: str) -> None:
    status, out, err = place.run([*words_of(line, place), "--json"])
    assert (status, err) == (2, "")
    said = json.loads(out)
    assert said["ok"] is False
    assert said["code"] in ("storage", "unrecorded")
    assert said["fix"]


def test_what_only_reads_works(place: Place) -> None:
    for line in READS:
        status, out, err = place.run(words_of(line, place))
        assert status == 0, (line, out, err)


def test_verify_answers_and_says_that_it_is_not_in_the_log(place: Place) -> None:
    status, out, err = place.run(["verify", "-s", "build"])
    assert status == 0
    assert out.startswith("VERIFIED")
    assert err.startswith("note: not recorded: "), err
    assert len(err.splitlines()) == 1
    status, out, err = place.run(["verify", "-s", "prod"])
    assert (status, out) == (1, "")
    assert "[scope]" in err
    assert "note: not recorded: " in err
    status, out, err = place.run(["verify", "-s", "build", "--json"])
    assert (status, err) == (0, "")
    assert json.loads(out)["recorded"] is False


@pytest.mark.parametrize("scope", ["build", "prod"])
def test_with_require_audit_that_is_a_refusal(place: Place, scope: str) -> None:
    status, out, err = place.run(["verify", "-s", scope, "--require-audit"])
    assert (status, out) == (2, "")
    assert "[unrecorded]" in err


def test_after_the_trouble_the_home_is_as_it_was(tmp_path: Path) -> None:
    """With room again, the command that was refused is simply done."""
    nursery = Nursery(tmp_path / "home")
    try:
        with full(nursery) as place:
            assert place.run(["delegate", "-s", "build", "-n", "late"])[0] == 2
            (place.home / "ballast").unlink()
            said = nursery.run_all(
                ["delegate", "-s", "build", "-n", "late"],
                ["verify", "-s", "build"],
                ["agents", "show", "late"],
                ["audit-log", "verify"],
            )
            assert [status for status, _, _ in said] == [0] * 4, said
    finally:
        nursery.end()


@pytest.mark.parametrize("kind", ["a file", "a link to nothing", "below a file"])
def test_a_home_that_is_no_directory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "home"
    if kind == "a link to nothing":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_text("")
    home = path / "sub" if kind == "below a file" else path
    run = _outside(home)
    reads = ("agents list", "tokens") if path.exists() else ()
    for line in ("init", "roots rotate", "delegate -s build", "verify -s build", *reads):
        status, out, err = run(line.split())
        assert (status, out) == (2, ""), (line, err)
        assert err.startswith("error: ")
        assert err.splitlines()[-1].startswith("fix: ")
        assert "Traceback" not in err
    assert path.is_symlink() or path.read_text() == ""
