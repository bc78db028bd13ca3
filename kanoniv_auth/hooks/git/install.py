"""Putting the pre-push hook where git finds it, and taking it out again.

There are three places: the folder of hooks, which every git looks into; the repository's own configuration, which
git 2.54 and later read and which no other manager of hooks writes; and the user's, for all repositories at once. A
repository has ours in one of its two.
"""

from __future__ import annotations

import os

from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.git import hook_config, hook_file, repository, script
from kanoniv_auth.hooks.pins import interpreter, labels, pins
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.git.repository import Repository

FOLDER, CONFIG, GLOBAL = "folder", "config", "global"
_SCOPES = {CONFIG: hook_config.LOCAL, GLOBAL: hook_config.GLOBAL}
_FIX_AGAIN = "kanoniv-auth install-hook --force writes it anew and keeps this one beside it"
_FIX_OWN = (
    "give this repository hooks of its own: git config core.hooksPath"
    ' "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"'
)
_FIX_OLD = "upgrade git; or leave --where away, for the folder of hooks, which every git looks into"
_NOT_RUN = (script.PUBLISHED, script.CHANGED)


class Installed(Value):
    """What was done: installed, unchanged, updated, removed or restored.

    hook: path of the file, a script or git's configuration · where: FOLDER, CONFIG or GLOBAL · roots: DIDs ·
    chained: another hook runs after it · kept: a copy of what it replaced, or None · remotes: address by name ·
    moved: the file it was in before, or None
    """

    __slots__ = ("hook", "done", "where", "roots", "chained", "kept", "remotes", "moved")

    hook: str
    done: str
    where: str
    roots: tuple[str, ...]
    chained: bool
    kept: str | None
    remotes: dict[str, str]
    moved: str | None

    def __init__(
        self,
        hook: str,
        done: str,
        where: str = FOLDER,
        *,
        roots: tuple[str, ...] = (),
        chained: bool = False,
        kept: str | None = None,
        remotes: dict[str, str] | None = None,
        moved: str | None = None,
    ) -> None:
        self._fill(hook, done, where, roots, chained, kept, remotes or {}, moved)


def install(
    folder: str, root_did: str | None = None, *, where: str | None = None, force: bool = False
) -> Installed:
    """Install the hook. folder: in the repository · root_did: default, the roots this home trusts now.

    where: FOLDER, CONFIG or GLOBAL; default, where it is already, else the repository's configuration when
    core.hooksPath gives the folder to somebody else and git reads hooks there, else the folder ·
    force: replace a hook of ours that was changed by hand or trusts other roots.
    Raises: UsageError, NoTrustedRoot, StorageError.
    """
    trusted = trusted_roots(find_home(os.environ), None, root_did)
    roots, pinned = labels(trusted), pins(trusted)
    if where == GLOBAL:
        return _put_config(folder, GLOBAL, pinned, roots, force=force)
    found = repository.find(folder)
    addresses = repository.remotes(found)
    if (where or _place(found)) == CONFIG:
        other = _other_file(found, force=force)
        made = _put_config(found.top, CONFIG, pinned, roots, force=force)
        moved = _leave_file(_hook(found), other)
    else:
        entry = _other_entry(found, force=force)
        made = _put_file(_own(found), pinned, roots, force=force)
        moved = _leave_config(found, entry)
    return Installed(
        made.hook,
        made.done,
        made.where,
        roots=roots,
        chained=made.chained,
        kept=made.kept,
        remotes=addresses,
        moved=moved,
    )


def uninstall(folder: str, *, where: str | None = None) -> Installed:
    """Take the hook out of the repository, or with GLOBAL of the user's configuration.

    The one that was there before is put back as it was. Raises: UsageError, StorageError.
    """
    if where == GLOBAL:
        return _take_config(folder, GLOBAL)
    found = repository.find(folder)
    hook = _hook(found)
    there = {
        FOLDER: script.kind(hook_file.read(hook)) if found.own else script.NONE,
        CONFIG: hook_config.read(found.top, hook_config.LOCAL).kind,
    }
    ours = [
        place
        for place, kind in there.items()
        if kind in (script.OURS, script.CHANGED) and where in (None, place)
    ]
    if script.CHANGED in [there[place] for place in ours]:
        ours = [place for place in ours if there[place] == script.CHANGED]  # which is refused
    # from the last one on: what is said is about the folder's, whose earlier hook comes back
    made = [
        _take_config(found.top, CONFIG) if place == CONFIG else _take_file(hook)
        for place in reversed(ours)
    ]
    if made:
        return made[-1]
    if where is None and there[FOLDER] == script.NONE:
        _refuse_everybodys(found)
    return _take_config(found.top, CONFIG) if where == CONFIG else _take_file(_hook(_own(found)))


def _place(found: Repository) -> str:
    """Where the hook is, or else belongs."""
    ours = (script.OURS, script.CHANGED)
    if hook_config.read(found.top, hook_config.LOCAL).kind in ours:
        return CONFIG
    if found.own and script.kind(hook_file.read(_hook(found))) in ours:
        return FOLDER
    managed = found.managed and repository.version() >= hook_config.SINCE
    return CONFIG if managed else FOLDER


def _put_file(found: Repository, pinned: str, roots: tuple[str, ...], *, force: bool) -> Installed:
    hook = _hook(found)
    before = hook_file.read(hook)
    kind = script.kind(before)
    if before is not None and not force:
        _refuse_changed(hook, before, kind, pinned)
    python, git = interpreter(), os.fsencode(repository.program())
    kept = hook_file.keep(hook, before) if before is not None and kind in _NOT_RUN else None
    done, chained = hook_file.put(hook, before, python, git, pinned)
    return Installed(hook, done, FOLDER, roots=roots, chained=chained, kept=kept)


