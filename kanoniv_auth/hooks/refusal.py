"""What a refused tool call is told: to the model, which reads it, and to the person who can change it. Pure."""

from __future__ import annotations

from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.scopes import covers
from kanoniv_auth.hooks.hosts import CLAUDE
from kanoniv_auth.hooks.need import NEVER, asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.errors import AuthError
    from kanoniv_auth.hooks.event import Event
    from kanoniv_auth.hooks.held import Decision
    from kanoniv_auth.hooks.need import Need

_HEAD = "REFUSED by kanoniv-auth."
_SHOWN, _LONGEST, _WIDTH = 8, 4000, 200
_GRANT = ("scope", "no_token", "expired")
_NEVER = "no token lets an agent do this. A person can, in a terminal of their own."
_PERSON = "Ask the person for it; do not try another way around."


def text(
    event: Event,
    decision: Decision,
    error: AuthError,
    unrecorded: AuthError | None,
    *,
    outside: bool = False,
) -> str:
    """The reason, in a few lines, bounded; nothing in it can move a cursor, and no token stands in it.

    outside: the token is that of the environment the host was started in, which nothing that is typed changes
    """
    lines = [_HEAD, f"error: {error} [{error.slug}]"]
    # what is nobody's is in the error already, with its reason
    told = decision.refused[1:] if error.slug == "not_delegable" else decision.refused
    lines += [f"  {need.subject[:_WIDTH]} {_needs(need)}" for need in told[:_SHOWN]]
    if len(told) > _SHOWN:
        lines.append(f"  and {len(told) - _SHOWN} more")
    have = error.facts.get("have")
    if isinstance(have, tuple):
        lines.append(f"  granted: {', '.join([str(scope) for scope in have])}")
    lines.append(f"fix: {_fix(decision, error, typed=event.host == CLAUDE and not outside)}")
    return _plain(lines, unrecorded if unrecorded is not error else None)


def unreadable(error: AuthError, unrecorded: AuthError | None) -> str:
    """The reason where there is no saying what was to be called."""
    lines = [_HEAD, f"error: what the host says of it cannot be used: {error} [{error.slug}]"]
    fix = (
        "fix: see whether the hook is installed for this host: kanoniv-auth hook --help lists them"
    )
    return _plain([*lines, fix], unrecorded)


def _needs(need: Need) -> str:
    return (
        f"is nobody's ({need.why})" if need.action == NEVER else f"needs {need.action} ({need.why})"
    )


def _fix(decision: Decision, error: AuthError, *, typed: bool) -> str:
    if error.slug == "not_delegable":
        return _NEVER
    if error.slug in _GRANT and decision.refused:
        return _grant(decision, error, typed=typed)
    known = error.facts.get("fix")
    if known:
        return str(known)
    if typed:
        return f"a person starts anew by typing: /kanoniv:delegate SCOPES 4h. {_PERSON}"
    return (
        f"a person gives the host another KANONIV_TOKEN: kanoniv-auth delegate -s SCOPES. {_PERSON}"
    )


def _grant(decision: Decision, error: AuthError, *, typed: bool) -> str:
    missing = set(asked([need for need in decision.refused if need.action[0].isalpha()]))
    have = error.facts.get("have")
    held = {str(scope) for scope in have} if isinstance(have, tuple) else set()
    # typed scopes take the place of those there were
    missing |= {scope for scope in held if not covers(missing, scope)}
    scopes = ",".join(sorted(missing - {"code.read"}))
    if typed and error.slug == "expired":
        return (
            "a person goes on with the scopes there were by typing: /kanoniv:ttl 4h;"
            f" or with these alone: /kanoniv:delegate {scopes} 4h. {_PERSON}"
        )
    if typed:
        command = (
            f"/kanoniv:scope {scopes}"
            if error.slug == "scope"
            else f"/kanoniv:delegate {scopes} 4h"
        )
        return f"a person grants it by typing: {command}. {_PERSON}"
    return (
        f"whoever holds the root key grants it, and starts the host with it in KANONIV_TOKEN:"
        f" kanoniv-auth delegate -s {scopes}. {_PERSON}"
    )


def _plain(lines: list[str], unrecorded: AuthError | None) -> str:
    if unrecorded is not None:
        lines = [*lines, f"note: not recorded: {unrecorded.facts['detail']}"]
    shown = [
        "".join([c if c.isprintable() else ascii(c)[1:-1] for c in redact(line)]) for line in lines
    ]
    return "\n".join(shown)[:_LONGEST]
