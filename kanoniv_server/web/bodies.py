"""Bodies of requests: read to a limit, then read as one strict JSON object. What is slow is the protocol's business."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanoniv_auth.core.foreign_json import once, refuse
from kanoniv_server.web.problems import refusal

if TYPE_CHECKING:
    from kanoniv_server.web.asgi import Receive, Scope

LARGEST = 65536
# set in a scope's state by `listening`: the time to send a request is over
LATE = "kanoniv_late"


class GoneError(Exception):
    """Whoever asked has closed the connection."""


async def read_body(scope: Scope, receive: Receive, limit: int = LARGEST) -> bytes:
    """Read a body whole. Raises: Refusal (too_long, too_slow), GoneError."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value[:12]) > limit):
            raise refusal("too_long", f"a body of this route has at most {limit} bytes")
    message = await receive()
    # nearly always all of it is there at once
    if message["type"] == "http.request" and not message.get("more_body", False):
        return _bounded(message.get("body", b""), limit)
    parts, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise GoneError
        if scope.get("state", {}).get(LATE):
            raise refusal("too_slow")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise refusal("too_long", f"a body of this route has at most {limit} bytes")
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise refusal("too_long", f"a body of this route has at most {limit} bytes")
    return body


_DECODER = json.JSONDecoder(object_pairs_hook=once, parse_constant=refuse)
# what its own `raw_decode` calls
_scan = _DECODER.scan_once  # type: ignore[attr-defined]


def _value(text: str) -> Any:
    # nearly always there is no white space around it, which `decode` would look for with two patterns
    if text[:1] == "{":
        found, end = _scan(text, 0)
        if end == len(text):
            return found
    return _DECODER.decode(text)


def parse_object(body: bytes) -> dict[str, Any]:
    """Read one JSON object: UTF-8, no name twice, no NaN, no half of a surrogate pair. Raises: Refusal (malformed)."""
    try:
        found = _value(body.decode("utf-8"))
        if b"\\u" in body:
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError, StopIteration):
        raise refusal("malformed", "the body is not strict JSON in UTF-8") from None
    if type(found) is not dict:
        raise refusal("malformed", "the body is not a JSON object")
    return found
