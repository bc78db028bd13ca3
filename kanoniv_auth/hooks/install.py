"""Putting the pre-push hook where git looks for it, and taking it out again.

The file there always is a whole hook: ours replaces the other in one step, when that one is kept under its second
name already. What is not ours is never overwritten and never lost.
"""

from __future__ import annotations

import os
import subprocess
import sys

from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.errors import NoTrustedRoot, StorageError, UsageError
from kanoniv_auth.core.keys import did, did_key
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks import repository, script
from kanoniv_auth.hooks.script import SUFFIX
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.hooks.repository import Repository

_MODE = 0o755
_FIX_AGAIN = "kanoniv-auth install-hook --force writes it anew and keeps this one beside it"
_FIX_OWN = (
    "give this repository hooks of its own: git config core.hooksPath"
    ' "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"'
)


class Installed(Value):
    """What was done: installed, unchanged, updated, removed or restored.

    hook: its path · roots: DIDs · chained: another hook runs after it · kept: a copy of what it replaced, or None ·
    remotes: address by name
    """

    __slots__ = ("hook", "done", "roots", "chained", "kept", "remotes")

    hook: str
    done: str
    roots: tuple[str, ...]
    chained: bool
    kept: str | None
    remotes: dict[str, str]

    def __init__(
        self,
        hook: str,
        done: str,
        *,
        roots: tuple[str, ...] = (),
        chained: bool = False,
        kept: str | None = None,
        remotes: dict[str, str] | None = None,
    ) -> None:
        self._fill(hook, done, roots, chained, kept, remotes or {})


def install(folder: str, root_did: str | None = None, *, force: bool = False) -> Installed:
    """Install the hook. folder: in the repository · root_did: default, the roots this home trusts now.

    force: replace a hook of ours that was changed by hand or trusts other roots.
    Raises: UsageError, NoTrustedRoot, StorageError.
    """
    trusted = trusted_roots(find_home(os.environ), None, root_did)
    roots, pinned = labels(trusted), pins(trusted)
    found = _own(repository.find(folder))
    hook = f"{found.hooks}/pre-push"
    before = _read(hook)
    kind = script.kind(before)
    if before is not None and not force:
        _refuse_changed(hook, before, kind, pinned)
    python, git = _interpreter(), os.fsencode(repository.program())
    try:
        os.makedirs(found.hooks, exist_ok=True)  # noqa: PTH103 - paths are text in this package
        if kind == script.FOREIGN and before is not None:
            _set_aside(hook, before)
        chained = os.path.lexists(hook + SUFFIX)
        text = script.write(python, git, pinned, chained=chained)
        kept = None
        if before is not None and (kind in (script.PUBLISHED, script.CHANGED)):
            kept = _copy(hook, before)
        if before != text or not os.access(hook, os.X_OK):
            _write(hook, text)
    except OSError as error:
        raise _unusable("install", hook, error) from None
    done = "unchanged" if before == text else "updated" if kind == script.OURS else "installed"
    addresses = repository.remotes(found)
    return Installed(hook, done, roots=roots, chained=chained, kept=kept, remotes=addresses)


def uninstall(folder: str) -> Installed:
    """Take the hook out; the one that was there before is put back as it was. Raises: UsageError, StorageError."""
    hook = f"{_own(repository.find(folder)).hooks}/pre-push"
    kind = script.kind(_read(hook))
    if kind == script.NONE:
        fix = "nothing is to be taken out; kanoniv-auth install-hook puts one there"
        raise UsageError("usage", detail=f"there is no hook {hook}", fix=fix)
    if kind == script.CHANGED:
        raise UsageError("usage", detail=f"{hook} was changed by hand", fix=_FIX_AGAIN)
    if kind != script.OURS:
        fix = f"remove it yourself, if it is to go: rm {hook}"
        raise UsageError("usage", detail=f"{hook} is not a hook of kanoniv-auth's", fix=fix)
    try:
        if os.path.lexists(hook + SUFFIX):
            os.replace(hook + SUFFIX, hook)  # noqa: PTH105 - paths are text in this package
            return Installed(hook, "restored")
        os.unlink(hook)  # noqa: PTH108 - as above
    except OSError as error:
        raise _unusable("remove", hook, error) from None
    return Installed(hook, "removed")


