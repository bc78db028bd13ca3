"""Loads the fixtures of the whole tree; they live in `tests/support`."""

from __future__ import annotations

import signal

pytest_plugins = [
    "tests.support.fixtures",
    "tests.support.docker_fixtures",
    "tests.support.postgres",
    "tests.support.redis",
]

# `make test &` in a script starts us with these ignored; every child would inherit that, and no shell could trap them
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)
