"""The runner's protocol: `::commands` on one stream, and the files behind GITHUB_OUTPUT, _ENV, _PATH, _STEP_SUMMARY.

Not the masks' contents (`masks`) and not what is reported (`report`). Written here and not taken from a package:
each line is flushed before the next one, because a mask that reaches the log after its secret masks nothing.
"""

from __future__ import annotations

import errno
import io
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_ci.commands import PROPERTY, check_env_name, entry, escape, one_line
from kanoniv_ci.faults import Refusal, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

SHORTEST_MASK = 8
LONGEST_ANNOTATION = 4000


class Console:
    """The one stream that people and the runner read. Every line is flushed before the next."""

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            # the runner reads UTF-8 and \n on every system and in every locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        self._stream = stream
        self._masked: set[str] = set()

    def mask(self, value: str) -> None:
        """Have the runner hide a secret from here on; too short or empty values would blank the log instead."""
        if len(value) >= SHORTEST_MASK and value not in self._masked:
            self._masked.add(value)
            self._line(f"::add-mask::{escape(value)}")

    def say(self, text: str) -> None:
        """One line for people; its fixed beginning keeps it from being a command."""
        self._line(f"kanoniv-auth: {one_line(text)}")

    def notice(self, text: str, title: str = "") -> None:
        """An annotation that informs."""
        self._annotate("notice", text, title)

    def warning(self, text: str, title: str = "") -> None:
        """An annotation that warns."""
        self._annotate("warning", text, title)

    def error(self, text: str, title: str = "") -> None:
        """An annotation of a failure."""
        self._annotate("error", text, title)

    def _annotate(self, kind: str, text: str, title: str) -> None:
        properties = f" title={escape(one_line(title), PROPERTY)}" if title else ""
        self._line(f"::{kind}{properties}::{escape(one_line(text)[:LONGEST_ANNOTATION])}")

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


@dataclass(frozen=True, slots=True)
class Result:
    """What a step leaves behind. files: path below the session directory → bytes, written 0600."""

    exit: int
    outputs: dict[str, str] = field(default_factory=dict, repr=False)
    env: dict[str, str] = field(default_factory=dict, repr=False)
    summary: str = ""
    files: dict[str, bytes] = field(default_factory=dict, repr=False)


class CommandFiles:
    """The runner's command files of this step.

    Raises: Refusal (KAN-RUNNER-001) when the runner did not name one, (KAN-RUNNER-005) when one cannot be written.
    """

    def __init__(self, environ: Mapping[str, str], draw: Callable[[], str]) -> None:
        self._paths = {name: environ.get(name, "") for name in _FILES}
        self._draw = draw
        missing = [name for name, path in self._paths.items() if not path]
        if missing:
            raise Refusal([problem("KAN-RUNNER-001", name=name) for name in missing])

    def output(self, name: str, value: str) -> None:
        """Set an output of the step."""
        self._append("GITHUB_OUTPUT", entry(name, value, self._draw))

    def leave(self, result: Result) -> None:
        """Write outputs, summary and variables of a result; all are made first, and variables come last.

        A step that fails half-way must not have armed the later ones. Raises: Refusal (KAN-INPUT-004) as well.
        """
        for name in result.env:
            if name not in _OURS:
                check_env_name(name)
        outputs = [entry(name, value, self._draw) for name, value in result.outputs.items()]
        variables = [entry(name, value, self._draw) for name, value in result.env.items()]
        before = {path: _size(path) for path in self._paths.values()}
        try:
            for data in outputs:
                self._append("GITHUB_OUTPUT", data)
            self.summary(result.summary)
            if variables:
                self._append("GITHUB_ENV", b"".join(variables))
        except Refusal:
            for path, size in before.items():
                _cut_back(path, size)
            raise

    def summary(self, markdown: str) -> None:
        """Add to the job summary."""
        if markdown:
            self._append("GITHUB_STEP_SUMMARY", markdown.encode() + b"\n")

    def _append(self, name: str, data: bytes) -> None:
        path = self._paths[name]
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0))
            try:
                # one write an entry: whoever appends beside us cannot get between
                written = os.write(fd, data)
                if written != len(data):
                    # half an entry would swallow what comes after it
                    os.ftruncate(fd, os.fstat(fd).st_size - written)
                    raise OSError(errno.ENOSPC, "no space for the whole entry")
            finally:
                os.close(fd)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise Refusal([problem("KAN-RUNNER-005", path=name, detail=detail)]) from None


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _cut_back(path: str, size: int) -> None:
    try:
        os.truncate(path, size)
    except OSError:
        pass  # no file, or none that can be cut: the refusal that brought us here is the one to tell


_OURS = ("KANONIV_HOME", "KANONIV_ROOT_DID")
_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")


def finish(result: Result, session: Path, files: CommandFiles) -> None:
    """Leave a result in the session directory and the command files: files first, so that no name points nowhere.

    Raises: Refusal.
    """
    written: list[Path] = []
    try:
        for name, data in sorted(result.files.items()):
            write_private(session / name, data)
            written.append(session / name)
        files.leave(result)
    except (Refusal, ValueError):
        # a key and a token that nobody was told of are of use to nobody but a thief
        for path in written:
            path.unlink(missing_ok=True)
        raise


def write_private(path: Path, data: bytes) -> None:
    """Write a file that is new, 0600 and never a link. Raises: Refusal (KAN-RUNNER-005)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        for folder in reversed([one for one in path.parents if not one.exists()]):
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)  # a umask may have taken our own bits away
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise Refusal([problem("KAN-RUNNER-005", path=path.name, detail=detail)]) from None


@contextmanager
def foreign_lines() -> Iterator[None]:
    """While another program writes to our stderr: none of its lines can be a workflow command."""
    mark = f"stop-{os.urandom(16).hex()}"
    os.write(2, f"::stop-commands::{mark}\n".encode())
    try:
        yield
    finally:
        os.write(2, f"\n::{mark}::\n".encode())


def delimiter() -> str:
    """A fresh end mark for an entry of a command file."""
    return f"end-{os.urandom(16).hex()}"


def event_text(environ: Mapping[str, str]) -> str:
    """The event's payload, "" when there is none to read."""
    try:
        return Path(environ.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
