"""One way to run what is asynchronous; and what every test of the service begins with."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
