"""`migrate`: what was taken over from the published product, what was not, and what is left to do by hand."""

from __future__ import annotations

from kanoniv_auth.api import migration
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.hooks.git import repository, script
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.migration import Migration
    from kanoniv_auth.cli.argv import Arguments


def migrate(arguments: Arguments) -> Outcome:
    """Take over a home; with --dry-run say what would be taken over."""
    dry = arguments.flag("dry_run")
    found = migration.migrate(arguments.text("from"), dry_run=dry)
    hook = _published_hook()
    message = "dry run" if dry else "already migrated" if _is_done(found) else "migrated"
    return Outcome(
        message, _text(found, dry=dry), _facts(found, hook, dry=dry), notes=_notes(found, hook)
    )


def _published_hook() -> str | None:
    """The published pre-push hook in the repository that we stand in, None for none."""
    try:
        path = f"{repository.find('.').hooks}/pre-push"
        return path if script.kind(files.read(path, named=True)) == script.PUBLISHED else None
    except AuthError:
        return None  # no repository, or nothing that can be read: it was looked for in passing


def _text(found: Migration, *, dry: bool) -> str:
    head = "[DRY RUN] Would take over" if dry else "Taken over"
    if _is_done(found):
        head = "[DRY RUN] Taken over before" if dry else "Taken over before"
    where = "in its place" if found.in_place else f"into {plain(found.home)}"
    lines = [f"{head}: {plain(found.old)}, {where}"]
    root = "none" if found.root is None else f"{found.root} ({_root_state(found)})"
    lines.append(f"  Root:   {root}")
    lines += [f"  Agent:  {plain(name)} {did} ({'key moved out of agents.json' if new else 'already here'})"
              for name, did, new in found.agents]  # fmt: skip
    for token in found.tokens:
        verdict = (
            "usable" if token.code == "ok" else f"of no use: {plain(token.said)} [{token.code}]"
        )
        lines.append(f"  Token:  {plain(token.path.rpartition('/')[2])} ({verdict})")
    lines += [f"  Kept:   {plain(path)}" for path in found.beside]
    lines += [f"  Closed: {plain(path)} (others could read it)" for path in found.tightened]
    return "\n".join(lines)


def _is_done(found: Migration) -> bool:
    """Whether all of it was here already."""
    new = found.root_is_new or any(new for _, _, new in found.agents)
    return not new and bool(found.root or found.agents)


def _root_state(found: Migration) -> str:
    return "taken over" if found.root_is_new else "already here"


def _notes(found: Migration, hook: str | None) -> tuple[str, ...]:
    notes = [
        f"note: others can still read {plain(path)}: chmod go= {quoted(path)}"
        for path in found.left_open
    ]
    if not found.in_place and (found.root or found.agents):
        notes.append(
            f"note: {plain(found.old)} still holds these keys; remove it when nothing of version 1 uses it any more"
        )
    if any(token.code == "ok" for token in found.tokens):
        notes.append(
            "note: a version 1 token can be verified and nothing more; kanoniv-auth delegate -s SCOPE makes a new one"
        )
    if hook is not None:
        notes.append(
            f"note: {plain(hook)} is the hook of version 1; to replace it: kanoniv-auth install-hook"
        )
    return tuple(notes)


def _facts(found: Migration, hook: str | None, *, dry: bool) -> dict[str, object]:
    return {
        "from": found.old,
        "home": found.home,
        "dry_run": dry,
        "root_did": found.root,
        "root_taken_over": found.root_is_new,
        "agents": [
            {"name": name, "did": did, "taken_over": new} for name, did, new in found.agents
        ],
        "tokens": [
            {
                "file": token.path,
                "usable": token.code == "ok",
                "code": token.code,
                "message": plain(token.said),
            }
            for token in found.tokens
        ],
        "kept": list(found.beside),
        "closed": list(found.tightened),
        "left_open": list(found.left_open),
        "published_hook": hook,
    }
