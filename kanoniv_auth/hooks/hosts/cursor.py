"""Cursor: one event for any tool, and some for one kind of it. Both may come for one call. Pure."""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.hooks.event import DONE, FAILED, GATE, TOLD, Event, ToolCall
from kanoniv_auth.hooks.hosts import CURSOR
from kanoniv_auth.hooks.hosts.reading import call, input_of, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = Mapping[str, object]

NAMES = {
    "Shell": "Bash", "Terminal": "Bash", "run_terminal_cmd": "Bash", "StrReplace": "Edit",
    "EditNotebook": "NotebookEdit", "SemanticSearch": "Grep", "ReadLints": "TodoRead", "AskQuestion": "AskUserQuestion",
    "SwitchMode": "EnterPlanMode", "FetchMcpResource": "ReadMcpResourceTool",
    "ListMcpResources": "ListMcpResourcesTool", "UpdateCurrentStep": "TodoWrite",
}  # fmt: skip
_KINDS = {
    "preToolUse": GATE, "PreToolUse": GATE, "beforeShellExecution": GATE, "beforeMCPExecution": GATE,
    "beforeReadFile": GATE, "beforeTabFileRead": GATE, "subagentStart": GATE, "postToolUse": DONE, "PostToolUse": DONE,
    "afterShellExecution": DONE, "afterMCPExecution": DONE, "afterFileEdit": DONE, "afterTabFileEdit": DONE,
    "postToolUseFailure": FAILED, "PostToolUseFailure": FAILED,
}  # fmt: skip
_SHELL = ("beforeShellExecution", "afterShellExecution")
_MCP = ("beforeMCPExecution", "afterMCPExecution")
_READS = ("beforeReadFile", "beforeTabFileRead")
_EDITS = ("afterFileEdit", "afterTabFileEdit")
# it does not say which server a tool belongs to
UNNAMED = "unnamed"


def read(fields: Fields, here: str) -> Event:
    """Read a payload. here: the hook's own folder, where it names none. Raises: TokenParseError."""
    name = text(fields, "hook_event_name")
    kind = _KINDS.get(name)
    if kind is None:
        about = any(
            field in fields for field in ("tool_name", "tool_input", "command", "file_path")
        )
        kind = GATE if about or not name else TOLD
    session = text(fields, "conversation_id", "session_id")
    calls = () if kind == TOLD else _calls(name, fields, _cwd(fields, here))
    call_id = text(fields, "tool_use_id")
    return Event(CURSOR, name, kind, fields, calls=calls, session=session, call_id=call_id)


def _cwd(fields: Fields, here: str) -> str:
    roots = fields.get("workspace_roots")
    first = roots[0] if isinstance(roots, list) and roots else ""
    found = text(fields, "cwd") or (first if isinstance(first, str) else "") or here
    if not found.startswith("/"):
        raise TokenParseError("parse", detail="the payload does not say in which folder it is")
    return found


def _calls(name: str, fields: Fields, cwd: str) -> tuple[ToolCall, ...]:
    if name in _SHELL:
        return (ToolCall("Bash", "Shell", {"command": fields.get("command")}, cwd),)
    if name in _EDITS:
        return (ToolCall("Edit", "Edit", {"file_path": fields.get("file_path")}, cwd),)
    if name in _READS:
        paths = [fields.get("file_path"), *_attached(fields)]
        return tuple([ToolCall("Read", "Read", {"file_path": path}, cwd) for path in paths])
    if name == "subagentStart":
        return (ToolCall("Agent", "Task", {}, cwd),)
    said = text(fields, "tool_name")
    if not said:
        raise TokenParseError("parse", detail="the payload names no tool")
    given = input_of(fields, "tool_input")
    tool = said.removeprefix("MCP:") if said.startswith("MCP:") else said if name in _MCP else ""
    if tool:
        return (ToolCall(f"mcp__{UNNAMED}__{tool}", said, given, cwd),)
    folder = given.get("working_directory")
    if isinstance(folder, str) and folder:
        cwd = folder if folder.startswith("/") else f"{cwd}/{folder}"
    return (call(said, given, cwd, NAMES),)


def _attached(fields: Fields) -> list[object]:
    """Files that go along with a read: rules, and what a person attached."""
    found = fields.get("attachments")
    rows = found if isinstance(found, list) else []
    return [row.get("file_path") or row.get("filePath") for row in rows if isinstance(row, dict)]


def refuse(event: str, reason: str) -> dict[str, object]:
    """The object that refuses a tool call."""
    del event
    return {"permission": "deny", "user_message": reason, "agent_message": reason}
