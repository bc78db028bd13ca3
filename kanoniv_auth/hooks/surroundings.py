"""Where a tool call happens: the project it belongs to, and what a path there leads to in truth."""

from __future__ import annotations

import os
import sys

from kanoniv_auth.hooks import paths, started
from kanoniv_auth.hooks.checkout import Checkout
from kanoniv_auth.hooks.need import NEVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.hooks.event import Installed

# where a folder is nobody's project unless a repository says so
_SYSTEM = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/private", "/proc", "/sbin", "/sys", "/usr", "/var", "/Library",
    "/System",
)  # fmt: skip
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - compared with, never written
_WITHIN_SYSTEM = (*_TEMPORARY, "/var/www", "/var/folders", "/private/tmp", "/private/var/folders")
# what may be reached by another name, because it is a link
_OWN = (
    ".claude",
    ".codex",
    ".gemini",
    ".cursor",
    ".windsurf",
    ".git",
    ".husky",
    ".github",
    ".github/hooks",
)
_HOSTS = ("CLAUDE_CONFIG_DIR", "CLAUDE_PLUGIN_ROOT", "CODEX_HOME")
_LONGEST, _MOST, _SETTINGS = 4096, 10_000, 1 << 20


class Around(Checkout):
    """The surroundings of one call. cwd: absolute, where relative paths begin · home: what `~` stands for."""

    home: str
    places: paths.Places

    def __init__(self, cwd: str, installed: Installed) -> None:
        super().__init__()
        self.home = _user()
        self.cwd = cwd
        project = _project(cwd, self.home)
        self.places = paths.Places(
            _real(self.home),
            project,
            _temporary(self.home, project),
            _both(installed.home.path, f"{self.home}/.kanoniv", _home_of_environment(self.home)),
            ours=_ours(installed.site),
            config=(*_renamed(project), *_of_hosts(), *_of_programs(project)),
        )

    def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        """The scope for changing what a path leads to; "" for none, NEVER where none is enough.

        cwd: for a relative path · below: and all that lies below it, as far as its own folder says
        """

        def scope_of(name: str) -> str:
            found = paths.to_write(name, self.places, below=below)
            if not below:
                return found
            inside = [paths.to_write(f"{name}/{entry}", self.places) for entry in _entries(name)]
            return paths.strictest(found, *inside)

        return self._strictest(path, cwd, scope_of)

    def read_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        """The scope for reading it, as above; the project's own folders stay `code.read`."""
        return self._strictest(
            path, cwd, lambda name: paths.to_read(name, self.places, below=below)
        )

    def _strictest(self, path: str, cwd: str, scope_of: Callable[[str], str]) -> str:
        """Of its name as it stands and of what that leads to: a link is changed under both."""
        if not path or len(path) > _LONGEST or "\0" in path or not cwd.startswith("/"):
            return NEVER
        meant = [path]
        if path[0] == "~":
            meant.append(os.path.expanduser(path))  # noqa: PTH111 - some hosts do, some do not
        found = []
        for each in meant:
            full = each if each[0] == "/" else f"{cwd}/{each}"
            # `a/../b`: by its letters and as the system goes there, which differ where `a` is a link
            found += [scope_of(self._named(_normal(full))), scope_of(_real(full))]
        return paths.strictest(*found)

    def _named(self, path: str) -> str:
        """A name by its letters, below the folder of the call by that folder's true name: it may be a link itself."""
        here = _normal(self.cwd)
        return _real(here) + path[len(here) :] if path.startswith(f"{here}/") else path


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)[:_MOST]  # noqa: PTH208 - paths are text in this package
    except (OSError, ValueError):
        return []  # no folder, or not ours to look into: then not the agent's either


def _normal(path: str) -> str:
    # POSIX lets two slashes at the start mean something else, which no system of ours does
    return "/" + os.path.normpath(path).lstrip("/")


def _real(path: str) -> str:
    """Follow every link. What cannot be followed is somebody else's, and nobody's to change."""
    try:
        return os.path.realpath(path)
    except OSError:
        return "/proc/unreadable/root"


