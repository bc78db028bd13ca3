"""Shell texts that the analysis lets pass, run in bash: none may do what was not asked for. `make fuzz-shell`.

Texts are random, and each holds what it takes to do harm: a push, a commit, or a change to a file. What the analysis
calls reading alone, or editing alone, is run by bash in a folder of its own, with programs that only write down how
they were called. First bugs are planted in the analysis, and each must be found. FUZZ_SECONDS: 600. The exit status
is 1 when a text did more than was asked for, a planted bug was missed, or too little was let pass to prove anything.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz.environment import ROOT
from fuzz.shell_texts import Texts
from kanoniv_auth.hooks.shell import analysis, plain, tree, wrappers
from kanoniv_auth.hooks.shell.surroundings import Target
from kanoniv_auth.hooks.shell.words import Simple, Word

FOUND = ROOT / ".fuzz" / "found"
# what is let pass must be this much of all texts, or silence means little
LEAST_CLEAN = 0.2
PLANTED_SECONDS = 60
_MOMENT = 0.3
_READ, _EDIT = {"code.read"}, {"code.read", "code.edit"}
_CHANGING = ("rm", "touch", "mkdir", "tee")
_RECORDERS = (*_CHANGING, "git", "cat", "head", "grep", "sort", "wc", "ls", "find")
# what they say: where git is, what it calls things, and names of files; a name that git does not know, it repeats
_ANSWERS = """case "${0##*/} $*" in
  "git branch --show-current"|"git rev-parse --abbrev-ref HEAD") echo main;;
  "git rev-parse --show-toplevel") pwd;;
  "git rev-parse "*) for last; do :; done; echo "$last";;
  "git merge-base"*) ;;
  ls*|find*|"git ls-files"*|"git diff --name-only"*|"grep -l"*) printf 'guarded\\na\\nb -n\\n';;
  *) echo said;;
esac
"""
# these start others, and nothing but what PATH and the text name; setsid is none: what it starts would outlive its text
_REAL = ("env", "nice", "nohup", "timeout", "xargs", "stdbuf", "bash")
_GUARDED = "guarded"
_NOBODY = 65534


class Around:
    """The folder that texts run in: its file `guarded` is protected, everything else in it may be edited."""

    def __init__(self, place: Path) -> None:
        self.cwd = str(place / "project")
        self.home = str(place / "home")

    def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        """`agent.config` for what is or may be the guarded file, and for all that is elsewhere."""
        names = path.split("/")
        if below or "**" in names or any(fnmatch.fnmatchcase(_GUARDED, name) for name in names):
            return "agent.config"
        full = path if path.startswith("/") else f"{cwd}/{path}"
        return "code.edit" if full.startswith(self.cwd + "/") and ".." not in names else "fs.write"

    def read_scope(self, path: str, cwd: str, *, below: bool = False) -> str:  # noqa: ARG002
        """Anything may be read."""
        return "code.read"

    def plain(self, cwd: str) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def alias(self, cwd: str, name: str) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def top(self, cwd: str) -> str | None:  # noqa: ARG002
        """The folder itself."""
        return self.cwd

    def repository(self, cwd: str) -> str | None:  # noqa: ARG002
        """One name for all."""
        return "app"

    def remotes(self, cwd: str) -> frozenset[str]:  # noqa: ARG002
        """One."""
        return frozenset({"origin"})

    def target(self, cwd: str, remote: str | None) -> Target | None:  # noqa: ARG002
        """One."""
        return Target(("host.example:o/app.git",), "main")

    def kind(self, cwd: str, name: str) -> str | None:  # noqa: ARG002
        """Branches."""
        return f"refs/heads/{name}"


@dataclass
class Count:
    """What came of a run. bypasses: the texts, and what each did."""

    texts: int = 0
    clean: int = 0
    run: int = 0
    slow: int = 0
    acted: int = 0
    bypasses: list[tuple[str, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much was let pass."""
        return self.clean / max(self.texts, 1)


