"""Putting hooks and commands where Claude Code looks for them, and taking them out again.

What is fixed here and not left to the session: the interpreter, the package, the home and the trusted roots. It is
tried before it is written: a call that reads must pass, and one that pushes must not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.encoding import canonical
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks import settings
from kanoniv_auth.hooks.event import REFUSED
from kanoniv_auth.hooks.pins import labels, pins
from kanoniv_auth.hooks.skills import SKILLS, entries
from kanoniv_auth.store import files, placed
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMANDS = "commands/kanoniv"
_MARK = "The hook of kanoniv-auth has carried it out"
_NEEDED = ("nacl", "_cffi_backend")
_WANTED = ("tree_sitter", "tree_sitter_bash")
_PROBE_SECONDS = 20


class Placed(Value):
    """What was done: installed, updated, unchanged, removed or absent.

    settings: the file · commands: the folder · roots: DIDs · home: fixed for the hook · others: hooks of somebody
    else in that file · left: files that were not removed because they are not as we wrote them · also_in: settings
    that bring a session of this project our hook once more
    """

    __slots__ = ("done", "settings", "commands", "roots", "home", "others", "left", "also_in")

    done: str
    settings: str
    commands: str
    roots: tuple[str, ...]
    home: str
    others: int
    left: tuple[str, ...]
    also_in: tuple[str, ...]

    def __init__(
        self,
        done: str,
        settings: str,
        commands: str,
        home: str,
        *,
        roots: tuple[str, ...] = (),
        others: int = 0,
        left: tuple[str, ...] = (),
        also_in: tuple[str, ...] = (),
    ) -> None:
        self._fill(done, settings, commands, roots, home, others, left, also_in)


def install(project: str | None = None, root_did: str | None = None) -> Placed:
    """Install for every session of this person, or for one project. root_did: default, the roots this home trusts.

    Raises: UsageError, NoTrustedRoot, StorageError; nothing is written then.
    """
    home = find_home(os.environ)
    trusted = trusted_roots(home, None, root_did)
    words = _words(home.path, pins(trusted))
    path, commands = _places(project)
    before = _read(path)
    made = settings.merged(before, entries(words[0], words[1:]), path)
    _probe(words)
    theirs = [path] if before is not None and not made.ours else []
    placed.change(home, made=(*placed.missing(path), *placed.missing(commands)), forgotten=theirs)
    written = [_write(f"{commands}/{skill.name}.md", skill.text) for skill in SKILLS]
    if made.changed:
        files.write(path, made.text.encode("utf-8"))
    done = "unchanged" if not made.changed and not any(written) else "installed"
    if made.changed and before is not None and settings.BOOT in before:
        done = "updated"
    return Placed(
        done, path, commands, home.path, roots=labels(trusted), others=made.others,
        also_in=() if project is None else _also_in(path),
    )  # fmt: skip


def uninstall(project: str | None = None) -> Placed:
    """Take our hooks out of the settings, and, for every session, the commands. Raises: UsageError, StorageError.

    A file or folder that `install` made goes when nothing is left in it.
    """
    home = find_home(os.environ)
    path, commands = _places(project)
    before = _read(path)
    made = settings.merged(before, {}, path)
    ours = placed.read(home)
    if before is not None and made.empty and path in ours:
        _unlink(path)
    elif made.changed:
        files.write(path, made.text.encode("utf-8"))
    removed, left = (0, ()) if project is not None else _remove(commands)
    done = "removed" if made.changed or removed else "absent"
    _clear(ours, path, *([f"{commands}/"] if project is None else []))
    placed.change(home, forgotten=[each for each in ours if not os.path.lexists(each)])
    return Placed(done, path, commands, home.path, others=made.others, left=left)


def _places(project: str | None) -> tuple[str, str]:
    """The settings file, links followed, and the folder of the commands, which always are the person's own."""
    user = os.path.expanduser("~/.claude")  # noqa: PTH111 - as everywhere in this package, paths are text
    if project is None:
        path = f"{user}/settings.json"
    else:
        if not os.path.isdir(project):  # noqa: PTH112 - as above
            fix = "name the folder in which the coding agent is started"
            raise UsageError("usage", detail=f"{project} is no directory", fix=fix)
        path = f"{os.path.abspath(project)}/.claude/settings.local.json"  # noqa: PTH100 - as above
    return os.path.realpath(path), f"{user}/{_COMMANDS}"