def _both(*found: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for path in found if path for name in (_normal(path), _real(path)))
    )


def _user() -> str:
    found = os.path.expanduser("~")  # noqa: PTH111 - paths are text in this package
    return found if found.startswith("/") and found != "/" else "/root"


def _home_of_environment(user: str) -> str:
    """The home of the commands that the agent may start; what cannot be told is the usual one."""
    path = os.environ.get("KANONIV_HOME") or f"{user}/.kanoniv"
    return "" if "\0" in path else os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - as above


def _temporary(user: str, project: str) -> tuple[str, ...]:
    own = os.environ.get("TMPDIR") or ""
    places = [*_TEMPORARY]
    # a variable that names the disk, or all that a person has, is none that says where scratch files are
    if own.startswith("/") and not any(
        _holds(_real(own), place) for place in (_real(user), project) if place
    ):
        places.append(own)
    return _both(*places)


def _holds(path: str, place: str) -> bool:
    return path == place or place.startswith(path.rstrip("/") + "/")


def _project(cwd: str, user: str) -> str:
    """The work tree that a folder is in, else the folder itself, "" where that would be too much."""
    folder = _real(cwd)
    at = folder
    while at != "/":
        if os.path.lexists(f"{at}/.git") and not _holds(at, _real(user)):
            return at
        at = os.path.dirname(at)  # noqa: PTH120 - as above
    if folder == "/" or _holds(folder, _real(user)):
        return ""
    if any(_holds(place, folder) for place in _SYSTEM) and not any(
        _holds(place, folder) and folder != place for place in _WITHIN_SYSTEM
    ):
        return ""
    return folder


def _ours(site: tuple[str, ...]) -> tuple[str, ...]:
    """The interpreter, its library, the package and what it imports."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as above
    library = os.path.dirname(os.path.abspath(os.__file__))  # noqa: PTH100, PTH120 - as above
    # which says where the interpreter of a virtual environment finds its library
    settings = f"{os.path.dirname(os.path.dirname(sys.executable))}/pyvenv.cfg"  # noqa: PTH120 - as above
    return _both(package, library, sys.executable, settings, *site)


def _of_hosts() -> tuple[str, ...]:
    """Where a host was told to keep its settings and plugins, if not in the usual place."""
    found = []
    for variable in _HOSTS:
        path = os.environ.get(variable, "")
        if path[:1] == "/" and "\0" not in path:
            found.append(path)
    return _both(*found)


def _of_programs(project: str) -> tuple[str, ...]:
    """Where a shell looks for programs: what lies there runs under the name of another, such as git."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return _both(
        *[
            path
            for path in folders
            if path[:1] == "/" and "\0" not in path and not (project and _holds(path, project))
        ]
    )


def _renamed(project: str) -> tuple[str, ...]:
    """Where the project's own configuration really lies: behind a link, or where a `.git` file says."""
    if not project:
        return ()
    found = []
    for name in _OWN:
        path = f"{project}/{name}"
        real = _real(path)
        if real != path:
            found.append(real)
    folders = _git_folder(f"{project}/.git")
    git = (folders or (f"{project}/.git",))[0].partition("/worktrees/")[0]
    for path in started.named(_text(f"{git}/config", _SETTINGS)):
        found += [_real(os.path.join(place, path)) for place in (project, git)]  # noqa: PTH118 - as above
    return (*found, *folders)


def _git_folder(path: str) -> tuple[str, ...]:
    """The folder that a work tree's `.git` file names."""
    mark, _, name = _text(path, _LONGEST).strip().partition(": ")
    if mark != "gitdir" or not name:
        return ()
    return (_real(os.path.join(os.path.dirname(path), name)),)  # noqa: PTH118, PTH120 - as above


def _text(path: str, most: int) -> str:
    """How a file begins; "" where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    try:
        return os.fsdecode(os.read(fd, most))
    except OSError:  # a folder
        return ""
    finally:
        os.close(fd)
