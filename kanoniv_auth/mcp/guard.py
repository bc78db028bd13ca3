"""What becomes of one line: it goes on, it is answered here, or it ends. Whether a call is granted is `judge`'s.

Nothing here reads a clock, a file or a token. Facts: docs/how-to/wrap-an-mcp-server.md.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.mcp import jsonrpc, methods

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.mcp.jsonrpc import Body, Flaw, Id, Message

STRICT, WARN, AUDIT = "strict", "warn", "audit"
DENIED = -32010
PROOF_META, PROOF_ARGUMENT = "com.kanoniv/proof", "_proof"
_CALL_ID, _ERA = "claudecode/toolUseId", "io.modelcontextprotocol/protocolVersion"
_REMEMBERED = 4096


class Policy(Value):
    """How strictly. mode: strict, warn, audit · prefix: of every scope, "" for none.

    guard_all: resources, prompts and the rest need scopes, too · as_result: a denial is a tool's error, not the call's
    """

    __slots__ = ("mode", "prefix", "guard_all", "as_result")

    mode: str
    prefix: str
    guard_all: bool
    as_result: bool

    def __init__(
        self, mode: str = STRICT, prefix: str = "", *, guard_all: bool = False, as_result: bool = False
    ) -> None:  # fmt: skip
        self._fill(mode, prefix, guard_all, as_result)


class Call(Value):
    """One request that needs a scope. tool: its name, or the method · arguments: without any proof.

    proofs: what came with it, the higher source first · id: the coding agent's own id of it, "" without one
    """

    __slots__ = ("tool", "scope", "arguments", "proofs", "id")

    tool: str
    scope: str
    arguments: Body
    proofs: tuple[object, ...]
    id: str

    def __init__(
        self,
        tool: str,
        scope: str,
        arguments: Body,
        proofs: tuple[object, ...] = (),
        id: str = "",  # noqa: A002 - as the field
    ) -> None:
        self._fill(tool, scope, arguments, proofs, id)


class Verdict(Value):
    """error: why it is not granted, None when it is · refused: whether it stops here."""

    __slots__ = ("error", "refused")

    error: AuthError | None
    refused: bool

    def __init__(self, error: AuthError | None = None, *, refused: bool = False) -> None:
        self._fill(error, refused)


class Judge(Protocol):
    """Decides and records. Raises nothing."""

    def decide(self, call: Call) -> Verdict:
        """Whether a call is granted, and whether it goes on."""
        ...

    def unread(self, tool: str, detail: str) -> None:
        """Something was refused before it could be asked what it needs."""
        ...

    def visible(self) -> Callable[[str], bool]:
        """Which scopes the caller has, for lists."""
        ...


class Forward(Value):
    """On to the server. line: as it is written."""

    __slots__ = ("line",)

    line: bytes

    def __init__(self, line: bytes) -> None:
        self._fill(line)


class Reject(Value):
    """Back to the client, and not to the server. line: the answer."""

    __slots__ = ("line",)

    line: bytes

    def __init__(self, line: bytes) -> None:
        self._fill(line)


class Drop(Value):
    """Nothing more: there is nobody to answer."""

    __slots__ = ()


class Guard:
    """One session between a client and a server. fix: what to do about an error, in words."""

    __slots__ = ("_denied", "_fix", "_judge", "_policy")

    def __init__(self, policy: Policy, judge: Judge, fix: Callable[[AuthError], str]) -> None:
        self._policy, self._judge, self._fix = policy, judge, fix
        # ids that were answered here: the server never heard of them, so it is not told that they are cancelled
        self._denied: OrderedDict[tuple[type, Id], None] = OrderedDict()

    def from_client(self, line: bytes | None) -> Forward | Reject | Drop:
        """Decide one line of the client; None stands for one that was too long."""
        message = jsonrpc.too_long() if line is None else jsonrpc.read(line)
        if message is None:
            return Drop()
        if isinstance(message, jsonrpc.Flaw):
            return self._flawed(message)
        if message.kind == jsonrpc.RESPONSE:
            return Forward(jsonrpc.write(message.body))
        if message.kind == jsonrpc.NOTIFICATION:
            return self._notified(message)
        return self._requested(message)

    def _flawed(self, flaw: Flaw) -> Reject:
        self._judge.unread("", flaw.detail)
        # the server asks with ids of its own: with one of them, this would answer another request of the client
        id = None if flaw.answers else flaw.id  # noqa: A001 - JSON-RPC's own word
        return self._answered(id, jsonrpc.error(id, flaw.code, f"refused: {flaw.detail}"))

    def _answered(self, id: Id, line: bytes) -> Reject:  # noqa: A002 - JSON-RPC's own word
        if id is not None:
            self._denied[type(id), id] = None
            if len(self._denied) > _REMEMBERED:
                self._denied.popitem(last=False)
        return Reject(line)

    def _forwarded(self, message: Message) -> Forward:
        self._denied.pop((type(message.id), message.id), None)  # an id that is used again
        return Forward(jsonrpc.write(message.body))

    def _notified(self, message: Message) -> Forward | Reject | Drop:
        method = message.method
        if method in methods.REQUESTS:
            detail = f"{method} without an id"
            return self._flawed(jsonrpc.Flaw(jsonrpc.NOT_A_REQUEST, detail))
        if method == "notifications/cancelled":
            cancelled = message.params.get("requestId")
            if isinstance(cancelled, (str, int)) and (type(cancelled), cancelled) in self._denied:
                return Drop()
        if method not in methods.NOTIFICATIONS and self._policy.mode == STRICT:
            self._judge.unread(method, "a notification that this proxy does not know")
            return Drop()
        return Forward(jsonrpc.write(message.body))

    def _requested(self, message: Message) -> Forward | Reject:
        method, policy = message.method, self._policy
        if method not in methods.REQUESTS and policy.mode == STRICT:
            self._judge.unread(method, "a method that this proxy does not know")
            text = "refused: this proxy does not know the method"
            return self._answered(
                message.id, jsonrpc.error(message.id, jsonrpc.NO_SUCH_METHOD, text)
            )
        try:
            call = _call_of(message, policy)
        except (methods.BadParams, UsageError) as error:
            self._judge.unread(method, str(error))
            return self._answered(
                message.id, jsonrpc.error(message.id, jsonrpc.BAD_PARAMS, f"refused: {error}")
            )
        if call is None:
            return self._forwarded(message)
        verdict = self._judge.decide(call)
        if not verdict.refused or verdict.error is None:
            return self._forwarded(message)
        return self._answered(message.id, self._denial(message, call, verdict.error))

    def _denial(self, message: Message, call: Call, error: AuthError) -> bytes:
        fix = self._fix(error)
        text = f"DENIED: {error} [{error.slug}]; fix: {fix}"
        if self._policy.as_result and message.method == methods.CALL:
            result: Body = {"content": [{"type": "text", "text": text}], "isError": True}
            meta = message.params.get("_meta")
            if isinstance(meta, dict) and _ERA in meta:
                result = {"resultType": "complete", **result}
            return jsonrpc.write({"jsonrpc": "2.0", "id": message.id, "result": result})
        have = error.facts.get("have") if error.slug == "scope" else None
        granted = [str(scope) for scope in have] if isinstance(have, tuple) else []
        data: Body = {
            "required": call.scope,
            "granted": granted,
            "hint": fix,
            "code": error.slug,
        }
        return jsonrpc.error(message.id, DENIED, text, data)

    def from_server(self, line: bytes) -> bytes | None:
        """One line of the server as the client gets it: a list of tools says only what the caller may call.

        Returns: an error, or None when nobody waits for one, for a line that could hold such a list and cannot be read.
        """
        # no serialiser escapes these letters; a server that does lists what nobody may call
        if self._policy.mode != STRICT or b'"tools"' not in line:
            return line + b"\n"
        message = jsonrpc.read(line)
        if not isinstance(message, jsonrpc.Message):
            if message is None or message.id is None or not message.answers:
                return None  # an id that is not the client's: an error with it would answer another request
            return jsonrpc.error(
                message.id, jsonrpc.BROKEN, f"the server's answer: {message.detail}"
            )
        result = message.body.get("result")
        if not isinstance(result, dict) or not isinstance(result.get("tools"), list):
            return line + b"\n"
        has = self._judge.visible()
        kept = [tool for tool in result["tools"] if self._is_visible(tool, has)]
        shown = {**result, "tools": kept}
        if "cacheScope" in result:
            shown["cacheScope"] = "private"  # it is this caller's list
        return jsonrpc.write({**message.body, "result": shown})

    def _is_visible(self, tool: object, has: Callable[[str], bool]) -> bool:
        name = tool.get("name") if isinstance(tool, dict) else None
        try:
            return isinstance(name, str) and has(methods.tool_scope(self._policy.prefix, name))
        except UsageError:
            return False


def _call_of(message: Message, policy: Policy) -> Call | None:
    """What a request needs, None when nothing; proofs are taken out of its body.

    Raises: BadParams, UsageError.
    """
    params, method = message.params, message.method
    methods.check_keys(params)
    found = []
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        raise methods.BadParams("_meta is no object")
    if PROOF_META in meta:
        found.append(meta.pop(PROOF_META))
        if not meta:
            del params["_meta"]
    call_id = meta.get(_CALL_ID)
    if method == methods.CALL:
        arguments = params.get("arguments", {})
        if not isinstance(arguments, dict):
            raise methods.BadParams("arguments are no object")
        if PROOF_ARGUMENT in arguments:
            found.append(arguments.pop(PROOF_ARGUMENT))
    else:
        arguments = {name: value for name, value in params.items() if name != "_meta"}
    scope = methods.needed(method, params, policy.prefix, guard_all=policy.guard_all)
    if scope is None:
        return None
    tool = params["name"] if method == methods.CALL else method
    return Call(tool, scope, arguments, tuple(found), call_id if isinstance(call_id, str) else "")
