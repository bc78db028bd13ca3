"""Asking git what a command would mean: aliases, remotes, where a push goes. The git half of `Surroundings`.

git is run as `hooks/git/repository.py` runs it: never through a shell, without the caller's GIT_* settings, and only
with questions that start no program of the repository's. That module is imported when there is something to ask.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.hooks.shell.surroundings import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# of a repository; two of them may lie where the third says
_PARTS = ("HEAD", "commondir", "objects", "refs", "config")
_WIDE_SUBMODULES = ("on-demand", "only")

_NO_NAME = frozenset("^~:{ *?[\\")


class Checkout:
    """The git questions of `Surroundings`, one process of git each; settings are read once per folder."""

    def __init__(self) -> None:
        self._settings: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def plain(self, cwd: str) -> bool:
        """Look at the folders only: git's own order is `.git` first, then the folder itself, then the one above."""
        folder = os.path.realpath(cwd)
        while True:
            if os.path.lexists(f"{folder}/.git"):
                return True
            parts = [name for name in _PARTS if os.path.lexists(f"{folder}/{name}")]
            if "HEAD" in parts and len(parts) > 1:
                return False  # settings that are ordinary files of the project, and git would follow them
            above = os.path.dirname(folder)  # noqa: PTH120 - as everywhere in this package, paths are text
            if above == folder:
                return True
            folder = above

    def alias(self, cwd: str, name: str) -> str | None:
        """None also for a name that is none, or that git itself or the PATH has a program for."""
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            return None
        from shutil import which  # noqa: PLC0415 - compression modules; only for a word git does not know

        status, folder = _git(cwd, "--exec-path")
        if status or which(f"git-{name}", path=f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"):
            return None
        return _last(self._all(cwd), f"alias.{name.lower()}")

    def top(self, cwd: str) -> str | None:
        """None also for a name of several lines."""
        status, found = _git(cwd, "rev-parse", "--show-toplevel")
        return found if status == 0 and found.startswith("/") and "\n" not in found else None

    def repository(self, cwd: str) -> str | None:
        """By where it is pushed to; a repository without a remote goes by its folder's name."""
        from kanoniv_auth.hooks.git.address import repository_name  # noqa: PLC0415 - as above

        found = self.target(cwd, None)
        if found is None or not found.addresses:
            status, top = _git(cwd, "rev-parse", "--show-toplevel")
            return top.rpartition("/")[2] or None if status == 0 else None
        names = {repository_name(address) for address in found.addresses}
        return names.pop() if len(names) == 1 else None

    def remotes(self, cwd: str) -> frozenset[str]:
        """The names that `remote.NAME.url` or a push URL gives."""
        status, out = _git(cwd, "remote")
        return frozenset(out.split("\n")) - {""} if status == 0 else frozenset()

    def target(self, cwd: str, remote: str | None) -> Target | None:
        """As git chooses: pushRemote of the branch, remote.pushDefault, the branch's remote, the only one, origin."""
        status, _ = _git(cwd, "rev-parse", "--git-dir")
        if status:
            return None
        settings = self._all(cwd)
        status, head = _git(cwd, "symbolic-ref", "--quiet", "HEAD")
        branch = head.removeprefix("refs/heads/") if status == 0 else None
        name = remote or self._default(cwd, settings, branch)
        addresses = _addresses(cwd, name, self.remotes(cwd))
        upstream = None
        if branch is not None and _last(settings, f"branch.{branch}.remote") == name:
            upstream = _last(settings, f"branch.{branch}.merge")
        return Target(
            addresses,
            branch,
            settings.get(f"remote.{name}.push", ()),
            (_last(settings, "push.default") or "simple").lower(),
            upstream,
            wide=_wide(settings, name),
        )

    def kind(self, cwd: str, name: str) -> str | None:
        """Ask for the full name; a name that could be an option is none."""
        if not name or name.startswith("-") or not _NO_NAME.isdisjoint(name):
            return None  # no name of a ref: git would look into objects, and might fetch them
        status, out = _git(cwd, "rev-parse", "--symbolic-full-name", "--verify", "--quiet", name)
        return out if status == 0 and out.startswith("refs/") else None

    def _default(
        self, cwd: str, settings: Mapping[str, tuple[str, ...]], branch: str | None
    ) -> str:
        chosen = [f"branch.{branch}.pushremote"] if branch is not None else []
        chosen.append("remote.pushdefault")
        chosen += [f"branch.{branch}.remote"] if branch is not None else []
        for key in chosen:
            found = _last(settings, key)
            if found:
                return found
        names = self.remotes(cwd)
        return next(iter(names)) if len(names) == 1 else "origin"

    def _all(self, cwd: str) -> Mapping[str, tuple[str, ...]]:
        """Every setting git has for a folder; the first and last part of a key are in lower case."""
        found = self._settings.get(cwd)
        if found is None:
            status, out = _git(cwd, "config", "--null", "--list", "--includes")
            lists: dict[str, list[str]] = {}
            for entry in out.split("\0") if status == 0 else ():
                key, _, value = entry.partition("\n")
                lists.setdefault(key, []).append(value)
            found = {key: tuple(values) for key, values in lists.items()}
            self._settings[cwd] = found
        return found


def _git(cwd: str, *words: str) -> tuple[int, str]:
    """The status and what git says; a git that cannot be run knows nothing."""
    from kanoniv_auth.hooks.git import repository  # noqa: PLC0415 - subprocess

    try:
        status, out = repository.ask(cwd, *words)
    except (AuthError, OSError, ValueError):  # ValueError: a NUL in a path
        return 128, ""
    return status, out


def _last(settings: Mapping[str, tuple[str, ...]], key: str) -> str | None:
    values = settings.get(key, ())
    return values[-1] if values else None


def _addresses(cwd: str, name: str, known: frozenset[str]) -> tuple[str, ...]:
    """All push URLs of a remote, rewritten as git would; what is no remote's name is an address itself."""
    if name not in known:
        return (name,) if "/" in name or ":" in name else ()
    status, out = _git(cwd, "remote", "get-url", "--push", "--all", "--", name)
    return tuple([line for line in out.split("\n") if line]) if status == 0 else ()


def _wide(settings: Mapping[str, tuple[str, ...]], name: str) -> str:
    if _true(_last(settings, f"remote.{name}.mirror")):
        return "the remote is a mirror"
    if _true(_last(settings, "push.followtags")):
        return "push.followTags adds tags"
    modules = _last(settings, "push.recursesubmodules")
    if modules is None and _true(_last(settings, "submodule.recurse")):
        modules = "on-demand"
    if modules in _WIDE_SUBMODULES:
        return "submodules are pushed as well"
    return ""


def _true(value: str | None) -> bool:
    """As git reads a boolean; a key without a value, which reads as "" here, is true."""
    return value is not None and value.lower() not in ("false", "no", "off", "0")
