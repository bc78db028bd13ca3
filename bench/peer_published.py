"""The worker for the published `kanoniv-auth` 0.3.0, as its users call it; its audit log is part of the call."""

from __future__ import annotations

import importlib
import importlib.metadata
from functools import partial
from typing import TYPE_CHECKING

from bench.worker import repeat, serve

if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Serve rounds."""
    published: Any = importlib.import_module("kanoniv_auth")
    root = published.generate_keys()
    tokens: dict[int, str] = {}
    token: str | None = None
    for depth in range(1, 9):
        how: dict[str, Any] = {"root": root} if token is None else {"parent_token": token}
        token = tokens[depth] = published.delegate(scopes=["deploy.staging"], ttl="4h", **how)
    subjects = {
        f"cold{depth}": repeat(partial(published.verify, "deploy.staging", tokens[depth], root.did))
        for depth in (1, 4, 8)
    }
    issue = partial(published.delegate, scopes=["deploy.staging"], ttl="4h", parent_token=tokens[3])
    sizes = {f"d{depth}": len(tokens[depth]) for depth in (1, 4, 8)}
    version = importlib.metadata.version("kanoniv-auth")
    serve({**subjects, "issue": repeat(issue)}, {"version": version, "sizes": sizes})


if __name__ == "__main__":
    main()
