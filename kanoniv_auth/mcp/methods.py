"""The methods a client may call, of both eras of MCP, and the scope each needs."""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import MAX_SEGMENT, check_scope, scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.mcp.jsonrpc import Body

CALL, LIST = "tools/call", "tools/list"
# what the other surfaces of a server need with `--guard all`; its tools need one scope each in any case
_GUARDED = {
    "resources/list": "resources",
    "resources/read": "resources",
    "resources/subscribe": "resources",
    "resources/templates/list": "resources",
    "resources/unsubscribe": "resources",
    "subscriptions/listen": "resources",
    "prompts/get": "prompts",
    "prompts/list": "prompts",
    "completion/complete": "completion",
    "tasks/cancel": "tasks",
    "tasks/get": "tasks",
    "tasks/list": "tasks",
    "tasks/result": "tasks",
    "tasks/update": "tasks",
}
REQUESTS = frozenset(
    (CALL, LIST, "initialize", "ping", "server/discover", "logging/setLevel", *_GUARDED)
)
NOTIFICATIONS = frozenset(
    (
        "notifications/cancelled",
        "notifications/initialized",
        "notifications/progress",
        "notifications/roots/list_changed",
        "notifications/tasks/status",
    )
)
# what may stand in the params of a tool call: a key that differs from one of these in case alone is another reader's
_KNOWN = {
    name.casefold(): name
    for name in ("name", "arguments", "_meta", "task", "inputResponses", "requestState")
}
_MORE = {name.casefold(): name for name in ("uri", "ref", "argument", "context", "taskId")}


class BadParams(ValueError):
    """The params of a request do not say what is asked for; str() says why."""


def check_keys(params: Body) -> None:
    """Refuse a key that some readers take for another one. Raises: BadParams."""
    for name in params:
        folded = name.casefold()
        if _KNOWN.get(folded, _MORE.get(folded, name)) != name:
            raise BadParams("a key of params in another case")


def prefix_of(server: str | None, prefix: str | None) -> str:
    """What stands before a tool's name in its scope: `mcp.<server>`, or the given one; "" for nothing.

    Raises: UsageError.
    """
    if server is not None and prefix is not None:
        fix = "leave one of the two out"
        raise UsageError("usage", detail="--name and --scope-prefix say the same thing", fix=fix)
    if server is not None:
        return scope("mcp", server)
    return check_scope(prefix) if prefix else ""


def tool_scope(prefix: str, tool: str) -> str:
    """The scope that a tool of a server needs. Raises: UsageError for a name that makes none."""
    if len(tool) > MAX_SEGMENT:
        # before it is encoded: a name may be as long as a line
        detail = f"a name of {len(tool)} characters, at most {MAX_SEGMENT}"
        raise UsageError("usage", detail=detail, fix=None)
    encoded = scope(tool)
    return check_scope(f"{prefix}.{encoded}") if prefix else encoded


def needed(method: str, params: Body, prefix: str, *, guard_all: bool) -> str | None:
    """The scope that a request needs, None when it needs none. Raises: BadParams, UsageError."""
    if method == CALL:
        return tool_scope(prefix, _name(params))
    if method not in REQUESTS:
        return tool_scope(prefix, method)  # let through in a lenient mode, it may call something
    part = _GUARDED.get(method) if guard_all else None
    if part is None:
        return None
    wide = tool_scope(prefix, part)
    return tool_scope(wide, _name(params)) if method == "prompts/get" else wide


def _name(params: Body) -> str:
    name = params.get("name")
    if type(name) is not str or not name:
        raise BadParams("name is no text")
    return name
