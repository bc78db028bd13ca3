"""Asking git: where a repository's hooks are, where its remotes lead, what is an ancestor of what.

Never a shell, and every argument is one of ours or checked before. Of git's own settings (`GIT_*`) only those reach it
that say where things are; the token and the root key do not.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM")
# where the repository is that git runs a hook for. Of all others one names programs to run in git's place
# (GIT_EXEC_PATH), and others have it read what we turn off (GIT_TEST_COMMIT_GRAPH)
_PLACES = (
    "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
)  # fmt: skip
# what git takes from a repository to make one commit look like another's ancestor, and what reaches out to a network
_AS_STORED = {
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}


class Repository(Value):
    """One work tree or bare repository. top: where its hooks are started · common: shared by its work trees.

    hooks: folder of its hooks, as git would look for them · own: whether no other repository looks there, too ·
    managed: whether core.hooksPath names the folder
    """

    __slots__ = ("top", "common", "hooks", "own", "managed")

    top: str
    common: str
    hooks: str
    own: bool
    managed: bool

    def __init__(self, top: str, common: str, hooks: str, *, own: bool, managed: bool) -> None:
        self._fill(top, common, hooks, own, managed)


def _run(
    words: Iterable[str],
    environ: Mapping[str, str],
    folder: str | None = None,
    git: str = "git",
) -> tuple[int, str, str]:
    """Run git; returns its status, stdout and stderr, both without the last newline. Raises: UsageError.

    git: by default whatever PATH says, which is the installing person's to say and not a hook's caller's
    """
    try:
        done = subprocess.run(
            [git, *words],
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


def program(path: str | None = None) -> str:
    """Find git. path: folders to look in, by default PATH. Raises: UsageError."""
    found = shutil.which("git", path=path)
    if found is None:
        detail = "cannot run git: it is not on the PATH"
        raise UsageError("usage", detail=detail, fix="install git, or put it on the PATH")
    return os.path.abspath(found)  # noqa: PTH100 - as everywhere in this package, paths are text


def _outside(*kept: str) -> dict[str, str]:
    """The environment for asking about a folder: no GIT_DIR and no `git -c` of a caller may lead elsewhere.

    kept: names that are kept all the same
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "KANONIV_")) or name in _SETTINGS or name in kept
    }


def ask(folder: str, *words: str) -> tuple[int, str]:
    """Ask a git command's own question about the repository it would run in. Raises: UsageError without a git."""
    status, out, _ = _run(words, _outside(*_PLACES), folder)
    return status, out


def tell(folder: str, *words: str) -> tuple[int, str, str]:
    """Run a git command for a folder, whatever repository the caller's GIT_DIR names. Raises: UsageError."""
    status, out, err = _run(words, _outside(), folder)
    return status, out, err.strip().partition("\n")[0].removeprefix("fatal: ")


def version() -> tuple[int, ...]:
    """The version of git, as numbers; () when it does not say one. Raises: UsageError without a git."""
    words = _run(["version"], _outside())[1].split()
    numbers = words[2].split(".")[:3] if len(words) > 2 else []
    return tuple([int(number) for number in numbers if number.isdecimal()])


def _ask(folder: str, *words: str) -> str:
    status, out, said = tell(folder, *words)
    if status:
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
    managed = real != f"{common}/hooks"
    return Repository(top, common, hooks, own=inside and not _everybodys(top), managed=managed)


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


def only_adding(moves: Iterable[tuple[str, str]], git: str | None) -> frozenset[tuple[str, str]]:
    """Which of these moves keep what was there: the old commit is an ancestor of the new one.

    Asked about the repository git runs the hook for; an old commit that is not known here may be anything, and so
    counts as lost. moves: pairs of object ids · git: its path, None for the system's, whatever PATH says.
    Raises: UsageError when git cannot be run.
    """
    environ, real = _outside(*_PLACES), git or program(os.defpath)
    # a commit-graph file says who descends from whom in place of the commits themselves
    ancestor = ["-c", "core.commitGraph=false", "merge-base", "--is-ancestor"]
    return frozenset(pair for pair in moves if _run([*ancestor, *pair], environ, git=real)[0] == 0)
