"""OpenAI Codex: Claude Code's form, with tools of its own. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.hosts import CODEX
from kanoniv_auth.hooks.hosts.reading import deny_like_claude, in_folders, like_claude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.hooks.event import Event

NAMES = {
    "apply_patch": "ApplyPatch", "shell": "Bash", "local_shell": "Bash", "exec_command": "Bash",
    "shell_command": "Bash", "unified_exec": "Bash", "write_stdin": "WriteStdin", "update_plan": "TodoWrite",
    "view_image": "Read", "read_file": "Read", "list_dir": "LS", "grep_files": "Grep", "web_search": "WebSearch",
    "spawn_agent": "Agent",
    "list_mcp_resources": "ListMcpResourcesTool", "list_mcp_resource_templates": "ListMcpResourcesTool",
    "read_mcp_resource": "ReadMcpResourceTool", "request_user_input": "AskUserQuestion",
}  # fmt: skip


def read(fields: Mapping[str, object], here: str) -> Event:
    """Read a payload. Raises: TokenParseError."""
    del here
    return in_folders(like_claude(CODEX, fields, NAMES), "workdir", "cwd", here=True)


def refuse(event: str, reason: str) -> dict[str, object]:
    """The object that refuses a tool call; without text on stderr it would not count."""
    del event
    return deny_like_claude(reason)