def _own(found: Repository) -> Repository:
    if found.own:
        return found
    raise UsageError(
        "usage",
        detail=f"core.hooksPath is {found.hooks}, which other repositories use, too",
        fix=_FIX_OWN,
    )


def pins(trusted: TrustedRoots) -> str:
    """The roots as the hook is to be told them: whole keys where they are known; none that is on its way out."""
    keys = [did_key(key) for key in trusted.keys if did(key) not in trusted.retired]
    found = sorted((*keys, *(label for label in trusted.dids if label not in trusted.retired)))
    if not found:
        raise NoTrustedRoot("no_trusted_root")
    return ",".join(found)


def labels(trusted: TrustedRoots) -> tuple[str, ...]:
    """The DIDs of the roots, for people; none that is on its way out."""
    found = {did(key) for key in trusted.keys} | set(trusted.dids)
    return tuple(sorted(found - set(trusted.retired)))


def _refuse_changed(hook: str, data: bytes, kind: str, pinned: str) -> None:
    if kind == script.CHANGED:
        raise UsageError("usage", detail=f"{hook} was changed by hand", fix=_FIX_AGAIN)
    if kind == script.OURS and script.roots_of(data) != pinned:
        detail = f"{hook} trusts other roots: {script.roots_of(data)}"
        raise UsageError(
            "usage", detail=detail, fix="kanoniv-auth install-hook --force changes that"
        )


def _interpreter() -> bytes:
    """The path of this interpreter, when it finds us with nothing of the caller's environment to help it."""
    python = os.path.abspath(sys.executable) if sys.executable else ""  # noqa: PTH100 - a venv's link is kept
    probe = [python, "-I", "-c", "import kanoniv_auth.cli.hooking"]
    try:
        works = (
            python
            and not subprocess.run(probe, cwd="/", capture_output=True, check=False).returncode
        )
    except OSError:
        works = False
    if not works:
        detail = f"{python or 'this interpreter'} does not find kanoniv-auth without PYTHONPATH and user packages"
        fix = "install kanoniv-auth into a virtual environment, and run install-hook from there"
        raise UsageError("usage", detail=detail, fix=fix)
    return os.fsencode(python)


def _read(hook: str) -> bytes | None:
    if not os.path.lexists(hook):
        return None
    try:
        with open(hook, "rb") as file:  # noqa: PTH123 - paths are text in this package
            return file.read()
    except FileNotFoundError:
        return b""  # a link to nothing: it stays what it is
    except OSError as error:
        raise _unusable("read", hook, error) from None


def _set_aside(hook: str, data: bytes) -> None:
    """Give a foreign hook its second name as well: bytes, mode and, of a link, where it leads stay the same."""
    aside = hook + SUFFIX
    if os.path.lexists(aside):
        if _read(aside) == data:
            return  # husky writes its stub again and again
        detail = f"there are two other hooks, {hook} and {aside}"
        raise UsageError("usage", detail=detail, fix="make one of the two, and move the other away")
    try:
        os.link(hook, aside, follow_symlinks=False)
    except (OSError, NotImplementedError):
        os.rename(hook, aside)  # noqa: PTH104 - a file system without hard links


def _copy(hook: str, data: bytes) -> str:
    """Keep what is replaced, under the first name that is free or holds the same."""
    number = 1
    while True:
        path = f"{hook}.kanoniv-kept" + (f"-{number}" if number > 1 else "")
        found = _read(path)
        if found is None:
            _write(
                path, data, 0o644
            )  # git would run nothing of that name, and neither does anybody by mistake
        if found in (None, data):
            return path
        number += 1


def _write(path: str, data: bytes, mode: int = _MODE) -> None:
    """Write a whole file in one step. Unlike the files of a home it is for everybody who uses the repository."""
    temporary = f"{path}.{os.urandom(8).hex()}.new"
    fd = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(
                fd, mode
            )  # before it has its name: git passes over a hook that is not executable
            os.fsync(fd)
        os.replace(temporary, path)  # noqa: PTH105 - paths are text in this package
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - as above
        raise


def _unusable(verb: str, path: str, error: OSError) -> StorageError:
    detail = f"cannot {verb} {path}: {error.strerror or error}"
    fix = f"make the folder of {path} writable, then run it again"
    return StorageError("storage", detail=detail, fix=fix)
