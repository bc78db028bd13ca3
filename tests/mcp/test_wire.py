"""Lines as bytes: what real servers do odd things with, and anything else that a client may say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.errors import AuthError, ScopeViolation
from kanoniv_auth.mcp import jsonrpc
from kanoniv_auth.mcp.guard import Call, Drop, Forward, Guard, Policy, Reject, Verdict
from kanoniv_auth.mcp.lines import Lines

CALL = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"merge"}}'


class Denying:
    """Grants nothing, and keeps what it was asked."""

    def __init__(self, *granted: str) -> None:
        self.granted, self.asked, self.unreadable = granted, list[Call](), list[str]()

    def decide(self, call: Call) -> Verdict:
        self.asked.append(call)
        if call.scope in self.granted:
            return Verdict()
        error: AuthError = ScopeViolation("scope", need=call.scope, have=self.granted)
        return Verdict(error, refused=True)

    def unread(self, tool: str, detail: str) -> None:
        self.unreadable.append(f"{tool}: {detail}")

    def visible(self) -> Any:
        return lambda scope: scope in self.granted


def guard(judge: Denying, **policy: Any) -> Guard:
    return Guard(Policy(**policy), judge, lambda _: "fix")


def verdict(line: bytes, *granted: str) -> tuple[str, Any]:
    found = guard(Denying(*granted)).from_client(line)
    if isinstance(found, Drop):
        return "drop", None
    assert isinstance(found, (Forward, Reject))
    assert found.line.isascii()
    assert found.line.endswith(b"\n")
    assert found.line.count(b"\n") == 1
    return type(found).__name__.lower(), json.loads(found.line)


# line -> the answer's code and id. What real servers drop silently is answered: nobody waits for nothing.
SEVEN = b'{"jsonrpc":"2.0","id":7,'
TOOL, PING = SEVEN + b'"method":"tools/call","params":', SEVEN + b'"method":"ping","params":'
REFUSED: dict[str, tuple[bytes, int, object]] = {
    "a duplicate method": (SEVEN + b'"method":"ping","method":"tools/call","params":{"name":"merge"}}', -32600, 7),
    "a duplicate name": (TOOL + b'{"name":"echo","name":"merge"}}', -32600, 7),
    "a duplicate deep inside": (PING + b'{"a":[{"b":1,"b":2}]}}', -32600, 7),
    "a duplicate id": (SEVEN + b'"id":8,"method":"ping"}', -32700, None),
    "a duplicate, spelt otherwise": (SEVEN + b'"method":"ping","m\\u0065thod":"tools/call"}', -32600, 7),
    "an id of null": (b'{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"echo"}}', -32600, None),
    "a float as id": (b'{"jsonrpc":"2.0","id":7.0,"method":"tools/call","params":{"name":"echo"}}', -32600, None),
    "an id that is true": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600, None),
    "an id that is long": (b'{"jsonrpc":"2.0","id":"' + b"x" * 257 + b'","method":"ping"}', -32600, None),
    "an id that not every reader has": (b'{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}', -32600, None),
    "a call without an id": (b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}', -32600, None),
    "an array": (b"[" + CALL + b"]", -32600, None),
    "two on a line": (CALL + CALL, -32700, None),
    "two on a line, with a space": (CALL + b" " + CALL, -32700, None),
    "a byte order mark": (b"\xef\xbb\xbf" + CALL, -32700, None),
    "half of it": (CALL[:30], -32700, None),
    "the other half": (CALL[30:], -32700, None),
    "UTF-16": (CALL.decode().encode("utf-16"), -32700, None),
    "bytes that are no UTF-8": (PING + b'{"a":"\xff"}}', -32700, None),
    "NaN": (PING + b'{"a":NaN}}', -32600, 7),
    "Infinity": (PING + b'{"a":-Infinity}}', -32600, 7),
    "a number that is infinite": (PING + b'{"a":1e999}}', -32600, 7),
    "half a character": (PING + b'{"a":"\\ud800"}}', -32600, 7),
    "half a character in a key": (PING + b'{"\\uDFFF":1}}', -32600, 7),
    "deep": (PING + b'{"a":' + b"[" * 70 + b"]" * 70 + b"}}", -32600, 7),
    "very deep": (PING + b'{"a":' + b"[" * 99999 + b"]" * 99999 + b"}}", -32700, None),
    "a raw control character": (PING + b'{"a":"\x01"}}', -32700, None),
    "a method that is a number": (SEVEN + b'"method":1}', -32600, 7),
    "a second Method": (SEVEN + b'"method":"ping","Method":"tools/call","params":{"name":"merge"}}', -32600, 7),
    "a name in another case": (TOOL + b'{"name":"echo","Name":"merge"}}', -32602, 7),
    "a key with a long s": (TOOL + '{"name":"echo","argument\u017f":{}}}'.encode(), -32602, 7),
    "an unknown member": (SEVEN + b'"method":"ping","x":1}', -32600, 7),
    "another version": (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, 7),
    "no version": (b'{"id":7,"method":"ping"}', -32600, 7),
    "params that are a list": (TOOL + b'["merge"]}', -32600, 7),
    "a name that is no text": (TOOL + b'{"name":["merge"]}}', -32602, 7),
    "no name": (TOOL + b"{}}", -32602, 7),
    "arguments that are null": (TOOL + b'{"name":"echo","arguments":null}}', -32602, 7),
    "a meta that is a list": (TOOL + b'{"name":"echo","_meta":[]}}', -32602, 7),
    "a result beside a method": (SEVEN + b'"method":"tools/call","result":{},"params":{"name":"merge"}}', -32600, 7),
    "a result and an error": (SEVEN + b'"result":{},"error":{}}', -32600, None),
    "a response without an id": (b'{"jsonrpc":"2.0","result":{}}', -32600, None),
    "neither": (b'{"jsonrpc":"2.0","id":7}', -32600, 7),
    "a text": (b'"tools/call"', -32600, None),
    "a space after the method": (SEVEN + b'"method":"tools/call ","params":{"name":"merge"}}', -32601, 7),
    "a method of nobody": (SEVEN + b'"method":"x/y"}', -32601, 7),
    "a notification's name with an id": (SEVEN + b'"method":"notifications/initialized"}', -32601, 7),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_answered_and_not_forwarded(name: str) -> None:
    line, code, id_ = REFUSED[name]
    kind, body = verdict(line, "echo", "merge")
    assert (kind, body["error"]["code"], body["id"]) == ("reject", code, id_)


@pytest.mark.parametrize(
    "line",
    [
        CALL.replace(b"tools/call", b"tools\\u002fcall"),
        CALL.replace(b"merge", b"\\u006derge"),
        CALL + b"\r",
        b"  " + CALL + b"\t ",
        CALL.replace(b'"method"', b'"m\\u0065thod"'),
    ],
)
def test_what_is_read_decides_and_is_what_is_forwarded(line: bytes) -> None:
    assert verdict(line)[1]["error"]["data"]["required"] == "merge"
    assert verdict(line, "merge") == ("forward", json.loads(CALL))


def test_what_is_forwarded_has_no_second_line_in_any_reader() -> None:
    hidden = '\u2028{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"merge"}}\u2028\x85\x0b\x0c'
    params = {"name": "echo", "arguments": {"a": hidden}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    found = guard(Denying("echo")).from_client(json.dumps(body, ensure_ascii=False).encode())
    assert isinstance(found, Forward)
    assert json.loads(found.line) == body
    assert len(found.line.decode("ascii").splitlines()) == 1


@pytest.mark.parametrize("line", [b"", b"\r", b"  \t"])
def test_an_empty_line_is_nothing(line: bytes) -> None:
    assert verdict(line) == ("drop", None)


def test_proofs_are_taken_out_wherever_the_decision_comes_from() -> None:
    meta = {"com.kanoniv/proof": "m", "progressToken": 1}
    params = {"name": "echo", "arguments": {"a": 1, "_proof": "a"}, "_meta": meta}
    judge = Denying("echo")
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    found = guard(judge).from_client(line.encode())
    assert isinstance(found, Forward)
    assert json.loads(found.line)["params"] == {
        "name": "echo", "arguments": {"a": 1}, "_meta": {"progressToken": 1},
    }  # fmt: skip
    (call,) = judge.asked
    assert (call.proofs, call.arguments) == (("m", "a"), {"a": 1})


def test_a_denied_id_that_is_used_again_can_be_cancelled() -> None:
    judge = Denying("echo")
    one = guard(judge)
    cancel = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}'
    assert isinstance(one.from_client(CALL), Reject)
    assert isinstance(one.from_client(cancel), Drop)
    # "7" is another id
    assert isinstance(one.from_client(cancel.replace(b"7", b'"7"')), Forward)
    assert isinstance(one.from_client(CALL.replace(b"merge", b"echo")), Forward)
    assert isinstance(one.from_client(cancel), Forward)


def test_a_list_that_cannot_be_read_is_not_passed_on() -> None:
    one = guard(Denying("echo"))
    assert one.from_server(b'{"result":{"tools":[{"name":"merge"}]') is None
    twice = b'{"jsonrpc":"2.0","id":3,"result":{},"result":{"tools":[{"name":"merge"}]}}'
    answer = one.from_server(twice)
    assert answer is not None
    assert json.loads(answer)["error"]["code"] == -32603
    odd = b'[{"name":"echo"},{"name":7},"x",{},null,{"name":"merge"}]'
    shown = one.from_server(b'{"jsonrpc":"2.0","id":1,"result":{"tools":' + odd + b"}}")
    assert shown is not None
    assert json.loads(shown)["result"]["tools"] == [{"name": "echo"}]


# ---------------------------------------------------------------------------------------------- fuzz

PIECES = st.sampled_from(
    [b'{"jsonrpc":"2.0"', b',"id":1', b',"id":"x"', b',"method":"tools/call"', b',"method":"tools\\u002fcall"',
     b',"method":"ping"', b',"params":', b'{"name":"merge"', b'"name":"echo"', b',"arguments":{}', b'"_proof":1',
     b',"_meta":{}', b"}", b"{", b"[", b"]", b",", b":", b"null", b"1e5", b"\xff", b"\\ud800", b" ", b"\r", b'"', b"\0"]
)  # fmt: skip


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=20).map(b"".join))
def test_any_bytes_are_answered_forwarded_or_nothing(line: bytes) -> None:
    """And nothing that another reader takes for a call of a tool that is not granted is forwarded."""
    line = line.replace(b"\n", b"")
    found = guard(Denying("echo")).from_client(line)
    if not isinstance(found, Forward):
        return
    again = json.loads(found.line)
    assert isinstance(jsonrpc.read(found.line), jsonrpc.Message)
    assert again == json.loads(line)
    if again.get("method") == "tools/call":
        assert again["params"]["name"] == "echo"


@given(st.lists(st.binary(max_size=30)), st.integers(1, 40))
def test_lines_are_the_same_however_they_arrive(parts: list[bytes], limit: int) -> None:
    data = b"".join(parts)
    lines = Lines(limit)
    found = [line for part in parts for line in lines.feed(part)]
    *ended, rest = data.split(b"\n")
    assert found == [line if len(line) <= limit else None for line in ended]
    assert lines.rest() == (rest if len(rest) <= limit else None)
