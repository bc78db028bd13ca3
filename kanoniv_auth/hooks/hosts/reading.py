"""What the adapters have in common: reading a field, and the form that most hosts took over from Claude Code. Pure."""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.hooks.event import DONE, FAILED, GATE, TOLD, Event, ToolCall
from kanoniv_auth.hooks.toolscope import SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Fields = Mapping[str, object]

KINDS = {"PreToolUse": GATE, "PostToolUse": DONE, "PostToolUseFailure": FAILED}
# they name a tool as well, and keep none from running
_ABOUT_TOOLS = ("PermissionRequest", "PermissionDenied", "PostToolBatch", "Notification")
_PATCH = "*** Begin Patch"


def text(fields: Fields, *names: str) -> str:
    """The first of these fields that is there; "" for none. Raises: TokenParseError when it is no text."""
    for name in names:
        value = fields.get(name)
        if value is not None:
            if not isinstance(value, str):
                raise TokenParseError("parse", detail=f"the payload's {name} is not text")
            return value
    return ""


def kind_of(fields: Fields, name: str, kinds: Mapping[str, str] = KINDS) -> str:
    """What an event is. One that is unknown here and names a tool is taken for one that asks."""
    if name in kinds:
        return kinds[name]
    asks = name not in _ABOUT_TOOLS and ("tool_name" in fields or "tool_input" in fields)
    return GATE if asks or not name else TOLD


def cwd_of(fields: Fields, *names: str, here: str = "") -> str:
    """The folder a call is made in: the first of these fields, else `here`. Raises: TokenParseError for none."""
    found = text(fields, *names) or here
    if not found.startswith("/"):
        raise TokenParseError("parse", detail="the payload does not say in which folder it is")
    return found


def input_of(fields: Fields, *names: str) -> dict[str, object]:
    """A tool's input; text is JSON of it, or else a patch. Raises: TokenParseError for anything else."""
    value = next((fields[name] for name in names if fields.get(name) is not None), None)
    if isinstance(value, str):
        if value.lstrip().startswith(_PATCH):
            return {"patch": value}
        from kanoniv_auth.core import foreign_json  # noqa: PLC0415 - loaded already: the payload was read with it

        value = foreign_json.read(value.encode("utf-8"))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TokenParseError("parse", detail="the tool's input is no object")
    return dict(value)


def call(said: str, given: dict[str, object], cwd: str, names: Mapping[str, str]) -> ToolCall:
    """One call. said: the host's name of the tool · names: the host's names, in Claude Code's words."""
    tool = names.get(said, said)
    if "patch" in given and tool in ("Edit", "Write"):
        tool = "ApplyPatch"
    return ToolCall(tool, said, given, cwd)


def in_folders(event: Event, *names: str, here: bool = False) -> Event:
    """An event whose commands run in every folder that their input names. here: and in the session's, anyway."""
    calls = []
    for each in event.calls:
        given = [each.input.get(name) for name in names if each.tool == "Bash"]
        folders = [value for value in given if isinstance(value, str) and value]
        if here or not folders:
            calls.append(each)
        for folder in folders:
            there = folder if folder.startswith("/") else f"{each.cwd}/{folder}"
            calls.append(ToolCall(each.tool, each.said, each.input, there))
    return Event(
        event.host, event.name, event.kind, event.fields,
        calls=tuple(calls), session=event.session, call_id=event.call_id, agent_id=event.agent_id,
    )  # fmt: skip


def like_claude(
    host: str,
    fields: Fields,
    names: Mapping[str, str],
    kinds: Mapping[str, str] = KINDS,
    *,
    here: str = "",
) -> Event:
    """Read a payload of Claude Code's form. Raises: TokenParseError for a call that cannot be told."""
    name = text(fields, "hook_event_name")
    kind = kind_of(fields, name, kinds)
    calls: tuple[ToolCall, ...] = ()
    if kind != TOLD:
        said = text(fields, "tool_name")
        if not said:
            raise TokenParseError("parse", detail="the payload names no tool")
        given = input_of(fields, "tool_input")
        given.pop(SERVER, None)  # for the host to say, not for the tool's input
        server = fields.get("mcp_server")
        if isinstance(server, dict):
            given[SERVER] = server.get("name")
        calls = (call(said, given, cwd_of(fields, "cwd", here=here), names),)
    return Event(
        host,
        name,
        kind,
        fields,
        calls=calls,
        session=text(fields, "session_id"),
        call_id=text(fields, "tool_use_id"),
        agent_id=text(fields, "agent_id"),
    )


def deny_like_claude(reason: str) -> dict[str, object]:
    """Claude Code's way to refuse a tool call."""
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }
