"""`install-hook`, `uninstall-hook`, and `hook pre-push`, which git runs."""

from __future__ import annotations

import os

from kanoniv_auth.api.audit_log import not_recorded
from kanoniv_auth.cli import fixes, inputs, quoting, render
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.errors import DENIED, AuthError, UsageError
from kanoniv_auth.hooks.git import decision as hook
from kanoniv_auth.hooks.need import asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.hooks.git.install import Installed
    from kanoniv_auth.hooks.held import Decision
    from kanoniv_auth.hooks.need import Need

_DONE = {
    "installed": "Installed the pre-push hook.",
    "updated": "Updated the pre-push hook.",
    "unchanged": "The pre-push hook is installed already.",
    "removed": "Removed the pre-push hook.",
    "restored": "Removed the pre-push hook; the one that was there before is back.",
}
_ADVISORY = (
    "It is advisory: git push --no-verify, core.hooksPath and every other clone go around it.\n"
    "What holds everybody is the server's: a branch ruleset that requires a check (kanoniv/auth-action/verify)."
)
# where the fix for a command that a person types would not help: the hook takes no options from its caller
_FIXES = {
    "audience": "the hook has no name of its own: use a token that is not sealed for one verifier",
    "caveat": "the hook states no facts: ask for a token without that caveat",
    "untrusted_root": "use a token from a root this hook trusts; the person whose repository it is can change that: "
    "kanoniv-auth install-hook --root-did DID --force",
}
_GRANT = ("scope", "no_token", "expired")


def pre_push(arguments: Arguments) -> Outcome:
    """Exit 0 when the token covers every ref, 1 when the push is refused, else as the hook that was there before."""
    name, address = arguments.rest
    data = _stdin()
    decision, unrecorded = hook.pre_push(
        data, address, arguments.needed("root_did"), arguments.text("git")
    )
    facts: dict[str, object] = {"refs": [_row(need, decision) for need in decision.needs]}
    notes: tuple[str, ...] = ()
    if unrecorded is not None:
        facts |= not_recorded(unrecorded)
        notes = (f"note: {quoting.plain(str(facts['note']))}",)
    if decision.error is not None:
        error = decision.error
        fix = _fix(decision, error)
        return Outcome(
            quoting.plain(str(error)),
            "",
            {"fix": fix, **render.facts_of(error), **facts},
            notes=(*_denied(decision, error, fix), *notes),
            exit=DENIED,
            code=error.slug,
        )
    following = arguments.text("next")
    status = 0 if following is None else _follow(following, (name, address), data)
    return Outcome(
        "allowed" if not status else f"the hook that was there before ended with {status}",
        "",
        facts,
        notes=notes,
        exit=status,
        code="failure" if status else "ok",
    )


def _stdin() -> bytes:
    parts = []
    while part := os.read(0, 65536):
        parts.append(part)
    return b"".join(parts)


def _follow(path: str, words: tuple[str, str], data: bytes) -> int:
    from kanoniv_auth.hooks.git import following  # noqa: PLC0415 - seldom there

    return following.run(path, words, data)


def _row(need: Need, decision: Decision) -> dict[str, object]:
    return {
        "ref": quoting.plain(need.subject),
        "scope": need.action,
        "why": need.why,
        "granted": need not in decision.refused,
    }


def _denied(decision: Decision, error: AuthError, fix: str) -> tuple[str, ...]:
    if error.slug != "scope":
        head, *rest = render.refusal(error).split("\n")
        return ("PUSH REFUSED", head, *_listed(decision), *rest[:-1], f"fix: {fix}")
    have = error.facts["have"]
    granted = ", ".join([str(scope) for scope in have]) if isinstance(have, tuple) else str(have)
    return (
        "PUSH REFUSED",
        f"error: {len(decision.refused)} of {len(decision.needs)} ref(s) not granted [scope]",
        *_listed(decision),
        f"  You have:  {quoting.plain(granted)}",
        f"fix: {fix}",
    )


