"""What each coding agent's host says of a tool call, put into one form; and how it is told no. Pure.

A module for each host, with the same two functions. One host may run another's entry (Cursor and Copilot read Claude
Code's settings), so the payload's own shape counts for more than the name that the hook was started with.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

CLAUDE, CODEX, GEMINI, COPILOT, CURSOR, WINDSURF = (
    "claude-code", "codex", "gemini", "copilot", "cursor", "windsurf",
)  # fmt: skip
HOSTS = (CLAUDE, CODEX, GEMINI, COPILOT, CURSOR, WINDSURF)
# fields that one host alone sends
_MARKS = (
    ("agent_action_name", WINDSURF),
    ("conversation_id", CURSOR),
    ("cursor_version", CURSOR),
    ("toolName", COPILOT),
    ("sessionId", COPILOT),
    ("turn_id", CODEX),
)


def recognise(host: str, fields: Mapping[str, object]) -> str:
    """Whose payload it is. host: the name the hook was started with, which decides where no field does."""
    return next((each for mark, each in _MARKS if mark in fields), host)


def adapter(host: str) -> ModuleType:
    """The module of one host."""
    name = f"{__name__}.{host.replace('-', '_')}"
    __import__(name)
    return sys.modules[name]
