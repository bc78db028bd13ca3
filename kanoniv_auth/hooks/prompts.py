"""What a person types to a coding agent: `/kanoniv:delegate`, `scope`, `ttl`, `status` and `audit`.

The host runs this when a typed command is expanded, outside of the model's tool calls. Nothing else changes what a
session may do: the model cannot type, and what it calls is decided elsewhere.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import logbook, sessions
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.scopes import parse_scopes, scope
from kanoniv_auth.core.trail import Entry
from kanoniv_auth.hooks import typed
from kanoniv_auth.hooks.event import REFUSED, Answer
from kanoniv_auth.hooks.presets import menu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.sessions import Session
    from kanoniv_auth.hooks.event import Event, Installed

PREFIX = "kanoniv:"
_LONGEST = 9_000  # characters: the host cuts what it is told at 10,000
# of the plugin, and of what install-skill puts below the person's own ~/.claude
_SOURCES = ("plugin", "userSettings")
_CHANGING = ("delegate", "scope", "ttl")
_REPO, _BRANCH = "{repo}", "{branch}"
_FIXES = {
    "no_root_key": "make a root key once, in a terminal of your own: kanoniv-auth init",
    "untrusted_root": "install the hook again for this root, in a terminal of your own: kanoniv-auth install-skill",
    "revoked": "start anew: /kanoniv:delegate code.edit,test.run 4h",
}


def answer(event: Event, installed: Installed) -> Answer:
    """Carry out a typed command; another one is none of ours. Everything that fails is an answer, too."""
    name = event.text("command_name")
    if not name.startswith(PREFIX):
        return Answer()
    try:
        shown, told = _carry_out(name.removeprefix(PREFIX), event, installed)
    except AuthError as error:
        return _refused(error)
    context = {"hookEventName": event.name, "additionalContext": told}
    return Answer({"systemMessage": shown[:_LONGEST], "hookSpecificOutput": context})


def _refused(error: AuthError) -> Answer:
    fix = (
        error.facts.get("fix") or _FIXES.get(error.slug) or "ask in a terminal: kanoniv-auth --help"
    )
    text = f"kanoniv-auth: nothing was changed. error: {error} [{error.slug}]\nfix: {fix}"
    return Answer(err=_shown(text), exit=REFUSED)


def _carry_out(verb: str, event: Event, installed: Installed) -> tuple[str, str]:
    """What the person is shown, and what the model is told."""
    args, home, root = event.text("command_args"), installed.home, installed.root_did
    _refuse_others(event)
    if verb in _CHANGING and os.environ.get("KANONIV_TOKEN") is not None:
        detail = (
            "this session is held to KANONIV_TOKEN of the environment that its host was started in"
        )
        raise UsageError(
            "usage", detail=detail, fix="start the host without KANONIV_TOKEN, then type it"
        )
    if verb == "delegate":
        wanted = typed.delegation(args)
        name = wanted.name or sessions.AGENT
        given = _filled(wanted.scopes, event.text("cwd"))
        found = sessions.start(home, event.session, given, wanted.ttl, name, root_did=root)
        return _granted("Delegation active.", found)
    if verb == "scope":
        given = _filled(typed.scopes(args), event.text("cwd"))
        found = sessions.change_scopes(home, event.session, given, root_did=root)
        return _granted("Scopes changed.", found)
    if verb == "ttl":
        found = sessions.change_ttl(home, event.session, typed.time(args), root_did=root)
        return _both("Time changed.", found)
    if verb == "status":
        return _status(event, installed)
    if verb == "audit":
        return _audit(typed.count(args), event, installed)
    fix = "the commands are /kanoniv:delegate, scope, ttl, status and audit"
    raise UsageError("usage", detail=f"there is no command /{PREFIX}{verb}", fix=fix)


def _refuse_others(event: Event) -> None:
    """Refuse what no person typed. Raises: UsageError.

    A command whose file leaves `disable-model-invocation` out is expanded for a prompt that the model scheduled, too,
    and nothing in the payload tells the two apart. So a file that a repository brings along is not taken for ours.
    """
    if event.agent_id or event.text("expansion_type") != "slash_command":
        detail = "only what a person types changes a session"
        raise UsageError("usage", detail=detail, fix="type it to the session itself")
    if event.text("command_source") not in _SOURCES:
        detail = f"this command's file is not the installed one ({event.text('command_source')})"
        fix = "remove .claude/commands/kanoniv and .claude/skills/kanoniv* from the project"
        raise UsageError("usage", detail=detail, fix=fix)


def _filled(wanted: tuple[str, ...], cwd: str) -> tuple[str, ...]:
    """Put the checkout's names where `{repo}` and `{branch}` stand. Raises: UsageError where it has none."""
    names: dict[str, str] = {}
    if any(_REPO in one or _BRANCH in one for one in wanted):
        names = _names(cwd)
    filled = []
    for one in wanted:
        segments = one.split(".")
        for mark in (_REPO, _BRANCH):
            if mark in segments and not names.get(mark):
                fix = f"type the name in place of {mark}, such as git.push.auth-action.main"
                raise UsageError("usage", detail=f"{cwd} has no {mark[1:-1]} to fill in", fix=fix)
        filled.append(".".join([names.get(each, each) for each in segments]))
    return parse_scopes(filled)


