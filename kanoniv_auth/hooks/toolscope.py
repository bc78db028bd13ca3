"""Which scopes a tool call needs: one table for all hosts, in Claude Code's names of tools. Pure.

docs/reference/tool-scopes.md is written from it. What stands in no row needs `tool.<Name>`.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError, UsageError
from kanoniv_auth.core.scopes import scope
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.need import NEVER, Need
from kanoniv_auth.hooks.weburl import host_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.hooks.event import ToolCall
    from kanoniv_auth.hooks.shell.surroundings import Surroundings

    Found = list[Need]
    Make = Callable[[ToolCall, Surroundings], Found]

# what every agent may do, with a token or without one
FREE = "code.read"
_PATHS = (
    "file_path", "path", "filePath", "notebook_path", "absolute_path", "target_file", "target_notebook",
)  # fmt: skip
_FOLDERS = (
    "path", "dir_path", "directory", "target_directory", "file_path", "search_directory", "folder",
)  # fmt: skip
_PATCHES = ("command", "input", "patch")
_SKILLS = ("skill", "name", "skill_name", "command")
_OURS = "kanoniv"


class Row(Value):
    """One row. tools: names · needs: the scopes, for people · make: what finds them in a call."""

    __slots__ = ("tools", "needs", "make")

    tools: tuple[str, ...]
    needs: str
    make: Make

    def __init__(self, tools: str, needs: str, make: Make) -> None:
        self._fill(tuple(tools.split()), needs, make)


def needs(call: ToolCall, around: Surroundings) -> tuple[Need, ...]:
    """What a call needs, each scope once; empty for what every agent may do.

    Raises: TokenParseError for input that is not what the tool takes, and what the surroundings raise.
    """
    row = _BY_TOOL.get(call.tool)
    if row is not None:
        found = row.make(call, around)
    elif call.tool.startswith("mcp__"):
        found = _mcp(call, around)
    else:
        found = [_tool(call)]
    first = {each.action: each for each in reversed(found)}
    return tuple([each for each in found if each.action and first[each.action] is each])


def is_free(need: Need) -> bool:
    """Whether every agent may do this."""
    return need.action == FREE


# --------------------------------------------------------------------------------------- what a call says


def text_of(call: ToolCall, *names: str) -> str | None:
    """The first of these fields that is there, None for none. Raises: TokenParseError when it is no text."""
    for name in names:
        if name in call.input:
            value = call.input[name]
            if not isinstance(value, str):
                raise TokenParseError("parse", detail=f"{call.said}: {name} is not text")
            return value
    return None


def _needed(call: ToolCall, *names: str) -> str:
    found = text_of(call, *names)
    if found is None:
        raise TokenParseError("parse", detail=f"{call.said} without {' or '.join(names)}")
    return found


def _paths(call: ToolCall, names: tuple[str, ...]) -> list[str]:
    """All of these fields that are there: which of two counts is for the host to know."""
    found = [text_of(call, name) for name in names if call.input.get(name) is not None]
    paths = [path for path in found if path]
    if any("\0" in path for path in paths):
        raise TokenParseError("parse", detail=f"{call.said}: a NUL byte in a path")
    return paths


def _scoped(parent: str, *more: str) -> str:
    """A scope below another, or that one where a name from outside does not fit: which fewer are granted."""
    try:
        return scope(*parent.split("."), *more)
    except UsageError:
        return parent


# --------------------------------------------------------------------------------------------- the rows


def _shell(call: ToolCall, around: Surroundings) -> Found:
    from kanoniv_auth.hooks.shell.analysis import analyse  # noqa: PLC0415 - an edit does without

    command = _needed(call, "command")
    return [*analyse(command, around), *_unsandboxed(call)]


def _unsandboxed(call: ToolCall) -> Found:
    if call.input.get("dangerouslyDisableSandbox") in (None, False):
        return []
    return [Need(call.said, "shell.unsandboxed", "asks to run outside the sandbox")]


def _any_shell(call: ToolCall, _: Surroundings) -> Found:
    return [Need(call.said, "shell.any", "runs what is not analysed"), *_unsandboxed(call)]


def _write(call: ToolCall, around: Surroundings) -> Found:
    paths = _paths(call, _PATHS)
    if not paths:
        raise TokenParseError("parse", detail=f"{call.said} without a file_path")
    return [_written(path, around, below=call.tool == "Delete") for path in paths]


def _written(path: str, around: Surroundings, *, below: bool = False) -> Need:
    return Need(path, around.write_scope(path, around.cwd, below=below), "writes a file")


def _patch(call: ToolCall, around: Surroundings) -> Found:
    from kanoniv_auth.hooks.patch import touched  # noqa: PLC0415 - one host's tool

    patches = _paths(call, _PATCHES) or [_needed(call, *_PATCHES)]
    found = [path for patch in patches for path in touched(patch)]
    return [_written(path, around) for path in (*found, *_paths(call, _PATHS))]


def _read(call: ToolCall, around: Surroundings) -> Found:
    paths = _paths(call, _PATHS)
    if not paths:
        raise TokenParseError("parse", detail=f"{call.said} without a file_path")
    below = call.input.get("recursive") is True
    return [
        Need(path, around.read_scope(path, around.cwd, below=below), "reads a file")
        for path in paths
    ]


def _look(call: ToolCall, around: Surroundings) -> Found:
    """List or match names: nothing is read below."""
    paths = _paths(call, _FOLDERS) or ["."]
    pattern = text_of(call, "pattern", "glob_pattern") if call.tool == "Glob" else None
    if pattern:
        paths = [pattern] if pattern[0] in "/~" else [f"{path}/{pattern}" for path in paths]
    return [_visible(path, around) for path in paths]


def _visible(path: str, around: Surroundings) -> Need:
    action = around.read_scope(path, around.cwd)
    return Need(path, action if action == NEVER else FREE, "lists names")


def _search(call: ToolCall, around: Surroundings) -> Found:
    found = []
    for path in _paths(call, _FOLDERS) or ["."]:
        found.append(
            Need(path, around.read_scope(path, around.cwd, below=True), "searches in files")
        )
        for name in ("glob", "include", "include_pattern"):
            pattern = text_of(call, name)
            if pattern:
                inside = around.read_scope(f"{path}/{pattern}", around.cwd)
                found.append(Need(pattern, inside, "searches in files"))
    return found


def _fetch(call: ToolCall, _: Surroundings) -> Found:
    address = text_of(call, "url")
    host = None if address is None else host_of(address)
    if host is None:
        return [Need(call.said, "net.fetch", "fetches from an address that names no certain host")]
    return [Need(host, _scoped("net.fetch", host), "fetches from a host")]


def _agent(call: ToolCall, _: Surroundings) -> Found:
    found = [Need(call.said, "agent.spawn", "starts another agent")]
    if (text_of(call, "prompt") or "").strip().lower().startswith(f"/{_OURS}"):
        found.append(Need(call.said, NEVER, "speaks to it in a person's place"))
    if call.input.get("isolation") not in (None, "", "worktree"):
        found.append(Need(call.said, "agent.remote", "starts it away from this machine"))
    return found


def _skill(call: ToolCall, _: Surroundings) -> Found:
    name = _needed(call, *_SKILLS)
    for each in _paths(call, _SKILLS):
        bare = each.strip().lstrip("/").lower()
        if bare.startswith(_OURS) or f":{_OURS}" in bare:
            return [Need(bare, NEVER, "changes what the agent may do")]
    return [Need(name, "agent.skill", "starts a skill")]


def _resource(call: ToolCall, _: Surroundings) -> Found:
    server = text_of(call, "server", "server_name")
    action = _scoped("mcp", server, "resources") if server else "mcp"
    return [Need(server or call.said, action, "reads an MCP server's resources")]


def _mcp(call: ToolCall, _: Surroundings) -> Found:
    """`mcp__server__tool`; where the name could be split in two ways, the host's own word for the server counts."""
    rest = call.tool.removeprefix("mcp__")
    server, mark, tool = rest.partition("__")
    told = call.input.get(SERVER)
    if isinstance(told, str) and told:
        if not rest.startswith(f"{plain(told)}__"):
            return [_tool(call)]
        server, tool = told, rest[len(plain(told)) + 2 :]
    elif "__" in tool:
        return [_tool(call)]
    if not mark or not server or not tool:
        return [_tool(call)]
    return [Need(call.said, _scoped("mcp", server, tool), "calls an MCP server's tool")]


