"""An application that does nothing, behind the service's own server: `python -m bench.server.noop FOLDER`.

It waits for the body and sends an answer as long as a verdict with as many headers. What is left is the stack.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from kanoniv_server import listening
from kanoniv_server.settings import read_settings

if TYPE_CHECKING:
    from kanoniv_server.web.asgi import Receive, Scope, Send

_DID = "did:agent:" + "0" * 32
BODY = json.dumps(
    {
        "valid": True,
        "agent_did": _DID,
        "root_did": _DID,
        "scopes": ["deploy.staging"],
        "chain_depth": 1,
        "expires_at": 1_800_000_000,
        "ttl_remaining": 14_400,
    },
    separators=(",", ":"),
).encode("ascii")
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"content-length", b"%d" % len(BODY)),
    (b"x-request-id", b"0123456789abcdef0"),
    (b"x-content-type-options", b"nosniff"),
]


async def app(_: Scope, receive: Receive, send: Send) -> None:
    """Answer, whatever was asked."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def main() -> None:
    """Serve until SIGTERM."""
    settings = read_settings({"data-dir": sys.argv[1], "port": "0"}, {})

    def heard(url: str) -> None:
        sys.stderr.write(json.dumps({"event": "listening", "url": url}) + "\n")
        sys.stderr.flush()

    listening.run(listening.server(app, settings, heard).serve())


if __name__ == "__main__":
    main()