def _names(cwd: str) -> dict[str, str]:
    from kanoniv_auth.hooks.checkout import Checkout  # noqa: PLC0415 - subprocess, where a name is to be filled in

    git = Checkout()
    target = git.target(cwd, None)
    found = {_REPO: git.repository(cwd), _BRANCH: None if target is None else target.branch}
    return {mark: scope(name) for mark, name in found.items() if name}


def _granted(head: str, found: Session) -> tuple[str, str]:
    """As `_both`, and for the person alone, what of it may be a slip."""
    from kanoniv_auth.hooks import known  # noqa: PLC0415 - the tables, where scopes were typed

    shown, told = _both(head, found)
    said = known.note(found.scopes)
    return (f"{shown}\n{said}" if said else shown), told


def _both(head: str, found: Session) -> tuple[str, str]:
    return f"{head}\n{_rows(found)}", f"{head} {_line(found)}"


def _rows(found: Session) -> str:
    left = f"{format_ttl(found.ttl_remaining)} left" if found.ttl_remaining > 0 else "EXPIRED"
    rows = (
        ("Agent", found.name),
        ("DID", found.agent_did),
        ("Scopes", ", ".join(found.scopes)),
        ("Time", left),
    )
    return "\n".join([f"  {label + ':':<8}{value}" for label, value in rows])


def _line(found: Session) -> str:
    """For the model: what it may do, and how to ask for more."""
    if found.ttl_remaining <= 0:
        return "Everything but reading is refused until the person types that; you cannot."
    return (
        f"This session may do what these scopes cover, for {format_ttl(max(0, found.ttl_remaining))}:"
        f" {', '.join(found.scopes)}. Reading needs no scope. Where another is needed, ask the person to type"
        " /kanoniv:scope with all scopes; you cannot change them yourself."
    )


def _status(event: Event, installed: Installed) -> tuple[str, str]:
    if os.environ.get("KANONIV_TOKEN") is not None:
        text = (
            "This session is held to KANONIV_TOKEN of the environment that its host was started in."
        )
        return f"{text}\nkanoniv-auth whoami shows it.", text
    if sessions.load(installed.home, event.session) is None:
        text = "No delegation: everything but reading is refused."
        return f"{text} Start one with /kanoniv:delegate SCOPES|PRESET [TIME]:\n{menu()}", text
    found = sessions.show(installed.home, event.session)
    head = (
        "Delegation active."
        if found.ttl_remaining > 0
        else "The delegation has expired: /kanoniv:ttl 2h goes on."
    )
    return _both(head, found)


def _audit(limit: int, event: Event, installed: Installed) -> tuple[str, str]:
    """This session's records, for the person alone: what stands in them came from elsewhere, the model included."""

    def keep(entry: Entry) -> bool:
        return entry.what.details.get("session") == event.session

    found = logbook.recent(limit, keep, None, installed.home)
    rows = _lines([_cells(one) for one in found if isinstance(one, Entry)])
    head = (
        f"{len(rows)} record(s) of this session, newest first:"
        if rows
        else "No records of this session."
    )
    return "\n".join([head, *rows]), "The person was shown this session's audit records."


def _cells(one: Entry) -> tuple[str, ...]:
    what, details = one.what, one.what.details
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(one.at))
    part = details.get("tool") or details.get("verb") or ""
    rest = " ".join(
        [str(details[key]) for key in ("scope", "scopes", "target") if details.get(key)]
    )
    cells = (when, what.name or "-", f"{what.event}:{part}", what.result, rest[:80])
    return tuple([_shown(cell.replace("\n", "\\n")) for cell in cells])


def _lines(rows: list[tuple[str, ...]]) -> list[str]:
    """One under the other, the last cell as long as it is."""
    wide = [max([len(cell) for cell in column]) for column in zip(*rows, strict=True)][:-1]
    return [
        "  ".join(
            ["", *[f"{cell:<{width}}" for cell, width in zip(row, wide, strict=False)], row[-1]]
        )
        for row in rows
    ]


def _shown(text: str) -> str:
    """Text from elsewhere can break no line and move no cursor; a token in it is cut."""
    return "".join([c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in redact(text)])
