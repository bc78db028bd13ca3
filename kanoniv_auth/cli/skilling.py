"""`install-skill`, `uninstall-skill` and `uninstall`: Claude Code's hooks and the five commands."""

from __future__ import annotations

import os

from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.hooks.skill_install import Placed

_DONE = {
    "installed": "Claude Code is guarded: every tool call is held to the session's token.",
    "updated": "Updated. Claude Code is guarded: every tool call is held to the session's token.",
    "unchanged": "Claude Code is guarded already.",
    "removed": "Removed. Claude Code is guarded no more.",
    "absent": "There was nothing of ours to remove.",
}
_FOLDER_FREE = "Removed. The settings of this folder guard nothing any more; those of the person stay as they are."
_NEXT = (
    "Without a token everything but reading is refused. In a new session a person types:\n"
    "  /kanoniv:delegate full-dev 4h\n"
    "A hook is a guard, not a jail: it does not see what a test or script does inside. Pair it with the host's\n"
    "sandbox, and with a branch ruleset on the server (docs/explanation/what-a-hook-cannot-stop.md)."
)
_NO_ROOT = (
    "note: there is no root key in this home, so nothing can be delegated yet: kanoniv-auth init"
)


def install(arguments: Arguments) -> Outcome:
    """Guard Claude Code."""
    from kanoniv_auth.hooks import skill_install  # noqa: PLC0415 - json and subprocess

    project = _project(arguments)
    made = skill_install.install(project, arguments.text("root_did"))
    rows = [
        _DONE[made.done],
        f"  Settings:  {plain(made.settings)}",
        f"  Commands:  {plain(made.commands)}",
        f"  Home:      {plain(made.home)}",
        f"  Root:      {', '.join(made.roots)}",
    ]
    if made.others:
        rows.append(f"  Others:    {made.others} hook(s) of somebody else's stay as they are")
    rows += [f"  Also in:   {plain(path)}, so {_twice(project)}" for path in made.also_in]
    notes = () if os.path.lexists(f"{made.home}/root.key") else (_NO_ROOT,)
    facts = {**_facts(made), "home": plain(made.home), "roots": list(made.roots)}
    facts["also_in"] = [plain(path) for path in made.also_in]
    return Outcome(_DONE[made.done], "\n".join([*rows, "", _NEXT]), facts, notes=notes)


def uninstall(arguments: Arguments) -> Outcome:
    """Undo `install-skill`."""
    from kanoniv_auth.hooks import skill_install  # noqa: PLC0415 - as above

    project = _project(arguments)
    made = skill_install.uninstall(project)
    done = _FOLDER_FREE if project is not None and made.done == "removed" else _DONE[made.done]
    rows = [done, f"  Settings:  {plain(made.settings)}"]
    rows += [f"  Left:      {plain(path)}, which is not as we wrote it" for path in made.left]
    facts = {**_facts(made), "left": [plain(path) for path in made.left]}
    return Outcome(done, "\n".join(rows), facts)


def uninstall_all(_: Arguments) -> Outcome:
    """Undo `install-skill` for every session of this person, and name what stays: keys are nobody's to remove."""
    from kanoniv_auth.hooks import skill_install  # noqa: PLC0415 - as above

    made = skill_install.uninstall(None)
    home = quoted(made.home)
    remains = [made.home] if os.path.lexists(made.home) else []
    rows = [_DONE[made.done], f"  Settings:  {plain(made.settings)}"]
    rows += [f"  Left:      {plain(path)}, which is not as we wrote it" for path in made.left]
    if remains:
        rows.append(
            f"  Stays:     {plain(made.home)}, with keys, tokens and the audit log: rm -r {home}"
        )
    rows += [
        "  Stays:     git's hooks in repositories: kanoniv-auth uninstall-hook -r DIR",
        "  Stays:     hooks of single projects: kanoniv-auth uninstall-skill --project DIR",
        "  Stays:     the program: pip uninstall kanoniv-auth, or ./install.sh --uninstall",
    ]
    facts = {
        **_facts(made),
        "left": [plain(path) for path in made.left],
        "remains": [plain(path) for path in remains],
    }
    return Outcome(_DONE[made.done], "\n".join(rows), facts)


def _twice(project: str | None) -> str:
    undo = f"kanoniv-auth uninstall-skill --project {quoted(project or '.')}"
    return f"each call is decided and recorded twice; this takes one away: {undo}"


def _project(arguments: Arguments) -> str | None:
    project = arguments.text("project")
    if project is not None and arguments.flag("user"):
        fix = "give --user for every session of yours, or --project DIR for one folder"
        raise UsageError("usage", detail="--user and --project are two places", fix=fix)
    return project


def _facts(made: Placed) -> dict[str, object]:
    return {
        "done": made.done,
        "settings": plain(made.settings),
        "commands": plain(made.commands),
        "others": made.others,
    }