def _listed(decision: Decision) -> list[str]:
    return [
        f"  {quoting.plain(need.subject)} needs {need.action} ({need.why})"
        for need in decision.refused
    ]


def _fix(decision: Decision, error: AuthError) -> str:
    """One command for all refs; what is refused for another reason has that reason's fix."""
    if error.slug in _FIXES:
        return _FIXES[error.slug]
    if error.slug in _GRANT and decision.needs:
        scopes = quoting.quoted(",".join(asked(decision.needs)))
        return f"whoever holds the root key can grant it: kanoniv-auth delegate -s {scopes}"
    return fixes.fix_of(error)


def install(arguments: Arguments) -> Outcome:
    """Have git ask before it pushes."""
    from kanoniv_auth.hooks.git.install import install as put  # noqa: PLC0415 - `hook pre-push` does without

    folder, where = _place(arguments)
    made = put(folder, arguments.text("root_did"), where=where, force=arguments.flag("force"))
    scopes = _scopes(made)
    rows = [
        *_where(made),
        f"  Root:   {', '.join(made.roots)}",
        *[f"  Remote: {quoting.plain(name)} needs {scope}" for name, scope in scopes.items()],
    ]
    if made.chained:
        rows.append("  Then:   the hook that was there before (pre-push.kanoniv-next)")
    if made.kept is not None:
        rows.append(f"  Kept:   {quoting.plain(made.kept)}, which it replaces")
    if made.moved is not None:
        rows.append(f"  Moved:  it is in {quoting.plain(made.moved)} no more")
    facts = {
        **_facts(made),
        "moved": made.moved,
        "roots": list(made.roots),
        "chained": made.chained,
        "kept": made.kept,
    }
    text = "\n".join([_DONE[made.done], *rows, "", _ADVISORY])
    return Outcome(made.done, text, {**facts, "scopes": scopes})


def _scopes(made: Installed) -> dict[str, str]:
    """By remote: the scope of a branch, in words where the remote has none."""
    from kanoniv_auth.core.scopes import scope  # noqa: PLC0415 - loaded already
    from kanoniv_auth.hooks.git.address import repository_name  # noqa: PLC0415 - as above

    found = {}
    for name, address in made.remotes.items():
        try:
            found[name] = scope("git", "push", repository_name(address)) + ".BRANCH"
        except AuthError as error:
            found[name] = f"nothing that can be granted: {error}"
    return found


def uninstall(arguments: Arguments) -> Outcome:
    """Undo `install-hook`."""
    from kanoniv_auth.hooks.git.install import uninstall as take  # noqa: PLC0415 - as above

    folder, where = _place(arguments)
    made = take(folder, where=where)
    text = f"{_DONE[made.done]}\n  Hook:   {_named(made)}"
    return Outcome(made.done, text, _facts(made))


def _place(arguments: Arguments) -> tuple[str, str | None]:
    """The folder of the repository, and where in it; None for what the hook's own module chooses."""
    where = None
    if arguments.text("where") is not None:
        where = inputs.one_of(arguments, "where", ("folder", "config", "global"))
    folder = arguments.text("repo")
    if where == "global" and folder is not None:
        fix = "leave one of the two out: --where global is for all repositories"
        raise UsageError("usage", detail="--repo with --where global", fix=fix)
    return folder or ".", where


def _named(made: Installed) -> str:
    name = "" if made.where == "folder" else " (hook.kanoniv)"
    return quoting.plain(made.hook) + name


def _where(made: Installed) -> list[str]:
    rows = [f"  Hook:   {_named(made)}"]
    if made.where != "folder":
        whose = "every repository of yours" if made.where == "global" else "this repository"
        rows.append(f"  Runs:   in {whose}, by git 2.54 and later; an older one passes over it")
    return rows


def _facts(made: Installed) -> dict[str, object]:
    return {"hook": quoting.plain(made.hook), "where": made.where, "done": made.done}
