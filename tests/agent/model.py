"""A loopback stand-in of the Messages API: says what a scenario tells it to. Its own process; its log is evidence.

`python -I model.py SCENARIO LOG` prints its port. SCENARIO: JSON, a name to its turns; a turn is a text, or a list of
tool calls `[tool, input]`. A conversation plays the scenario whose `[[name]]` a user's message says last; where there
is none, or no turn is left, the answer is `done`. LOG: one JSON line a request.
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_MARK = re.compile(r"\[\[([a-z0-9-]+)\]\]")
Turn = str | list[list[Any]]


def text_of(message: dict[str, Any]) -> str:
    """What a message says itself: results of tools are no part of it, whatever they contain."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def turn_of(scenario: dict[str, list[Turn]], messages: list[dict[str, Any]]) -> Turn:
    """The next thing to say in a conversation."""
    found, said = None, 0
    for message in messages:
        if message["role"] == "assistant":
            said += 1
        elif marks := _MARK.findall(text_of(message)):
            found, said = marks[-1], 0
    turns = scenario.get(found or "", [])
    return turns[said] if said < len(turns) else "done"


def blocks_of(turn: Turn, number: int) -> list[dict[str, Any]]:
    """The blocks of an answer. number: of the request, which makes ids unique."""
    if isinstance(turn, str):
        return [{"type": "text", "text": turn}]
    return [
        {"type": "tool_use", "id": f"toolu_{number:04}_{at}", "name": name, "input": given}
        for at, (name, given) in enumerate(turn)
    ]


def events_of(blocks: list[dict[str, Any]], model: str, number: int) -> list[dict[str, Any]]:
    """An answer as the API streams it."""
    tools = any(block["type"] == "tool_use" for block in blocks)
    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": f"msg_{number:04}", "type": "message", "role": "assistant", "model": model}
    found: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {
                **head,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": usage,
            },
        }
    ]
    for at, block in enumerate(blocks):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            given = json.dumps(block["input"])
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": given}
        found += [
            {"type": "content_block_start", "index": at, "content_block": empty},
            {"type": "content_block_delta", "index": at, "delta": delta},
            {"type": "content_block_stop", "index": at},
        ]
    stop = {"stop_reason": "tool_use" if tools else "end_turn", "stop_sequence": None}
    return [
        *found,
        {"type": "message_delta", "delta": stop, "usage": usage},
        {"type": "message_stop"},
    ]


class Server(ThreadingHTTPServer):
    """One scenario, one log."""

    daemon_threads = True

    def __init__(self, scenario: dict[str, list[Turn]], log: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scenario, self.log, self.count = scenario, log, 0


class Handler(BaseHTTPRequestHandler):
    """POST /v1/messages; whatever else is asked for is not there."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        with self.server.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        if self.path.partition("?")[0] != "/v1/messages":
            self._answer(
                404, "application/json", b'{"type":"error","error":{"type":"not_found_error"}}'
            )
            return
        self.server.count += 1
        number = self.server.count
        # a request without tools is the host's own, such as for a session's title
        turn = turn_of(self.server.scenario, body["messages"]) if body.get("tools") else "done"
        blocks = blocks_of(turn, number)
        events = events_of(blocks, body["model"], number)
        if not body.get("stream"):
            usage = {"input_tokens": 1, "output_tokens": 1}
            whole = {
                **events[0]["message"],
                "content": blocks,
                "stop_reason": "end_turn",
                "usage": usage,
            }
            self._answer(200, "application/json", json.dumps(whole).encode())
            return
        lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
        self._answer(200, "text/event-stream", "".join(lines).encode())

    def do_GET(self) -> None:
        self._answer(404, "application/json", b"{}")

    do_HEAD = do_GET

    def _answer(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing: stdout is for the port."""


def main() -> None:
    """Serve until killed."""
    server = Server(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
