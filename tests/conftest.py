"""Loads the fixtures of the whole tree; they live in `tests/support`."""

from __future__ import annotations

import signal

pytest_plugins = ["tests.support.fixtures", "tests.support.docker_fixtures"]

# `make test &` in a script starts us with SIGINT ignored, every child would inherit that, and no shell can trap it then
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
