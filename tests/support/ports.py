"""A port of this machine that nobody listens on, for a service that has to know its address before it starts."""

from __future__ import annotations

import socket


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
