"""The fixtures of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.real import World
from tests.action.standin import Reply, Scene, scene, serving
from tests.action.step import Job, pull_request
from tests.support.issuer import IssuerProcess
from tests.support.keyless import serving_for_real
from tests.support.service import Process


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job on a pull request of this repository."""
    return pull_request(tmp_path)


@pytest.fixture
def keyless(job: Job) -> Iterator[Scene]:
    """A job in keyless mode before a stand-in that does what a scenario tells it."""
    with serving(lambda _: Reply(500)) as server:
        yield scene(job, server)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, IssuerProcess]]:
    """The service and an issuer, for all tests of a module."""
    with serving_for_real(tmp_path_factory.mktemp("service")) as both:
        yield both


@pytest.fixture
def world(running: tuple[Process, IssuerProcess], tmp_path: Path) -> World:
    """A service that lets this job in, and fresh jobs."""
    service, issuer = running
    issuer.reset()
    made = iter(range(100))

    def fresh() -> Job:
        folder = tmp_path / str(next(made))
        folder.mkdir()
        return pull_request(folder, "push")

    return World(service, issuer, fresh)