def _words(home: str, roots: str) -> tuple[str, ...]:
    """The hook's command line. Raises: UsageError when this interpreter cannot be found again."""
    python = os.path.abspath(sys.executable) if sys.executable else ""  # noqa: PTH100 - a venv's link is kept
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as above
    words = [python, "-I", "-S", f"{package}/hooks/boot.py", "claude-code"]
    sites: list[str] = []
    for name in (*_NEEDED, *_WANTED):
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        folder = os.path.dirname(spec.origin)  # noqa: PTH120 - as above
        if spec.submodule_search_locations is not None:
            folder = os.path.dirname(folder)  # noqa: PTH120 - as above
        if folder not in sites:
            sites.append(os.path.abspath(folder))  # noqa: PTH100 - as above
    for site in sites:
        words += ["--site", site]
    return (*words, "--home", home, "--root-did", roots)


def _probe(words: tuple[str, ...]) -> None:
    """Try the hook with nothing of our environment to help it. Raises: UsageError unless it decides as it must."""
    for command, status in (("ls", 0), ("git push", REFUSED)):
        payload = {
            "tool_name": "Bash",
            "tool_input": {"command": command},
            "hook_event_name": "PreToolUse",
            "session_id": "install-skill",
            "tool_use_id": "install-skill",
            "cwd": "/",
        }
        said = _run(words, canonical(payload))
        if said != status:
            detail = f"the hook does not work from here: it ended with {said}, not {status}, on a trial call"
            fix = (
                "install kanoniv-auth into a virtual environment, and run install-skill from there"
            )
            raise UsageError("usage", detail=detail, fix=fix)


def _run(words: tuple[str, ...], data: bytes) -> int | str:
    try:
        return subprocess.run(
            words, input=data, env={}, cwd="/", capture_output=True, timeout=_PROBE_SECONDS,
            check=False,
        ).returncode  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__


def _read(path: str) -> str | None:
    data = files.read(path)
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        fix = "put the file in order by hand, then run this again"
        raise UsageError("usage", detail=f"{path} is not UTF-8", fix=fix) from None


def _write(path: str, text: str) -> bool:
    """Write one command; False when it is there already. Raises: UsageError where another one has its name."""
    before = _read(path)
    if before == text:
        return False
    if before is not None and _MARK not in before:
        fix = f"move {path} away, then run this again"
        raise UsageError("usage", detail=f"{path} is a command of somebody else's", fix=fix)
    files.write(path, text.encode("utf-8"))
    return True


def _remove(commands: str) -> tuple[int, tuple[str, ...]]:
    """Remove our commands, and their folder when nothing is left in it. Returns: how many; what was not ours."""
    removed, left = 0, []
    for skill in SKILLS:
        path = f"{commands}/{skill.name}.md"
        before = _read(path)
        if before is None:
            continue
        if _MARK not in before:
            left.append(path)
            continue
        _unlink(path)
        removed += 1
    return removed, tuple(left)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - as above
    except OSError as error:
        raise files.unusable("remove", path, error) from None


def _clear(ours: Iterable[str], *paths: str) -> None:
    """Remove the folders of ours above these paths in which nothing is left, the innermost first."""
    for folder in sorted(ours, key=len, reverse=True):
        if any(path.startswith(f"{folder}/") for path in paths):
            try:
                os.rmdir(folder)  # noqa: PTH106 - as above
            except OSError:
                pass  # not there, or not empty


def _also_in(path: str) -> tuple[str, ...]:
    """The other settings of a project's sessions that have our hook: the project's shared ones, and the person's."""
    shared, own = f"{path.rpartition('/')[0]}/settings.json", _places(None)[0]
    return tuple([each for each in (own, shared) if each != path and _has_ours(each)])


def _has_ours(path: str) -> bool:
    try:
        return settings.merged(_read(path), {}, path).ours > 0
    except AuthError:
        return False  # what cannot be read as it is meant is read by no host either
