"""What a coding agent's host asks or tells a hook, in one form for all hosts, and what it is answered. Pure."""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.store.home import Home

# a tool is about to run · it has run · it failed · anything else, which cannot keep a tool from running
GATE, DONE, FAILED, TOLD = "gate", "done", "failed", "told"
REFUSED = 2  # the one exit status that every host takes for a refusal


class ToolCall(Value):
    """One use of a tool. tool, input: in Claude Code's words, whichever host it was · said: the host's own name of it.

    cwd: absolute, where a relative path of it begins
    """

    __slots__ = ("tool", "said", "input", "cwd")

    tool: str
    said: str
    input: Mapping[str, object]
    cwd: str

    def __init__(self, tool: str, said: str, input: Mapping[str, object], cwd: str) -> None:  # noqa: A002
        self._fill(tool, said, input, cwd)


class Event(Value):
    """One payload. host: who sent it, by its shape · name: the host's own name of the event · kind: GATE … TOLD.

    calls: the tool calls it is about, none for TOLD · session, call_id, agent_id: "" where there is none ·
    fields: the whole payload
    """

    __slots__ = ("host", "name", "kind", "calls", "session", "call_id", "agent_id", "fields")

    host: str
    name: str
    kind: str
    calls: tuple[ToolCall, ...]
    session: str
    call_id: str
    agent_id: str
    fields: Mapping[str, object]

    def __init__(
        self,
        host: str,
        name: str,
        kind: str,
        fields: Mapping[str, object],
        *,
        calls: tuple[ToolCall, ...] = (),
        session: str = "",
        call_id: str = "",
        agent_id: str = "",
    ) -> None:
        self._fill(host, name, kind, calls, session, call_id, agent_id, fields)

    def text(self, field: str) -> str:
        """A field of the payload that is text, else "" (which nothing is decided by)."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else ""


class Answer(Value):
    """What goes back. out: one JSON object for the host · err: for stderr, never empty with REFUSED · exit: status.

    code: the slug of why, for people who ask for JSON
    """

    __slots__ = ("out", "err", "exit", "code")

    out: Mapping[str, object]
    err: str
    exit: int
    code: str

    def __init__(
        self,
        out: Mapping[str, object] | None = None,
        err: str = "",
        exit: int = 0,  # noqa: A002
        code: str = "",
    ) -> None:
        self._fill({} if out is None else out, err, exit, code or ("failure" if exit else "ok"))


class Installed(Value):
    """What was fixed when the hook was installed. home: of the session's token, revocations and the audit log.

    root_did: the trusted roots, None for those of the environment · site: folders that hold what we import ·
    require_audit: refuse what cannot be recorded
    """

    __slots__ = ("home", "root_did", "site", "require_audit")

    home: Home
    root_did: str | None
    site: tuple[str, ...]
    require_audit: bool

    def __init__(
        self,
        home: Home,
        root_did: str | None = None,
        site: tuple[str, ...] = (),
        *,
        require_audit: bool = False,
    ) -> None:
        self._fill(home, root_did, site, require_audit)
