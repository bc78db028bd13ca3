"""Loads the fixtures of the whole tree; they live in `tests/support`."""

from __future__ import annotations

import signal

import pytest

pytest_plugins = [
    "tests.support.fixtures",
    "tests.support.order",
    "tests.support.docker_fixtures",
    "tests.support.postgres",
    "tests.support.redis",
]

_HANDLERS = (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGTERM, signal.SIG_DFL),
    (signal.SIGUSR1, signal.SIG_DFL),
    (signal.SIGUSR2, signal.SIG_DFL),
)


@pytest.hookimpl(tryfirst=True)  # before the fixtures, which start processes
def pytest_runtest_setup() -> None:
    """Take back what is ignored: children would inherit it, and no shell could trap it.

    `make test &` in a script starts us that way; and so leaves us whatever runs `exec` in this process, which in
    the product is the last thing a process does.
    """
    for number, handler in _HANDLERS:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)
