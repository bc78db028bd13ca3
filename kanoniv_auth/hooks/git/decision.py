"""May this push go on? The caller's token, the roots that were fixed when the hook was installed, and one record.

`KANONIV_TOKEN`, `KANONIV_HOME` and the coding session are the held party's: they say which token, which revocations are
known and where the record goes. They do not say which root counts, nor this verifier's name: both are arguments.
"""

from __future__ import annotations

import os

from kanoniv_auth.api import sessions
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.hooks import held
from kanoniv_auth.hooks.git import repository
from kanoniv_auth.hooks.git.address import repository_name
from kanoniv_auth.hooks.git.push import Update, moves, needs, read_updates
from kanoniv_auth.hooks.held import Decision, claimed, held_against
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.errors import StorageError
    from kanoniv_auth.hooks.need import Need
    from kanoniv_auth.store.home import Home

_SHOWN = 20


def decide(data: bytes, address: str, root: str, git: str | None, home: Home) -> Decision:
    """Decide a push. data: git's lines · address: of the remote · root: the trusted roots · git: its path."""
    wanted: tuple[Need, ...] = ()
    token = None
    try:
        updates = read_updates(data)
        if not updates:
            return Decision()
        wanted = _wanted(updates, address, git)
        token = _token(home)
        return held_against(wanted, token, home, trusted_roots(home, None, root))
    except AuthError as error:
        return Decision(wanted, wanted, error, claimed(token))


def _token(home: Home) -> str:
    """The caller's own, else the one of the coding session that git runs in, else the one made last.

    Which session it is, the held party says; whoever could name another's could as well present its token.
    """
    session = sessions.named(os.environ)
    if session is not None and os.environ.get("KANONIV_TOKEN") is None:
        text = sessions.load(home, session)
        if text is not None:
            return text
    return load_token()


def _wanted(updates: tuple[Update, ...], address: str, git: str | None) -> tuple[Need, ...]:
    name = repository_name(address)
    return needs(updates, name, repository.only_adding(moves(updates), git))


def record(decision: Decision, home: Home) -> StorageError | None:
    """Write the decision down, one record for all refs; returns why it could not be."""
    if not decision.needs and decision.error is None:
        return None  # nothing is pushed: there was nothing to decide
    told = decision.told(_SHOWN)
    target = " ".join([need.subject for need in told])
    return held.record(decision, home, told, target, hook="pre-push", refs=len(decision.needs))


def pre_push(
    data: bytes, address: str, root: str, git: str | None
) -> tuple[Decision, StorageError | None]:
    """Decide and record. Raises: UsageError when there is no saying which home is meant."""
    home = find_home(os.environ)
    decision = decide(data, address, root, git, home)
    return decision, record(decision, home)
