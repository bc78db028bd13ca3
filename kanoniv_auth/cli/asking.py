"""`request-scope`: what the holder of the root key has to run. Not a request that is sent anywhere."""

from __future__ import annotations

from kanoniv_auth.api import requests
from kanoniv_auth.cli import inputs
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import quoted
from kanoniv_auth.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.requests import ScopeRequest
    from kanoniv_auth.cli.argv import Arguments


def request_scope(arguments: Arguments) -> Outcome:
    """Print the command that grants the scopes held now and one more, and how the grant comes back."""
    scope, agent = arguments.needed("scope"), arguments.text("agent")
    try:
        token = inputs.chosen_token(arguments)
    except UsageError as error:
        if error.slug != "no_token" or agent is None:
            raise
        token = None
    made = requests.request_scope(
        scope,
        token,
        agent=agent,
        ttl=arguments.text("ttl"),
        root_did=arguments.text("from"),
    )
    facts = {name: made[name] for name in made.keys()}  # noqa: SIM118 - a record is no dict
    if made.held:
        text = f"{scope} is granted already, by this very token"
        return Outcome("granted already", text, facts)
    grant, back = _commands(made)
    facts |= {"command": grant, "accept": back}
    return Outcome("scope request", grant, facts, notes=_notes(made, back))


def _commands(made: ScopeRequest) -> tuple[str, str]:
    grant = f"kanoniv-auth delegate -s {quoted(','.join(made.scopes))} -t {made.ttl} --to {made.did_key}"
    back = "kanoniv-auth accept --latest"
    if made.audience:
        back += f" --audience {quoted(made.audience)}"
    return grant, back


def _notes(made: ScopeRequest, back: str) -> tuple[str, ...]:
    whose = made.root_did or "a root that your verifiers trust"
    return (
        f"note: for whoever holds the key of {whose}; it prints a grant, which is no secret",
        f"note: with the grant, where the key of {made.agent_did} is: {back}",
    )
