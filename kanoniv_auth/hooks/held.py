"""What a token is asked for, need by need, and what came of it: for a push, and for a tool call."""

from __future__ import annotations

from kanoniv_auth.api.tokens import claimed_holder
from kanoniv_auth.api.verification import checked
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """What came of a push. needs: of all its refs · refused: those that the token does not cover.

    error: the first refusal, or what makes the whole push refused; None when it may go on
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