class Ground:
    """The folder, the programs that write down their calls, and bash."""

    def __init__(self, place: Path) -> None:
        self.place, self.project = place, place / "project"
        self.log, self.programs = place / "log", place / "programs"
        self.around = Around(place)
        for folder in (self.project, self.programs, place / "home"):
            folder.mkdir()
        script = self.programs / "recorder"
        # a call is words that end with a unit separator each, and a record separator; one write, or two calls would mix
        script.write_text(
            f"#!/bin/sh\nprintf '%s\\037' \"${{0##*/}}\" \"$@\" '\x1e' >>{self.log}\n{_ANSWERS}",
            encoding="ascii",
        )
        script.chmod(0o755)
        for name in _RECORDERS:
            (self.programs / name).symlink_to("recorder")
        for name in _REAL:
            found = shutil.which(name)
            if found is not None:
                (self.programs / name).symlink_to(found)
        (self.programs / "sh").symlink_to(shutil.which("bash") or "/bin/bash")
        self.fresh()
        place.chmod(0o755)
        if os.geteuid() == 0:
            for path in (self.project, place / "home", self.log):
                os.chown(path, _NOBODY, _NOBODY)

    def fresh(self) -> None:
        """Make the folder what it was."""
        shutil.rmtree(self.project, ignore_errors=True)
        self.project.mkdir()
        for name in (_GUARDED, "a", "b"):
            (self.project / name).write_text(f"{name}\n", encoding="ascii")
            if os.geteuid() == 0:
                os.chown(self.project / name, _NOBODY, _NOBODY)
        self.log.write_bytes(b"")
        if os.geteuid() == 0:
            os.chown(self.project, _NOBODY, _NOBODY)

    def state(self) -> dict[str, str | None]:
        """What lies in the folder."""
        return {
            str(path.relative_to(self.project)): path.read_text("utf-8", "replace")
            if path.is_file()
            else None
            for path in self.project.rglob("*")
        }

    def run(self, text: str) -> bool:
        """Let bash run a text; whether it came to an end. It gets no environment and no input."""
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        child = subprocess.Popen(  # type: ignore[call-overload]
            [str(self.programs / "bash"), "--norc", "--noprofile", "-c", text],
            cwd=self.project,
            env={"PATH": str(self.programs), "HOME": self.around.home, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **user,
        )
        try:
            child.wait(2)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        if not ended or "&" in text or "<(" in text:  # bash waits for neither
            _end_session(child.pid, patient=ended)
        child.wait()
        return ended

    def calls(self) -> list[list[str]]:
        """The calls that were written down."""
        text = self.log.read_text("utf-8", "replace")
        return [call.split("\x1f")[:-1] for call in text.split("\x1e\x1f") if call]


def _end_session(session: int, *, patient: bool) -> None:
    """End what a text left in the background: its session, for `timeout` makes a process group of its own.

    patient: give it a moment first, to do what it would do
    """
    end = time.monotonic() + (_MOMENT if patient else 0)
    while left := _members(session):
        if time.monotonic() < end:
            time.sleep(0.002)
            continue
        for process in left:
            with suppress(OSError):  # it ended by itself
                os.kill(process, signal.SIGKILL)


def _members(session: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(path.parent.name))
        except (OSError, ValueError, IndexError):  # it ended by itself
            continue
    return found


def harm(ground: Ground, before: dict[str, str | None], granted: set[str]) -> str:
    """What a text did that was not granted, "" for nothing."""
    after = ground.state()
    if after.get(_GUARDED) != before[_GUARDED]:
        return "it changed the guarded file"
    if granted == _READ and after != before:
        return f"it changed {sorted(set(after.items()) ^ set(before.items()))[:3]}"
    for name, *words in ground.calls():
        # a stream of bash's own is no file
        operands = [word for word in words if word and not word.startswith(("-", "/dev/fd/"))]
        if name == "git" and _subcommand(words) in {"push", "commit"}:
            return f"it called git {' '.join(words)[:100]}"
        guarded = any(word.rpartition("/")[2] == _GUARDED for word in operands)
        if name in _CHANGING and operands and (granted == _READ or guarded):
            return f"it called {name} {' '.join(words)[:100]}"
    return ""


def _subcommand(words: list[str]) -> str:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in {"-C", "-c"} else rest[1:]
    return rest[0] if rest else ""


def fuzz(ground: Ground, seed: int, seconds: float, *, most: int = 1) -> Count:
    """Look for texts that do more than was asked for. most: how many are enough."""
    texts, count, end = Texts(Random(seed)), Count(), time.monotonic() + seconds
    before = ground.state()
    while time.monotonic() < end and len(count.bypasses) < most:
        text = texts.one()
        count.texts += 1
        actions = {need.action for need in analysis.analyse(text, ground.around)}
        if not actions <= _EDIT:
            continue
        count.clean += 1
        granted = _READ if actions <= _READ else _EDIT
        if not ground.run(text):
            count.slow += 1
        count.run += 1
        count.acted += bool(ground.calls())
        did = harm(ground, before, granted)
        if did:
            count.bypasses.append((text, did))
        if ground.calls() or ground.state() != before:
            ground.fresh()
    return count


# ---------------------------------------------------------------------------------------- planted bugs


def _rewritten(old: str, new: str) -> Callable[[], None]:
    def plant() -> None:
        read = plain.read
        plain.read = lambda text, *rest: read(text.replace(old, new), *rest)

    return plant


def _cut(mark: str) -> Callable[[], None]:
    def plant() -> None:
        read = plain.read
        plain.read = lambda text, *rest: read(text.partition(mark)[0], *rest)

    return plant


def _words_behind_redirects() -> None:
    honest = plain._Reader._redirect  # noqa: SLF001

    def forgetful(self: plain._Reader, redirects: list[object], nest: tuple[int, ...]) -> bool:
        found = honest(self, redirects, nest)  # type: ignore[arg-type]
        if found:
            self._blanks()
            self._draft(nest)
        return found

    plain._Reader._redirect = forgetful  # type: ignore[method-assign, assignment] # noqa: SLF001


def _wrappers_are_harmless() -> None:
    wrappers.judge = lambda scene, name: scene.harmless()  # noqa: ARG005 - as the rule has it


def _variables_keep_their_value() -> None:
    def every(text: str, commands: Iterable[Simple]) -> frozenset[str]:  # noqa: ARG001 - as the rule has it
        return frozenset({name for each in commands for name, _ in each.assignments})

    analysis.settled = every  # type: ignore[attr-defined]


def _listed_names_are_harmless() -> None:
    tree.names = lambda value: Word("a") if "(ls" in value.text else None  # type: ignore[attr-defined]


PLANTS = {
    "words behind a redirect": _words_behind_redirects,
    "a word goes on in the next line": _rewritten("\\\n", " "),
    "a line ends nothing": _rewritten("\n", " "),
    "a comment ends at the end": _cut("#"),
    "wrappers are harmless": _wrappers_are_harmless,
    "quotes are letters": _rewritten('"', "'"),
    "variables keep their value": _variables_keep_their_value,
    "listed names are harmless": _listed_names_are_harmless,
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With one bug in the analysis."""
    kept = (plain.read, plain._Reader._redirect, wrappers.judge, analysis.settled, tree.names)  # type: ignore[attr-defined] # noqa: SLF001
    PLANTS[name]()
    try:
        yield
    finally:
        plain.read, plain._Reader._redirect, wrappers.judge = kept[:3]  # type: ignore[method-assign] # noqa: SLF001
        analysis.settled, tree.names = kept[3:]  # type: ignore[attr-defined]


@contextmanager
def ground() -> Iterator[Ground]:
    """A folder for it all."""
    with tempfile.TemporaryDirectory(prefix="fuzz-shell-") as folder:
        yield Ground(Path(folder).resolve())


def main() -> int:
    """Run the planted bugs, then the time that is left."""
    seconds = int(os.environ.get("FUZZ_SECONDS", "600"))
    seed = int(time.time())
    good = True
    with ground() as here:
        for name in PLANTS:
            with planted(name):
                said = fuzz(here, seed, PLANTED_SECONDS)
            good = good and bool(said.bypasses)
            example = repr(said.bypasses[0][0][:70]) if said.bypasses else "MISSED"
            print(f"  planted  {name:32} {said.texts:7} texts  {said.run:6} run  {example}")
            sys.stdout.flush()
            here.fresh()
        said = fuzz(here, seed, seconds, most=20)
    print(
        f"  seed {seed}: {said.texts} texts, {said.clean} let pass ({said.share:.0%}), {said.run} run in bash, "
        f"{said.acted} called a program, {said.slow} did not end; {len(said.bypasses)} did more than was asked for"
    )
    for number, (text, did) in enumerate(said.bypasses):
        FOUND.mkdir(parents=True, exist_ok=True)
        (FOUND / f"shell-{seed}-{number}").write_text(text, encoding="utf-8")
        print(f"  {did}: {text!r}")
    return 0 if good and not said.bypasses and said.share >= LEAST_CLEAN else 1


if __name__ == "__main__":
    sys.exit(main())
