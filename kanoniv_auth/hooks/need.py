"""A need: one scope that something needs, of what it is said, and why. Pure."""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# no scope: no token can grant it, so whoever compares it with a token's scopes by mistake refuses as well
NEVER = "(never)"


class Need(Value):
    """What one part of a call, or one ref of a push, needs.

    subject: that part, for people · action: the scope that must be covered, or NEVER · why: what makes it necessary
    """

    __slots__ = ("subject", "action", "why")

    subject: str
    action: str
    why: str

    def __init__(self, subject: str, action: str, why: str) -> None:
        self._fill(subject, action, why)


def asked(found: Iterable[Need]) -> tuple[str, ...]:
    """The fewest scopes that cover all of these, sorted: what a token has to be given."""
    actions = {need.action for need in found}
    return tuple(
        sorted(a for a in actions if not any(a.startswith(f"{other}.") for other in actions))
    )
