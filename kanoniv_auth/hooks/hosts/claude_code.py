"""Claude Code. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.hosts import CLAUDE
from kanoniv_auth.hooks.hosts.reading import deny_like_claude, like_claude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.hooks.event import Event

NAMES: dict[str, str] = {}


def read(fields: Mapping[str, object], here: str) -> Event:
    """Read a payload; `here` is not asked: it always says its folder. Raises: TokenParseError."""
    del here
    return like_claude(CLAUDE, fields, NAMES)


def refuse(event: str, reason: str) -> dict[str, object]:
    """The object that refuses a tool call. event: the host's name of the event."""
    del event
    return deny_like_claude(reason)
