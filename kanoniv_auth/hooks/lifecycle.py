"""What a coding agent's host tells about a session: that it begins, that it ends, that its settings changed."""

from __future__ import annotations

import os

from kanoniv_auth.api import audit_log, sessions
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.hooks.event import REFUSED, Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.event import Event, Installed

_POLICY = "policy_settings"  # an administrator's, which no hook can stop
_BEGIN = (
    "This session is guarded by kanoniv-auth and has no token: everything but reading is refused."
    " A person starts a delegation by typing, such as: /kanoniv:delegate code.edit,test.run 4h"
)


def began(event: Event, installed: Installed) -> Answer:
    """Say at once that nothing is granted yet, rather than at the first refusal."""
    if os.environ.get("KANONIV_TOKEN") is not None:
        return Answer()
    try:
        if sessions.load(installed.home, event.session) is not None:
            return Answer()
    except AuthError:
        return Answer()  # the first tool call is refused, and says why
    context = {"hookEventName": event.name, "additionalContext": _BEGIN}
    return Answer({"systemMessage": _BEGIN, "hookSpecificOutput": context})


def ended(event: Event, installed: Installed) -> Answer:
    """Take the session's authority away with it: who goes on with it later asks a person again."""
    try:
        sessions.end(installed.home, event.session)
    except AuthError as error:
        return Answer(err=f"kanoniv-auth: the session's token stays until it ends: {error}", exit=1)
    return Answer()


def changed(event: Event, installed: Installed) -> Answer:
    """Refuse that changed settings take effect while a session runs: they could switch its hooks off."""
    if event.text("source") == _POLICY:
        return Answer()
    path = event.text("file_path")
    audit_log.record(
        installed.home,
        "hook",
        result="denied",
        required=False,
        hook=event.host,
        code="not_delegable",
        tool=event.name,
        scope="agent.config",
        session=event.session,
        target=path or event.text("source"),
    )
    text = (
        f"kanoniv-auth: {path or 'the settings'} changed while this session runs, and is not taken up here: it could"
        " switch this session's hooks off.\nfix: look at the change; if it is yours, start the session again"
    )
    return Answer(
        err="".join([c if c.isprintable() or c == "\n" else "?" for c in text]), exit=REFUSED
    )