def _put_config(
    folder: str, where: str, pinned: str, roots: tuple[str, ...], *, force: bool
) -> Installed:
    version = repository.version()
    if version < hook_config.SINCE:
        said = ".".join([str(number) for number in version]) or "of this version"
        detail = f"git {said} runs no hooks of its configuration; git 2.54 and later do"
        raise UsageError("usage", detail=detail, fix=_FIX_OLD)
    scope = _SCOPES[where]
    before = hook_config.read(folder, scope)
    if before.kind in (script.FOREIGN, script.PUBLISHED):
        raise _foreign(before.file, scope)
    if before.commands and not force:
        _refuse_changed(_named(before.file), before.commands[-1], before.kind, pinned)
    text = script.write(interpreter(), os.fsencode(repository.program()), pinned, chained=False)
    done = hook_config.put(folder, scope, before, text)
    file = hook_config.read(folder, scope).file
    kept = file if before.kind == script.CHANGED else None
    return Installed(file, done, where, roots=roots, kept=kept)


def _other_file(found: Repository, *, force: bool) -> bytes | None:
    """Ours in the folder, which is to go when there is another place; somebody else's stays where it is."""
    hook = _hook(found)
    before = hook_file.read(hook) if found.own else None
    kind = script.kind(before)
    if kind == script.CHANGED and not force:
        raise UsageError("usage", detail=f"{hook} was changed by hand", fix=_FIX_AGAIN)
    return before if kind in (script.OURS, *_NOT_RUN) else None


def _leave_file(hook: str, before: bytes | None) -> str | None:
    if before is None:
        return None
    if script.kind(before) in _NOT_RUN:
        hook_file.keep(hook, before)
    hook_file.take(hook)
    return hook


def _other_entry(found: Repository, *, force: bool) -> hook_config.Entry | None:
    before = hook_config.read(found.top, hook_config.LOCAL)
    if before.kind == script.CHANGED and not force:
        detail = f"{_named(before.file)} was changed by hand"
        raise UsageError("usage", detail=detail, fix=_FIX_AGAIN)
    return before if before.kind in (script.OURS, script.CHANGED) else None


def _leave_config(found: Repository, before: hook_config.Entry | None) -> str | None:
    if before is None:
        return None
    hook_config.take(found.top, hook_config.LOCAL, before)
    return before.file


def _take_file(hook: str) -> Installed:
    kind = script.kind(hook_file.read(hook))
    if kind == script.NONE:
        fix = "nothing is to be taken out; kanoniv-auth install-hook puts one there"
        raise UsageError("usage", detail=f"there is no hook {hook}", fix=fix)
    if kind == script.CHANGED:
        raise UsageError("usage", detail=f"{hook} was changed by hand", fix=_FIX_AGAIN)
    if kind != script.OURS:
        fix = f"remove it yourself, if it is to go: rm {hook}"
        raise UsageError("usage", detail=f"{hook} is not a hook of kanoniv-auth's", fix=fix)
    return Installed(hook, hook_file.take(hook))


def _take_config(folder: str, where: str) -> Installed:
    scope = _SCOPES[where]
    before = hook_config.read(folder, scope)
    if before.kind == script.NONE:
        detail = f"git's configuration ({scope}) has no hook.kanoniv"
        fix = f"nothing is to be taken out; kanoniv-auth install-hook --where {where} puts it there"
        raise UsageError("usage", detail=detail, fix=fix)
    if before.kind == script.CHANGED:
        raise UsageError(
            "usage", detail=f"{_named(before.file)} was changed by hand", fix=_FIX_AGAIN
        )
    if before.kind != script.OURS:
        raise _foreign(before.file, scope)
    hook_config.take(folder, scope, before)
    return Installed(before.file, "removed", where)


def _refuse_everybodys(found: Repository) -> None:
    """Say where the hook is that runs here all the same."""
    entry = hook_config.read(found.top, hook_config.GLOBAL)
    if entry.kind in (script.OURS, script.CHANGED):
        raise UsageError(
            "usage",
            detail=f"this repository has no hook of its own; {_named(entry.file)} is for all",
            fix="kanoniv-auth uninstall-hook --where global takes that out, everywhere",
        )


def _foreign(file: str, scope: str) -> UsageError:
    return UsageError(
        "usage",
        detail=f"{_named(file)} is not a hook of kanoniv-auth's",
        fix=f"remove it yourself, if it is to go: git config {scope} --remove-section hook.kanoniv",
    )


def _named(file: str) -> str:
    return f"hook.kanoniv in {file}"


def _hook(found: Repository) -> str:
    return f"{found.hooks}/pre-push"


def _own(found: Repository) -> Repository:
    if found.own:
        return found
    raise UsageError(
        "usage",
        detail=f"core.hooksPath is {found.hooks}, which other repositories use, too",
        fix=_FIX_OWN,
    )


def _refuse_changed(what: str, data: bytes, kind: str, pinned: str) -> None:
    if kind == script.CHANGED:
        raise UsageError("usage", detail=f"{what} was changed by hand", fix=_FIX_AGAIN)
    if kind == script.OURS and script.roots_of(data) != pinned:
        detail = f"{what} trusts other roots: {script.roots_of(data)}"
        raise UsageError(
            "usage", detail=detail, fix="kanoniv-auth install-hook --force changes that"
        )