def plain(server: str) -> str:
    """A server's name as it stands in the names of its tools."""
    return "".join([c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in server])


def _tool(call: ToolCall) -> Need:
    return Need(call.said, _scoped("tool", call.said), "a tool that is not known here")


def _one(action: str, why: str) -> Make:
    return lambda call, _: [Need(call.said, action, why)]


def _later(action: str, why: str) -> Make:
    """As `_one`, but never for `/kanoniv:…`: what is scheduled or sent may be expanded as if a person had typed it."""

    def make(call: ToolCall, _: Surroundings) -> Found:
        typed = f"{_OURS}:" in repr(dict(call.input)).lower()
        return [Need(call.said, NEVER if typed else action, why)]

    return make


def _nothing(_: ToolCall, __: Surroundings) -> Found:
    return []


# a field that adapters add to an MCP tool's input: no tool's own, since it holds a space
SERVER = "the server"
_FILES = "`code.edit` in the project and in scratch folders · `fs.write` elsewhere · `ci.edit` · `agent.config`"
_TYPED = "`/kanoniv:…` in it is a person's alone"
TABLE = (
    Row("Bash Monitor", "those of every command in it; with `dangerouslyDisableSandbox`, `shell.unsandboxed`", _shell),
    Row("PowerShell WriteStdin", "`shell.any`", _any_shell),
    Row("Edit Write MultiEdit NotebookEdit Delete", f"of the file: {_FILES}", _write),
    Row("ApplyPatch", f"of every file in the patch: {_FILES}", _patch),
    Row("Read NotebookRead LSP", "of the file: `code.read`, `secrets.read`", _read),
    Row("Glob LS", "`code.read`", _look),
    Row("Grep", "of the folder and the pattern of names: `code.read`, `secrets.read`", _search),
    Row("WebFetch", "`net.fetch.HOST`, `net.fetch` where the host is not certain", _fetch),
    Row("WebSearch", "`net.search`", _one("net.search", "searches the web")),
    Row("Agent Task", "`agent.spawn`; with `isolation` other than `worktree`, `agent.remote`", _agent),
    Row("Skill SlashCommand", "`agent.skill`; kanoniv-auth's own skills are a person's alone", _skill),
    Row("Workflow", f"`agent.workflow`; {_TYPED}", _later("agent.workflow", "runs a script of agents")),
    Row("CronCreate CronDelete ScheduleWakeup", f"`agent.schedule`; {_TYPED}", _later("agent.schedule", "runs later")),
    Row("RemoteTrigger", f"`agent.remote`; {_TYPED}", _later("agent.remote", "starts work away from this machine")),
    Row("SendMessage", f"`agent.message`; {_TYPED}", _later("agent.message", "writes to another agent")),
    Row("EnterWorktree ExitWorktree", "`agent.worktree`", _one("agent.worktree", "changes the work tree")),
    Row(
        "Artifact PushNotification SendUserFile ShareOnboardingGuide", "`data.publish`",
        _one("data.publish", "shows something to others"),
    ),
    Row("SaveMemory", "`agent.config`", _one("agent.config", "changes what later sessions are told")),
    Row("ReadMcpResourceTool ListMcpResourcesTool", "`mcp.SERVER.resources`, `mcp` without a server", _resource),
    Row(
        "AskUserQuestion EnterPlanMode ExitPlanMode TodoRead TodoWrite TaskCreate TaskGet TaskList TaskUpdate "
        "TaskOutput TaskStop BashOutput KillShell KillBash ToolSearch EndConversation StructuredOutput CronList",
        "nothing", _nothing,
    ),
)  # fmt: skip
_BY_TOOL = {tool: row for row in TABLE for tool in row.tools}
