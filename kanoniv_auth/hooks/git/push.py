"""Which scopes a push needs: git's lines, the remote's address and what git knows of ancestry, turned into scopes.

Pure: nothing here runs git or reads a file. A branch that goes forward needs `git.push.{repo}.{branch}`; whatever
rewrites, deletes or is no branch needs `git.push.{repo}` itself, which a token for one branch does not cover.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import scope
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.need import Need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

NEW_BRANCH, FORWARD = "a new branch", "a branch that goes forward"
_BRANCH = "refs/heads/"
_HEX = frozenset(b"0123456789abcdef")
_ZERO = frozenset(b"0")
_OID = (40, 64)


class Update(Value):
    """One line of git's: what one name of the remote is to become. old, new: object ids, None for nothing there.

    name: full name of the remote's ref, None when it is not UTF-8 · shown: for people
    """

    __slots__ = ("name", "shown", "old", "new")

    name: str | None
    shown: str
    old: str | None
    new: str | None

    def __init__(self, name: bytes, old: str | None, new: str | None) -> None:
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        self._fill(text, name.decode("utf-8", "backslashreplace"), old, new)

    @property
    def branch(self) -> str | None:
        """The branch's name, None for whatever is no branch."""
        if self.name is None or not self.name.startswith(_BRANCH):
            return None
        return self.name[len(_BRANCH) :]

    @property
    def move(self) -> tuple[str, str] | None:
        """From which commit to which a branch moves; None unless it was there and stays."""
        if self.branch is None or self.old is None or self.new is None:
            return None
        return self.old, self.new


def read_updates(data: bytes) -> tuple[Update, ...]:
    """Read what git writes to a pre-push hook: `local-ref local-id remote-ref remote-id`, a line each.

    A local ref is what a person typed and may hold spaces (`HEAD@{1 day ago}`); so the line is read from its end.
    Raises: UsageError for anything else.
    """
    if not data:
        return ()
    if not data.endswith(b"\n"):
        raise _malformed(data.count(b"\n") + 1)
    found = []
    for number, line in enumerate(data[:-1].split(b"\n"), 1):
        words = line.rsplit(b" ", 3)
        if len(words) != 4:
            raise _malformed(number)
        _, new, name, old = words
        plain_name = len(name) > len(b"refs/") and name.startswith(b"refs/")
        if not plain_name or name == _BRANCH.encode() or len(new) != len(old):
            raise _malformed(number)
        found.append(Update(name, _object(old, number), _object(new, number)))
    return tuple(found)


def _object(text: bytes, number: int) -> str | None:
    if len(text) not in _OID or not _HEX.issuperset(text):
        raise _malformed(number)
    return None if _ZERO.issuperset(text) else text.decode("ascii")


def _malformed(number: int) -> UsageError:
    detail = f"line {number} of what git says about this push is not `local-ref id remote-ref id`"
    return UsageError("usage", detail=detail, fix="let git run the hook: git push")


def moves(updates: Iterable[Update]) -> tuple[tuple[str, str], ...]:
    """The pairs (old, new) whose ancestry decides: git has to be asked about these."""
    return tuple({move for update in updates if (move := update.move) is not None})


def needs(
    updates: Iterable[Update], repository: str, forward: Container[tuple[str, str]]
) -> tuple[Need, ...]:
    """What each update needs. repository: as `repository_name` reads it · forward: the moves that only add.

    Raises: UsageError for a repository's name that is no segment of a scope.
    """
    wide = scope("git", "push", repository)
    return tuple([_need(update, repository, wide, forward) for update in updates])


def _need(update: Update, repository: str, wide: str, forward: Container[tuple[str, str]]) -> Need:
    why = _why(update, forward)
    if why in (NEW_BRANCH, FORWARD):
        try:
            return Need(update.shown, scope("git", "push", repository, update.branch or ""), why)
        except UsageError:
            why = "a name too long for a scope of its own"
    return Need(update.shown, wide, why)


def _why(update: Update, forward: Container[tuple[str, str]]) -> str:
    if update.new is None:
        return "a deletion"
    if update.name is None:
        return "a name that is not UTF-8"
    if update.branch is None:
        return "a tag" if update.name.startswith("refs/tags/") else "not a branch"
    if update.move is None:
        return NEW_BRANCH
    return FORWARD if update.move in forward else "not a fast-forward, as far as is known here"
