"""Loads the fixtures of the whole tree; they live in `tests/support`."""

from __future__ import annotations

pytest_plugins = ["tests.support.fixtures", "tests.support.docker_fixtures"]
