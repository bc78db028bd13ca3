"""A warm process whose forked children run one command each, and die by SIGKILL at a chosen step of their writing.

Started by `Nursery` as a program of its own: pytest has threads, and a process with threads should not fork. What a
child runs is the product as it is: its command line's `main`, or a function of the SDK. Only `os` is watched there:
every call that changes something inside the home counts as a step.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BY_DESCRIPTOR = ("write", "pwrite", "fsync", "fdatasync", "ftruncate", "fchmod")
BY_PATH = ("mkdir", "chmod", "unlink", "rename", "replace", "link", "utime")
MOVES = ("rename", "replace", "link")
DATA = ("write", "pwrite")
TORN = ("first", "half")
_PATIENCE = 30  # seconds


class Fate(NamedTuple):
    """Where a child dies.

    at: number of the step, from 1 · how: `before` it, `after` it, or with only the `first` byte
    or `half` of its bytes written.
    """

    at: int
    how: str


class Step(NamedTuple):
    """One call that changed the home. open: files written to and not yet moved to their names, before and after it."""

    call: str
    open_before: int
    open_after: int


class Lived(NamedTuple):
    """What a child did.

    status: of the last command, -9 when it was killed · landed: it died between a file's first byte and its rename ·
    each: status, out and err of every command
    """

    status: int
    out: str
    err: str
    steps: list[Step]
    landed: bool
    each: list[tuple[int, str, str]]


class Nursery:
    """The warm process, from outside. home: where its next child works, place: in which folder, user: as whom.

    All three may be changed.
    """

    place: Path = ROOT
    user: int | None = None

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killing"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, fate: Fate | None = None, stdin: str = "", **env: str) -> Lived:
        """Run one command line (or `sdk`, a function's name and its arguments) in a child."""
        return self._ask({"lines": [words], "fate": fate, "stdin": stdin, "env": env})

    def run_all(self, *lines: list[str], **env: str) -> list[tuple[int, str, str]]:
        """Run several command lines in one child; status, out and err of each."""
        lived = self._ask({"lines": lines, "fate": None, "stdin": "", "env": env})
        assert lived.status == 0, lived
        return lived.each

    def _ask(self, task: dict[str, Any]) -> Lived:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        task = {**task, "home": str(self.home), "place": str(self.place), "user": self.user}
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the warm process ended"
        said = json.loads(line)
        said["steps"] = [Step(*step) for step in said["steps"]]
        return Lived(**said)

    def end(self) -> None:
        """Let it go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=10)


class _Watch:
    """In the child: counts the steps, tells them, and ends the process at the fated one."""

    def __init__(self, home: str, fate: Fate | None, told: int) -> None:
        self.home, self.fate, self.told = home, fate, told
        self.number, self.open = 0, set[str]()
        self.write = os.write

    def begin(self) -> None:
        """Watch from now on."""
        for name in (*BY_DESCRIPTOR, *BY_PATH):
            setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*given: Any, **named: Any) -> Any:
            path = self._path(given[0])
            if not path.startswith(self.home):
                return call(*given, **named)
            self.number += 1
            how = self.fate.how if self.fate is not None and self.fate.at == self.number else ""
            before = len(self.open)
            if how == "before":
                self._die(name, before)
            if how in TORN and name in DATA:
                size = 1 if how == "first" else len(given[1]) // 2
                call(given[0], bytes(given[1])[:size], *given[2:], **named)
                self._follow(name, path)
                self._die(name, before)
            answer = call(*given, **named)
            self._follow(name, path)
            if how == "after":
                self._die(name, before)
            self._tell(name, before, died=False)
            return answer

        return stepped

    @staticmethod
    def _path(given: Any) -> str:
        if isinstance(given, int):
            return os.readlink(f"/proc/self/fd/{given}")  # noqa: PTH115 - of a child, step by step
        return str(given)

    def _follow(self, name: str, path: str) -> None:
        if name in DATA and path.endswith(".new"):
            self.open.add(path)
        elif name in MOVES or name == "unlink":
            self.open.discard(path)

    def _tell(self, name: str, before: int, *, died: bool) -> None:
        line = json.dumps([name, before, len(self.open), died]) + "\n"
        self.write(self.told, line.encode())

    def _die(self, name: str, before: int) -> None:
        self._tell(name, before, died=True)
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()


def _run(words: list[str]) -> int:
    if words[0] != "sdk":
        from kanoniv_auth.cli.main import main  # noqa: PLC0415 - loaded by the warm process

        return main(words)
    import kanoniv_auth  # noqa: PLC0415 - as above

    made = getattr(kanoniv_auth, words[1])(*words[2:])
    print(getattr(made, "did", made), flush=True)
    return 0


def _child(task: dict[str, Any], files: list[IO[bytes]]) -> None:
    home = task["home"]
    for number, file in enumerate(files[:3]):
        os.dup2(file.fileno(), number)
    for number, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, io.TextIOWrapper(os.fdopen(number, "wb"), encoding="utf-8"))
    os.environ.update({"KANONIV_HOME": home, "HOME": f"{home}.person", **task["env"]})
    os.chdir(task["place"])
    fate = None if task["fate"] is None else Fate(*task["fate"])
    signal.alarm(_PATIENCE)  # whatever hangs dies of it, and the test sees of what
    watch, status = _Watch(home, fate, files[3].fileno()), 70
    if task["user"] is None:
        watch.begin()
    else:  # who may not even look up its own descriptors
        os.setgroups([])
        os.setgid(task["user"])
        os.setuid(task["user"])
    for words in task["lines"]:
        try:
            status = _run(words)
        except BaseException:  # noqa: BLE001 - told to whoever asked; nothing may run on in a copy of the parent
            traceback.print_exc()
            status = 70
        sys.stdout.flush()
        sys.stderr.flush()
        ended = [status, os.lseek(1, 0, os.SEEK_CUR), os.lseek(2, 0, os.SEEK_CUR)]
        watch.write(watch.told, f"{json.dumps(ended)}\n".encode())
    os._exit(0 if len(task["lines"]) > 1 else status)


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    files: list[IO[bytes]] = [tempfile.TemporaryFile() for _ in range(4)]  # noqa: SIM115 - gone with them
    files[0].write(task["stdin"].encode())
    files[0].seek(0)
    child = os.fork()
    if child == 0:
        _child(task, files)
    _, status = os.waitpid(child, 0)
    texts = []
    for file in files[1:]:
        file.seek(0)
        texts.append(file.read().decode("latin-1"))
    told: list[Any] = []
    each: list[tuple[int, str, str]] = []
    at = (0, 0)
    for line in texts[2].splitlines():
        found = json.loads(line)
        if isinstance(found[0], str):
            told.append(found)
        else:
            each.append((found[0], texts[0][at[0] : found[1]], texts[1][at[1] : found[2]]))
            at = (found[1], found[2])
    died = bool(told) and told[-1][3]
    # before, or torn: what was open then; after: what is open now. Either way it was told as it stood at the end
    landed = died and told[-1][2] > 0
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": texts[0],
        "err": texts[1],
        "steps": [step[:3] for step in told],
        "landed": landed,
        "each": each,
    }


def _warm() -> None:
    """Load what the commands would load, each in its time, so that no child has to."""
    import difflib  # noqa: PLC0415, F401 - only here

    import click  # noqa: PLC0415, F401 - as above

    for path in sorted((ROOT / "kanoniv_auth").glob("*/*.py")):
        __import__(".".join(path.relative_to(ROOT).with_suffix("").parts))


def serve() -> None:
    """Answer tasks, a line of JSON each, until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _warm()
    gc.freeze()
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
