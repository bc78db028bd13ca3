"""GitHub Copilot, its CLI and its cloud agent: a form of its own, and Claude Code's. Pure."""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.hooks.event import DONE, FAILED, GATE, TOLD, Event
from kanoniv_auth.hooks.hosts import COPILOT
from kanoniv_auth.hooks.hosts.reading import call, cwd_of, input_of, like_claude, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = {
    "bash": "Bash", "powershell": "PowerShell", "write_bash": "WriteStdin", "write_powershell": "WriteStdin",
    "read_bash": "BashOutput", "read_powershell": "BashOutput", "stop_bash": "KillBash", "stop_powershell": "KillBash",
    "list_bash": "BashOutput", "list_powershell": "BashOutput", "view": "Read", "show_file": "Read", "create": "Write",
    "edit": "Edit", "str_replace": "Edit", "str_replace_editor": "Edit", "apply_patch": "ApplyPatch", "grep": "Grep",
    "rg": "Grep", "glob": "Glob", "web_fetch": "WebFetch", "web_search": "WebSearch", "ask_user": "AskUserQuestion",
    "update_todo": "TodoWrite", "task": "Agent", "skill": "Skill", "report_intent": "TodoWrite",
    "store_memory": "SaveMemory",
}  # fmt: skip


def read(fields: Mapping[str, object], here: str) -> Event:
    """Read a payload of either form. Raises: TokenParseError."""
    del here
    if "hook_event_name" in fields:
        return like_claude(COPILOT, fields, NAMES)
    if "toolName" not in fields and "toolArgs" not in fields:
        return Event(COPILOT, "", TOLD, fields, session=text(fields, "sessionId"))
    said = text(fields, "toolName")
    if not said:
        raise TokenParseError("parse", detail="the payload names no tool")
    kind = DONE if "toolResult" in fields else FAILED if "error" in fields else GATE
    one = call(said, input_of(fields, "toolArgs"), cwd_of(fields, "cwd"), NAMES)
    session, call_id = text(fields, "sessionId"), text(fields, "toolCallId")
    return Event(COPILOT, "", kind, fields, calls=(one,), session=session, call_id=call_id)


def refuse(event: str, reason: str) -> dict[str, object]:
    """The object that refuses a tool call."""
    del event
    return {"permissionDecision": "deny", "permissionDecisionReason": reason}
