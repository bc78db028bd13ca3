"""One issuer for all tests of this folder, as it was at its start for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.issuer import IssuerProcess


@pytest.fixture(scope="session")
def issuer_process() -> Iterator[IssuerProcess]:
    with IssuerProcess() as running:
        yield running


@pytest.fixture
def issuer(issuer_process: IssuerProcess) -> IssuerProcess:
    issuer_process.reset()
    return issuer_process
