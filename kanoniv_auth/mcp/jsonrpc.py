r"""One line from an MCP client as a message, strictly; and messages as lines. No meaning of any method.

What two readers could take for different messages is refused (`core.foreign_json`). What is forwarded is written anew,
in ASCII, so that nobody reads anything that was not read here.
"""

from __future__ import annotations

import json

from kanoniv_auth.core import foreign_json
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Body = dict[str, Any]
    Id = str | int | None

MAX_LINE, MAX_ID = foreign_json.LARGEST, 256
NOT_JSON, NOT_A_REQUEST, NO_SUCH_METHOD, BAD_PARAMS, BROKEN = -32700, -32600, -32601, -32602, -32603
REQUEST, NOTIFICATION, RESPONSE = "request", "notification", "response"
_MEMBERS = frozenset(("jsonrpc", "id", "method", "params", "result", "error"))
_EXACT = 2**53 - 1
_SMALL = 1 << 20
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class Message(Value):
    """A message that both sides read in the same way. id: None in a notification · method: "" in a response.

    params: of a request or notification · body: all of it
    """

    __slots__ = ("kind", "id", "method", "params", "body")

    kind: str
    id: Id
    method: str
    params: Body
    body: Body

    def __init__(self, kind: str, body: Body) -> None:
        self._fill(kind, body.get("id"), body.get("method", ""), body.get("params", {}), body)


class Flaw(Value):
    """Why a line is no message. code: JSON-RPC's · id: None when it cannot be told.

    answers: it would be an answer, so its id is one that the reader's side has given
    """

    __slots__ = ("code", "detail", "id", "answers")

    code: int
    detail: str
    id: Id
    answers: bool

    def __init__(
        self,
        code: int,
        detail: str,
        id: Id = None,  # noqa: A002 - JSON-RPC's own word
        *,
        answers: bool = False,
    ) -> None:
        self._fill(code, detail, id, answers)


def read(line: bytes) -> Message | Flaw | None:
    """Read one line; None for an empty one."""
    stripped = line.strip(b" \t\r")
    if not stripped:
        return None
    try:
        body = foreign_json.read(stripped)
    except TokenParseError as error:
        id, answers = _id_in(stripped)  # noqa: A001 - as above
        detail = str(error.facts.get("detail", "too large"))
        return Flaw(NOT_JSON if id is None else NOT_A_REQUEST, detail, id, answers=answers)
    if type(body) is not dict:
        what = "an array: batches are not taken" if type(body) is list else "no object"
        return Flaw(NOT_A_REQUEST, what)
    return _checked(body, body["id"] if _is_id(body.get("id")) else None)


def too_long() -> Flaw:
    """For a line longer than any that is read."""
    return Flaw(NOT_JSON, f"a line longer than {MAX_LINE} bytes")


def _id_in(line: bytes) -> tuple[Id, bool]:
    """The id in a line that is refused, None when it is not plain; and whether that line would be an answer."""
    outermost: list[list[tuple[str, Any]]] = []

    def last(found: list[tuple[str, Any]]) -> None:
        outermost[:] = [found]  # the last one that is read to its end is the outermost

    if len(line) > _SMALL:
        return None, False
    try:
        text = line.decode("utf-8")
        found = json.loads(text, object_pairs_hook=last, parse_float=str, parse_int=_short)
    except (ValueError, RecursionError):
        return None, False
    if found is not None:  # `last` makes None of an object
        return None, False
    members = (outermost or [[]])[0]
    ids = [value for name, value in members if name == "id"]
    plain = len(ids) == 1 and _is_id(ids[0])
    return ids[0] if plain else None, _is_answer({name for name, _ in members})


def _is_answer(names: Body | set[str]) -> bool:
    return "method" not in names and ("result" in names or "error" in names)


def _short(text: str) -> int:
    return int(text) if len(text) < 20 else 0


def _is_id(value: object) -> bool:
    if type(value) is str:
        return len(value) <= MAX_ID
    return type(value) is int and -_EXACT <= value <= _EXACT


def _checked(body: Body, id: Id) -> Message | Flaw:  # noqa: A002 - as above
    flaw = _flaw(body)
    if flaw is not None:
        return Flaw(NOT_A_REQUEST, flaw, id, answers=_is_answer(body))
    if "method" not in body:
        return Message(RESPONSE, body)
    return Message(REQUEST if "id" in body else NOTIFICATION, body)


def _flaw(body: Body) -> str | None:
    if not body.keys() <= _MEMBERS:
        return "a member that JSON-RPC does not have"
    if body.get("jsonrpc") != "2.0":
        return 'jsonrpc is not "2.0"'
    if "id" in body and not _is_id(body["id"]):
        return "an id that is no short text and no integer"
    answers = len(body.keys() & {"result", "error"})
    if "method" not in body:
        return None if answers == 1 and "id" in body else "neither a request nor a response"
    if answers or type(body["method"]) is not str:
        return "a method that is no text, or a result beside it"
    if type(body.get("params", {})) is not dict:
        return "params that are no object"
    return None


def write(body: Body) -> bytes:
    """One message as a line with its line feed: ASCII, so that no reader finds another line end in it."""
    return _ENCODER.encode(body).encode("ascii") + b"\n"


def error(id: Id, code: int, message: str, data: Body | None = None) -> bytes:  # noqa: A002 - as above
    """An error as a line."""
    told: Body = {"code": code, "message": message}
    if data is not None:
        told["data"] = data
    return write({"jsonrpc": "2.0", "id": id, "error": told})
