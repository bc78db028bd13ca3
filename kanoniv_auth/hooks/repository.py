"""Asking git: where a repository's hooks are, where its remotes lead, what is an ancestor of what.

Never a shell, and every argument is one of ours or checked before. Git's own settings (`GIT_*`) reach it; the
token and the root key do not.
"""

from __future__ import annotations

import os
import subprocess

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GENERATED = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")
# what git takes from a repository to make one commit look like another's ancestor, and what reaches out to a network
_AS_STORED = {
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


class Repository(Value):
    """One work tree or bare repository. top: where its hooks are started · common: shared by its work trees.

    hooks: folder of its hooks, as git would look for them · own: whether no other repository looks there, too
    """

    __slots__ = ("top", "common", "hooks", "own")

    top: str
    common: str
    hooks: str
    own: bool

    def __init__(self, top: str, common: str, hooks: str, *, own: bool) -> None:
        self._fill(top, common, hooks, own)


def _run(
    words: Iterable[str], environ: Mapping[str, str], folder: str | None = None
) -> tuple[int, str, str]:
    """Run git; returns its status, stdout and stderr, both without the last newline. Raises: UsageError."""
    try:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - git is whatever PATH says
            cwd=folder,
            env={**environ, **_AS_STORED},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        detail = f"cannot run git: {error.strerror}"
        raise UsageError("usage", detail=detail, fix="install git, or put it on the PATH") from None
    return done.returncode, os.fsdecode(done.stdout).removesuffix("\n"), os.fsdecode(done.stderr)


def _outside() -> dict[str, str]:
    """The environment for asking about a folder: no GIT_DIR and no `git -c` of a caller may lead elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "KANONIV_")) or name in _GENERATED
    }


def _ask(folder: str, *words: str) -> str:
    status, out, err = _run(words, _outside(), folder)
    if status:
        said = err.strip().partition("\n")[0].removeprefix("fatal: ")
        raise UsageError(
            "usage",
            detail=f"git does not take {folder} for a repository: {said}",
            fix="run it in a git repository, or name one with -r DIR",
        )
    return out


def find(folder: str) -> Repository:
    """Look at the repository that a folder belongs to. Raises: UsageError when there is none."""
    if not os.path.isdir(folder):  # noqa: PTH112 - as everywhere in this package, paths are text
        fix = "run it in a git repository, or name one with -r DIR"
        raise UsageError("usage", detail=f"{folder} is no directory", fix=fix)
    bare = _ask(folder, "rev-parse", "--is-bare-repository") == "true"
    top = _ask(folder, "rev-parse", "--absolute-git-dir" if bare else "--show-toplevel")
    common = _real(top, _ask(top, "rev-parse", "--git-common-dir"))
    hooks = _joined(top, _ask(top, "rev-parse", "--git-path", "hooks"))
    real = _real(top, hooks)
    inside = any(_within(real, place) for place in (_real(top, top), common))
    return Repository(top, common, hooks, own=inside and not _everybodys(top))


def _everybodys(top: str) -> bool:
    """Whether core.hooksPath names one folder for all repositories of a user or machine."""
    status, out, _ = _run(
        ["config", "--show-scope", "--type=path", "--get", "core.hooksPath"], _outside(), top
    )
    scope, _, path = out.partition("\t")
    return status == 0 and scope in ("system", "global") and path.startswith("/")


def _joined(top: str, path: str) -> str:
    return os.path.normpath(os.path.join(top, path))  # noqa: PTH118 - as above


def _real(top: str, path: str) -> str:
    return os.path.realpath(os.path.join(top, path))  # noqa: PTH118 - as above


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def remotes(found: Repository) -> dict[str, str]:
    """The remotes' names and the first address each pushes to. Raises: UsageError."""
    names = [name for name in _ask(found.top, "remote").split("\n") if name]
    addresses = {}
    for name in names:
        status, out, _ = _run(["remote", "get-url", "--push", "--", name], _outside(), found.top)
        if status == 0:
            addresses[name] = out.partition("\n")[0]
    return addresses


def only_adding(moves: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Which of these moves keep what was there: the old commit is an ancestor of the new one.

    Asked about the repository git runs the hook for. moves: pairs of object ids · an old commit that is not known
    here may be anything, and so counts as lost. Raises: UsageError when git cannot be run.
    """
    environ = {k: v for k, v in os.environ.items() if not k.startswith("KANONIV_")}
    # a commit-graph file says who descends from whom in place of the commits themselves
    ancestor = ["-c", "core.commitGraph=false", "merge-base", "--is-ancestor"]
    return frozenset(pair for pair in moves if _run([*ancestor, *pair], environ)[0] == 0)
