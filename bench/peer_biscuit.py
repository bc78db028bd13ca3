"""The worker for `biscuit-python`: the Rust core of Biscuit, with a Datalog authorizer per call.

Its default time limit for Datalog is one millisecond of wall time, which a busy core exceeds without
any fault of the token's: here the limit is one second, so that no verdict depends on the neighbours.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.metadata
import time
from functools import partial
from typing import TYPE_CHECKING

from bench.worker import repeat, serve

if TYPE_CHECKING:
    from typing import Any

biscuit: Any = importlib.import_module("biscuit_auth")
GRANT = 'right("deploy.staging"); check if time($t), $t < 2100-01-01T00:00:00Z;'
NARROW = 'check if right("deploy.staging"); check if time($t), $t < 2100-01-01T00:00:00Z;'
POLICY = 'time({now}); allow if right("deploy.staging");'


def verify(token: str, root: object) -> None:
    """Decode, check all signatures, and authorize one action."""
    read = biscuit.Biscuit.from_base64(token, root)
    now = dt.datetime.fromtimestamp(time.time(), dt.timezone.utc)
    authorizer = biscuit.AuthorizerBuilder(POLICY, {"now": now})
    limits = authorizer.limits()
    limits.max_time = dt.timedelta(seconds=1)
    authorizer.set_limits(limits)
    authorizer.build(read).authorize()


def main() -> None:
    """Serve rounds."""
    root = biscuit.KeyPair()
    made: dict[int, Any] = {}
    token: Any = None
    for depth in range(1, 9):
        if token is None:
            token = biscuit.BiscuitBuilder(GRANT).build(root.private_key)
        else:
            token = token.append(biscuit.BlockBuilder(NARROW))
        made[depth] = token
    texts = {depth: made[depth].to_base64() for depth in (1, 4, 8)}
    subjects = {
        f"cold{depth}": repeat(partial(verify, text, root.public_key))
        for depth, text in texts.items()
    }
    # a block brings a key pair of its own: that is part of issuing here
    issue = repeat(lambda: made[3].append(biscuit.BlockBuilder(NARROW)).to_base64())
    sizes = {f"d{depth}": len(text) for depth, text in texts.items()}
    version = importlib.metadata.version("biscuit-python")
    serve({**subjects, "issue": issue}, {"version": version, "sizes": sizes})


if __name__ == "__main__":
    main()
