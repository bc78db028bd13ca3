"""A warm process whose forked children are `kanoniv-auth-server`: one starts in a tenth of the time, to be killed.

    python -m tests.support.warm_service

Each line on its standard input is {"argv": […], "out": FILE, "err": FILE}; it answers with the child's process id. What
a child runs is the product's own `main`. pytest has threads, and a process with threads should not fork.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.support.service import ROOT, Process


class Child:
    """As much of `subprocess.Popen` as a `Process` needs; the exit code is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._fd: int | None = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        found = self._ended(timeout)
        if found is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return found

    def send_signal(self, number: int) -> None:
        if self._fd is not None:
            signal.pidfd_send_signal(self._fd, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self._fd is None:
            return 0
        if not select.select([self._fd], [], [], timeout)[0]:
            return None
        os.close(self._fd)
        self._fd = None
        return 0


class Warm:
    """The warm process, from outside; it and its children end with the `with` block."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def __enter__(self) -> Warm:
        env = {name: value for name, value in os.environ.items() if not name.startswith("KANONIV")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm_service"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env,
        )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            child.kill()
            child.wait(10)
        self._process.communicate(timeout=20)

    def fork(self, argv: list[str], out: Path, err: Path) -> Child:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"argv": argv, "out": str(out), "err": str(err)})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        child = Child(int(self._process.stdout.readline()))
        self._children.append(child)
        return child

    def process(self, folder: Path, *argv: str) -> Process:
        """A service that is not started yet."""
        return _Forked(self, folder, *argv)


class _Forked(Process):
    def __init__(self, warm: Warm, folder: Path, *argv: str) -> None:
        super().__init__(folder, *argv)
        self._warm, self._words = warm, argv

    def start(self, *, wait: bool = True) -> Process:
        out, err = self.folder / "out", self.folder / "err"
        for path in (out, err):
            path.write_bytes(b"")
        argv = ["--data-dir", str(self.folder / "data"), "--port", "0", *self._words]
        self.child = self._warm.fork(argv, out, err)  # type: ignore[assignment]
        if wait:
            self.url = self._address()
        return self


def _serve(task: dict[str, object]) -> None:
    from kanoniv_server.cli import main  # noqa: PLC0415 - loaded by now

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    files = [os.open(str(task[name]), os.O_WRONLY | os.O_APPEND) for name in ("out", "err")]
    for target, fd in enumerate((nothing, *files)):
        os.dup2(fd, target)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "w" if n else "r") for n in range(3))
    argv = task["argv"]
    assert isinstance(argv, list)
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _warm_up() -> None:
    """Load what the service would load, each in its time."""
    import uvloop  # noqa: F401, PLC0415 - only here
    from alembic import command  # noqa: F401, PLC0415 - as above

    import kanoniv_auth.once.redis  # noqa: F401, PLC0415 - as above
    import kanoniv_server.commands  # noqa: PLC0415 - as above
    import kanoniv_server.nudges  # noqa: PLC0415 - as above
    import kanoniv_server.routes.oidc  # noqa: PLC0415 - as above
    import kanoniv_server.storage.postgres  # noqa: PLC0415 - as above
    import kanoniv_server.storage.sqlite  # noqa: F401, PLC0415 - as above


def main() -> None:
    """Fork a child for each line; nobody collects them but the kernel."""
    _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(json.loads(line))
        print(child, flush=True)


if __name__ == "__main__":
    main()
