"""Gemini CLI: Claude Code's form, with other names of events and tools. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.event import DONE, GATE, TOLD, Event, ToolCall
from kanoniv_auth.hooks.hosts import GEMINI
from kanoniv_auth.hooks.hosts.reading import in_folders, like_claude, text
from kanoniv_auth.hooks.toolscope import SERVER, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = {
    "run_shell_command": "Bash", "write_file": "Write", "replace": "Edit", "read_file": "Read", "glob": "Glob",
    "search_file_content": "Grep", "grep_search": "Grep", "read_many_files": "Grep", "list_directory": "LS",
    "web_fetch": "WebFetch", "google_web_search": "WebSearch", "save_memory": "SaveMemory", "write_todos": "TodoWrite",
    "ask_user": "AskUserQuestion", "enter_plan_mode": "EnterPlanMode", "exit_plan_mode": "ExitPlanMode",
    "activate_skill": "Skill", "delegate_to_agent": "Agent", "invoke_agent": "Agent", "codebase_investigator": "Agent",
    "read_mcp_resource": "ReadMcpResourceTool", "list_mcp_resources": "ListMcpResourcesTool",
}  # fmt: skip
_KINDS = {
    "BeforeTool": GATE, "AfterTool": DONE, "BeforeModel": TOLD, "AfterModel": TOLD, "BeforeToolSelection": TOLD,
}  # fmt: skip


def read(fields: Mapping[str, object], here: str) -> Event:
    """Read a payload. Raises: TokenParseError."""
    del here
    event = like_claude(GEMINI, fields, NAMES, _KINDS)
    calls = tuple([_in_our_words(each, fields) for each in event.calls])
    told = Event(
        event.host, event.name, event.kind, fields,
        calls=calls, session=event.session, call_id=event.call_id, agent_id=event.agent_id,
    )  # fmt: skip
    return in_folders(told, "dir_path", "directory")


def _in_our_words(call: ToolCall, fields: Mapping[str, object]) -> ToolCall:
    """`mcp_server_tool`."""
    given = dict(call.input)
    context = fields.get("mcp_context")
    if isinstance(context, dict):
        server, tool = text(context, "server_name"), text(context, "tool_name")
        if server and tool:
            given[SERVER] = server
            return ToolCall(f"mcp__{plain(server)}__{tool}", call.said, given, call.cwd)
    if call.said.startswith("mcp_") and not call.said.startswith("mcp__"):
        return ToolCall(
            "", call.said, given, call.cwd
        )  # where its server's name ends cannot be told
    return ToolCall(call.tool, call.said, given, call.cwd)


def refuse(event: str, reason: str) -> dict[str, object]:
    """The object that refuses a tool call."""
    del event
    return {"decision": "deny", "reason": reason}
