"""May this tool call run? One decision for every host, and one record. Whatever cannot be told is a refusal.

The token is the session's, or `$KANONIV_TOKEN` of the process that started the host; which roots count and where the
home is was fixed when the hook was installed. The model's own shell can set neither: its commands run elsewhere.
"""

from __future__ import annotations

import os

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import no_token
from kanoniv_auth.core import foreign_json, sodium
from kanoniv_auth.core.errors import AuthError, ScopeViolation, TokenParseError
from kanoniv_auth.hooks import held, hosts, toolscope
from kanoniv_auth.hooks.event import DONE, GATE, REFUSED, TOLD, Answer
from kanoniv_auth.hooks.held import Decision, Holder, claimed, held_against
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.surroundings import Around
from kanoniv_auth.store import sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kanoniv_auth.hooks.event import Event, Installed
    from kanoniv_auth.hooks.need import Need

_SHOWN = 8
_FIX = "call the tool with the input that it takes; a command can be said in plainer words"
# Claude Code's other events, and who answers them
_TOLD = {
    "SessionStart": ("lifecycle", "began"),
    "SessionEnd": ("lifecycle", "ended"),
    "ConfigChange": ("lifecycle", "changed"),
    "UserPromptExpansion": ("prompts", "answer"),
}


def answer(host: str, data: bytes, installed: Installed, here: str) -> Answer:
    """Answer one payload, and record it. host: the name the hook was started with · here: this process's folder."""
    try:
        event = _event(host, data, here)
    except AuthError as error:
        return _unreadable(host, error, installed)
    if event.kind == TOLD:
        return _told(event, installed)
    if event.kind != GATE:
        return _came_of(event, installed)
    decision = decide(event, installed)
    told = decision.told(_SHOWN)
    target, details = _target(event, told), _details(event)
    unrecorded = held.record(decision, installed.home, told, target, **details)
    why = decision.error or (unrecorded if installed.require_audit else None)
    if why is None:
        return Answer()
    from kanoniv_auth.hooks import refusal  # noqa: PLC0415 - what is allowed does without its words

    outside = os.environ.get("KANONIV_TOKEN") is not None
    reason = refusal.text(event, decision, why, unrecorded, outside=outside)
    return _refused(event.host, event.name, reason, why.slug)


def _event(host: str, data: bytes, here: str) -> Event:
    fields = foreign_json.read(data)
    if not isinstance(fields, dict):
        raise TokenParseError("parse", detail="the payload is no JSON object")
    found: Event = hosts.adapter(hosts.recognise(host, fields)).read(fields, here)
    return found


def _refused(host: str, event: str, reason: str, code: str) -> Answer:
    out: dict[str, object] = hosts.adapter(host).refuse(event, reason)
    return Answer(out, reason, REFUSED, code)


def _unreadable(host: str, error: AuthError, installed: Installed) -> Answer:
    unrecorded = audit_log.record(
        installed.home, "hook", result="denied", required=False, code=error.slug, hook=host
    )
    from kanoniv_auth.hooks import refusal  # noqa: PLC0415 - as above

    return _refused(host, "", refusal.unreadable(error, unrecorded), error.slug)


def _told(event: Event, installed: Installed) -> Answer:
    if event.host != hosts.CLAUDE or event.name not in _TOLD:
        return Answer()  # nothing that could keep a tool from running: no opinion
    import sys  # noqa: PLC0415 - as the next

    module, function = _TOLD[event.name]
    full = f"kanoniv_auth.hooks.{module}"
    __import__(full)  # what only a session's beginning and end, or a person's words need
    found: Answer = getattr(sys.modules[full], function)(event, installed)
    return found


# ---------------------------------------------------------------------------------------- the decision


def decide(event: Event, installed: Installed) -> Decision:
    """Decide all of an event's calls together: what one of them needs and lacks refuses it."""
    wanted: tuple[Need, ...] = ()
    asked: tuple[Need, ...] = ()
    token = None
    try:
        wanted = _wanted(event, installed)
        never = [need for need in wanted if need.action == NEVER]
        if never:
            detail = f"{never[0].subject} ({never[0].why})"
            return Decision(wanted, never, ScopeViolation("not_delegable", detail=detail))
        asked = tuple([need for need in wanted if not toolscope.is_free(need)])
        if not asked:
            return Decision(wanted)
        token = _token(event, installed)
        roots = trusted_roots(installed.home, None, installed.root_did)
        found = held_against(asked, token, installed.home, roots)
        return Decision(wanted, found.refused, found.error, found.holder)
    except AuthError as error:
        return Decision(wanted, asked, error, claimed(token) if token else Holder())


def _wanted(event: Event, installed: Installed) -> tuple[Need, ...]:
    """What all of an event's calls need. Raises: AuthError, whatever goes wrong: it is recorded as a refusal."""
    wanted: list[Need] = []
    for call in event.calls:
        try:
            wanted += toolscope.needs(call, Around(call.cwd, installed))
        except AuthError as error:
            error.facts.setdefault("fix", _FIX)
            raise
        except Exception as error:
            detail = f"{call.said} cannot be analysed: {type(error).__name__}: {error}"
            raise TokenParseError("parse", detail=detail, fix=_FIX) from error
    return tuple(wanted)


def _token(event: Event, installed: Installed) -> str:
    """`$KANONIV_TOKEN`, else the session's; never another. Raises: UsageError (no_token) and what is wrong with it."""
    given = os.environ.get("KANONIV_TOKEN")
    if given is not None:
        if not given.strip():
            raise no_token("KANONIV_TOKEN is set and empty")
        return given.strip()
    text = sessions.read_text(installed.home, event.session) if event.session else None
    if text is None:
        raise no_token("this session has no token")
    return text


# ------------------------------------------------------------------------------------------ the record


def _target(event: Event, told: tuple[Need, ...]) -> str:
    """What was to be touched. Of a command its programs alone: anything may stand in the words after them.

    What a command holds stays out of the record: its digest tells which one it was.
    """
    subjects = [need.subject for need in told]
    if any("command" in call.input for call in event.calls):
        subjects = [subject.split(" ")[0].partition("=")[0] for subject in subjects]
    return " ".join(dict.fromkeys(subjects))


def _came_of(event: Event, installed: Installed) -> Answer:
    """A call that was let through has run, or failed: nothing can be refused any more."""
    unrecorded = audit_log.record(
        installed.home,
        "hook",
        result="ran" if event.kind == DONE else "failed",
        required=False,
        **_details(event),
    )
    return Answer(err="" if unrecorded is None else f"kanoniv-auth: {unrecorded}")


def _details(event: Event) -> dict[str, Any]:
    details: dict[str, Any] = {
        "hook": event.host,
        "tool": event.calls[0].said if event.calls else "",
        "call": event.call_id,
        "session": event.session,
    }
    if event.agent_id:
        details["agent_id"] = event.agent_id
    command = event.calls[0].input.get("command") if event.calls else None
    if isinstance(command, str):
        details["digest"] = sodium.sha256(command.encode("utf-8", "backslashreplace")).hex()
    return details
