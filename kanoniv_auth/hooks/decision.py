"""May this push go on? The caller's token, the roots that were fixed when the hook was installed, and one record.

`KANONIV_TOKEN` and `KANONIV_HOME` are the held party's: they say which token, which revocations are known and where the
record goes. They do not say which root counts, nor this verifier's name: both are arguments.
"""

from __future__ import annotations

import os

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import claimed_holder, load_token
from kanoniv_auth.api.verification import checked
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks import repository
from kanoniv_auth.hooks.address import repository_name
from kanoniv_auth.hooks.push import Update, moves, needs, read_updates
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.errors import StorageError
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.hooks.need import Need
    from kanoniv_auth.store.home import Home

_SHOWN = 20


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


def decide(data: bytes, address: str, root: str, git: str | None, home: Home) -> Decision:
    """Decide a push. data: git's lines · address: of the remote · root: the trusted roots · git: its path."""
    wanted: tuple[Need, ...] = ()
    token = None
    try:
        updates = read_updates(data)
        if not updates:
            return Decision()
        wanted = _wanted(updates, address, git)
        token = load_token()
        return _held_against(wanted, token, home, trusted_roots(home, None, root))
    except AuthError as error:
        return Decision(wanted, wanted, error, _claimed(token))


def _wanted(updates: tuple[Update, ...], address: str, git: str | None) -> tuple[Need, ...]:
    name = repository_name(address)
    return needs(updates, name, repository.only_adding(moves(updates), git))


def _held_against(
    wanted: tuple[Need, ...], token: str, home: Home, roots: TrustedRoots
) -> Decision:
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
    return Decision(wanted, refused, first, holder or _claimed(token, proven=True))


def _claimed(token: str | None, *, proven: bool = False) -> Holder:
    agent, name = claimed_holder(token)
    return Holder(agent, name, claimed=agent is not None and not proven)


def record(decision: Decision, home: Home) -> StorageError | None:
    """Write the decision down, one record for all refs; returns why it could not be."""
    if not decision.needs and decision.error is None:
        return None  # nothing is pushed: there was nothing to decide
    told, holder = (decision.refused or decision.needs)[:_SHOWN], decision.holder
    return audit_log.record(
        home,
        "hook",
        result="allowed" if decision.error is None else "denied",
        agent=holder.agent,
        name=holder.name,
        claimed=holder.claimed,
        required=False,
        code="ok" if decision.error is None else decision.error.slug,
        hook="pre-push",
        refs=len(decision.needs),
        scope=" ".join(sorted({need.action for need in told})),
        target=" ".join([need.subject for need in told]),
    )


def pre_push(
    data: bytes, address: str, root: str, git: str | None
) -> tuple[Decision, StorageError | None]:
    """Decide and record. Raises: UsageError when there is no saying which home is meant."""
    home = find_home(os.environ)
    decision = decide(data, address, root, git, home)
    return decision, record(decision, home)
