"""What a token is asked for, need by need, what came of it, and its record: for a push, and for a tool call."""

from __future__ import annotations

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.tokens import claimed_holder
from kanoniv_auth.api.verification import checked
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.errors import StorageError
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.hooks.need import Need
    from kanoniv_auth.store.home import Home


class Holder(Value):
    """Whose token it was, None for none. claimed: read from a token that proved nothing."""

    __slots__ = ("agent", "name", "claimed")

    agent: str | None
    name: str | None
    claimed: bool

    def __init__(
        self, agent: str | None = None, name: str | None = None, *, claimed: bool = False
    ) -> None:
        self._fill(agent, name, claimed)


class Decision(Value):
    """What came of a push, or of an agent's calls. needs: of all of it · refused: those that the token does not cover.

    error: the first refusal, or what makes the whole of it refused; None when it may go on
    """

    __slots__ = ("needs", "refused", "error", "holder")

    needs: tuple[Need, ...]
    refused: tuple[Need, ...]
    error: AuthError | None
    holder: Holder

    def __init__(
        self,
        wanted: Iterable[Need] = (),
        refused: Iterable[Need] = (),
        error: AuthError | None = None,
        holder: Holder | None = None,
    ) -> None:
        self._fill(tuple(wanted), tuple(refused), error, holder or Holder())

    def told(self, most: int) -> tuple[Need, ...]:
        """The first needs that a record names: those that were refused, else all."""
        return (self.refused or self.needs)[:most]


def held_against(wanted: tuple[Need, ...], token: str, home: Home, roots: TrustedRoots) -> Decision:
    """Ask for each scope once. A token that is refused for anything but its scopes raises."""
    missing: dict[str, AuthError] = {}
    holder = None
    for action in sorted({need.action for need in wanted}):
        try:
            found = checked(action, token, home, roots=roots, audience=None)
            holder = Holder(found.agent_did, found.name)
        except AuthError as error:
            if error.slug != "scope":
                raise
            missing[action] = error
    refused = [need for need in wanted if need.action in missing]
    first = missing[refused[0].action] if refused else None
    # a scope is asked for after all else held
    return Decision(wanted, refused, first, holder or claimed(token, proven=True))


def claimed(token: str | None, *, proven: bool = False) -> Holder:
    """Whom a token calls its holder. proven: that was checked, and something else refused."""
    agent, name = claimed_holder(token)
    return Holder(agent, name, claimed=agent is not None and not proven)


def record(
    decision: Decision, home: Home, told: Iterable[Need], target: str, **details: str | int
) -> StorageError | None:
    """Write a decision down, one record for all that was asked; returns why it could not be.

    told: the needs that it names · target: what was to be touched, as the log may show it
    """
    holder = decision.holder
    return audit_log.record(
        home,
        "hook",
        result="allowed" if decision.error is None else "denied",
        agent=holder.agent,
        name=holder.name,
        claimed=holder.claimed,
        required=False,
        code="ok" if decision.error is None else decision.error.slug,
        scope=" ".join(sorted({need.action for need in told})),
        target=target,
        **details,
    )
