"""Windsurf's Cascade: an event for each kind of action, refused by exit status and stderr alone. Pure."""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.hooks.event import DONE, GATE, TOLD, Event, ToolCall
from kanoniv_auth.hooks.hosts import WINDSURF
from kanoniv_auth.hooks.hosts.reading import cwd_of, input_of, text
from kanoniv_auth.hooks.toolscope import SERVER, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = Mapping[str, object]

_TOLD = (
    "pre_user_prompt",
    "post_cascade_response",
    "post_setup_worktree",
    "post_cascade_response_with_transcript",
)


def read(fields: Fields, here: str) -> Event:
    """Read a payload. here: the hook's own folder, which is the workspace's. Raises: TokenParseError."""
    name = text(fields, "agent_action_name")
    session, call_id = text(fields, "trajectory_id"), text(fields, "execution_id")
    if name in _TOLD:
        return Event(WINDSURF, name, TOLD, fields, session=session, call_id=call_id)
    about = input_of(fields, "tool_info")
    kind = DONE if name.startswith("post_") else GATE
    calls = (_call(name.partition("_")[2], about, cwd_of(about, "cwd", here=here)),)
    return Event(WINDSURF, name, kind, fields, calls=calls, session=session, call_id=call_id)


def _call(action: str, about: dict[str, object], cwd: str) -> ToolCall:
    if action == "run_command":
        return ToolCall("Bash", action, {"command": about.get("command_line")}, cwd)
    if action == "write_code":
        return ToolCall("Write", action, about, cwd)
    if action == "read_code":
        # it may be a folder, and then stands for all in it
        return ToolCall("Read", action, {**about, "recursive": True}, cwd)
    if action == "mcp_tool_use":
        server, tool = text(about, "mcp_server_name"), text(about, "mcp_tool_name")
        if not server or not tool:
            raise TokenParseError("parse", detail="the payload names no MCP tool")
        given: dict[str, object] = {SERVER: server}
        return ToolCall(f"mcp__{plain(server)}__{tool}", f"{server}/{tool}", given, cwd)
    raise TokenParseError("parse", detail=f"an action that is not known here: {action!r}")


def refuse(event: str, reason: str) -> dict[str, object]:
    """Nothing is read from stdout: the exit status refuses, and stderr says why."""
    del event, reason
    return {}
