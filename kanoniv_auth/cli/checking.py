"""`verify`, `whoami`, `status`: what a token proves, for an action, for a person, for a prompt."""

from __future__ import annotations

from kanoniv_auth.api.audit_log import not_recorded
from kanoniv_auth.api.verification import Verification, decide, prove
from kanoniv_auth.cli import fixes, inputs, render
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.errors import AuthError, TokenExpired
from kanoniv_auth.core.token import is_v1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments


def _facts(found: Verification) -> dict[str, object]:
    return {name: found[name] for name in found.keys()}  # noqa: SIM118 - a record is no dict


def verify(arguments: Arguments) -> Outcome:
    """Exit 0 when the token grants the scope now."""
    found, failed = decide(
        arguments.needed("scope"),
        inputs.chosen_token(arguments),
        root_did=arguments.text("root_did"),
        audience=arguments.text("audience"),
        context=inputs.pairs(arguments, "context"),
        require_audit=arguments.flag("require_audit"),
        max_staleness=arguments.text("max_staleness"),
    )
    facts = _facts(found)
    if failed is None:
        return Outcome("verified", render.verified(found), facts)
    missing = not_recorded(failed)
    notes = render.told(missing)
    return Outcome("verified", render.verified(found), {**facts, **missing}, notes=notes)


def _prove(arguments: Arguments) -> tuple[Verification, bool]:
    """What is proven, and whether it is a token of version 1, which is good for nothing more."""
    token = inputs.chosen_token(arguments)
    found = prove(token, root_did=arguments.text("root_did"), audience=arguments.text("audience"))
    return found, is_v1(token)


def whoami(arguments: Arguments) -> Outcome:
    """Show the holder of a token that passes every check but an action's."""
    from kanoniv_auth.api.agents import key_of  # noqa: PLC0415 - `verify` does without

    found, old = _prove(arguments)
    key = key_of(found.agent_did)
    facts = {
        **_facts(found),
        "key_here": key is not None,
        "did_key": None if key is None else key.did_key,
    }
    text = render.identity(found, None if key is None else key.did_key, old=old)
    return Outcome("proven", text, facts)


def status(arguments: Arguments) -> Outcome:
    """Exit 0 active, 1 expired or refused, 2 no token."""
    try:
        found, _ = _prove(arguments)
    except AuthError as error:
        word = "EXPIRED" if isinstance(error, TokenExpired) else "REFUSED"
        if error.slug == "no_token":
            word = "NO TOKEN"
        elif error.reason.exit != 1:
            raise
        facts = {
            "fix": fixes.fix_of(error),
            **render.facts_of(error),
            "status": word.lower().replace(" ", "_"),
        }
        text = render.not_active(word, error)
        return Outcome(str(error), text, facts, exit=error.reason.exit, code=error.slug)
    return Outcome("active", render.active(found), {**_facts(found), "status": "active"})
