"""Several changes in one transaction, so that one flush to the disk serves them all; none spoils it for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from kanoniv_server.storage.failures import is_of_the_database
from kanoniv_server.storage.session import Session

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from kanoniv_auth.core.errors import AuthError

# A change: statements in a session, and what they come to. It may be run twice, the first time being undone.
Work: TypeAlias = Callable[[Session], Any]

MOST = 256
# as many wait at most: more could not be done within anybody's patience
WAITING = 8192


@dataclass(frozen=True, slots=True)
class Item:
    """One change, and who awaits it."""

    work: Work
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: its value, or the error that is its own."""

    value: Any = None
    error: BaseException | None = None


class _Spoilt(Exception):
    """A change has failed; the transaction is to be undone."""


def together(connection: Connection, works: Sequence[Work]) -> list[Outcome]:
    """Run changes in the transaction that the connection is in; those that fail leave nothing behind.

    The first try is without savepoints, which cost as much as the changes. Raises: what is the database's own failure.
    """
    session = Session(connection)
    if len(works) > 1:
        try:
            with connection.begin_nested():
                return [Outcome(_run(work, session)) for work in works]
        except _Spoilt:
            session.forget()
    return [_apart(session, work) for work in works]


def _run(work: Work, session: Session) -> Any:
    try:
        return work(session)
    except Exception as error:
        if is_of_the_database(error):
            raise
        raise _Spoilt from error


def _apart(session: Session, work: Work) -> Outcome:
    try:
        with session.connection.begin_nested():
            return Outcome(_run(work, session))
    except _Spoilt as spoilt:
        session.forget()
        return Outcome(error=spoilt.__cause__)


def settle(items: Sequence[Item], outcomes: Sequence[Outcome]) -> None:
    """Tell those who wait, in their event loop."""
    for item, outcome in zip(items, outcomes, strict=True):
        if item.future.done():
            continue
        if outcome.error is None:
            item.future.set_result(outcome.value)
        else:
            item.future.set_exception(outcome.error)


def refuse(items: Sequence[Item], error: AuthError) -> None:
    """Tell all those who wait that it was not done. Each gets an error of its own: a traceback is grown, not shared."""
    settle(items, [Outcome(error=type(error)(error.slug, **error.facts)) for _ in items])
