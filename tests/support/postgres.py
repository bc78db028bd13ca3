"""A PostgreSQL of the tests' own, from Debian's package: in a temporary folder, on a Unix socket, as nobody special."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from signal import Signals

import pytest

from tests.support.running import running

_PATIENCE = 20  # seconds
# what is tested are processes that die, not machines: the page cache outlives the former
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off")


class NoPostgres(Exception):
    """There is none on this machine, or it does not start; says why."""


def binaries() -> Path:
    """The folder of `initdb` and `postgres`. Raises: NoPostgres."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise NoPostgres("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def unprivileged() -> list[str]:
    """The beginning of a command line that must not run as root; whatever it starts ends with this process."""
    prefix = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return prefix
    if not prefix:
        raise NoPostgres("PostgreSQL does not run as root, and there is no setpriv")
    return [*prefix, f"--reuid={_user().pw_uid}", f"--regid={_user().pw_gid}", "--clear-groups"]


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Postgres:
    """A server, stopped until `start`. durable: flushes to the disk, as a real one does · port: on loopback, too."""

    def __init__(self, *, durable: bool = False, port: int = 0) -> None:
        self._bin, self._port = binaries(), port
        # short, because the path of a socket has an end
        self.folder = Path(tempfile.mkdtemp(prefix="kanoniv-pg-", dir="/tmp"))
        self._settings = () if durable else _QUICK
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        try:
            if os.geteuid() == 0:
                os.chown(self.folder, _user().pw_uid, _user().pw_gid)
            self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C",
                      "-D", f"{self.folder}/data")  # fmt: skip
        except BaseException:
            self.remove()
            raise

    def _run(self, name: str, *words: str) -> None:
        command = [*unprivileged(), str(self._bin / name), *words]
        done = subprocess.run(command, capture_output=True, check=False, text=True, cwd="/")
        if done.returncode:
            raise NoPostgres(f"{name}: {done.stderr.strip()[-400:]}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            *unprivileged(), str(self._bin / "postgres"), "-D", f"{self.folder}/data", "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "shared_buffers=16MB", *self._settings,
        ]  # fmt: skip
        if self._port:
            command += ["-c", "listen_addresses=127.0.0.1", "-c", f"port={self._port}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        ready = [str(self._bin / "pg_isready"), "-q", "-h", str(self.folder), *self._at]
        deadline = time.monotonic() + _PATIENCE
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres((self.folder / "log").read_text(errors="replace")[-400:])
            time.sleep(0.05)

    @property
    def _at(self) -> list[str]:
        return ["-p", str(self._port)] if self._port else []

    def database(self) -> str:
        """Make an empty database; its address."""
        self._made += 1
        name = f"kanoniv_{self._made}"
        self._run("createdb", "-h", str(self.folder), *self._at, "-U", "postgres", name)
        if self._port:
            return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    def tell(self, address: str, *statements: str) -> None:
        """Let its administrator say something to a database of `database()`."""
        name = address.partition("?")[0].rpartition("/")[2]
        words = [word for one in statements for word in ("-c", one)]
        at = ("-h", str(self.folder), *self._at, "-U", "postgres", "-d", name)
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *at, *words)

    def send(self, number: Signals) -> None:
        """Send a signal to the server and to all its processes."""
        assert self._process is not None
        tree = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in (self._process.pid, *map(int, tree.split())):
            os.kill(pid, number)

    def stop(self, how: Signals = Signals.SIGINT) -> None:
        """End it: SIGINT is a fast shutdown, SIGKILL a crash."""
        if self._process is not None:
            if how == Signals.SIGKILL:
                self.send(how)
            else:
                self._process.send_signal(how)
            self._process.wait(timeout=_PATIENCE)
            self._process = None

    def remove(self) -> None:
        """End it, and take its files away."""
        if self._process is not None:
            self.send(Signals.SIGCONT)  # a test may have frozen it
        self.stop(Signals.SIGQUIT)  # without a last checkpoint
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server for the session; tests that stop it use `own_postgres`."""
    yield from running(Postgres, NoPostgres)


@pytest.fixture(scope="module")
def module_postgres() -> Iterator[Postgres]:
    """A running server for the tests of one file, which may stop it and start it again."""
    yield from running(Postgres, NoPostgres)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A running server that the test may stop, freeze and kill."""
    yield from running(Postgres, NoPostgres)
