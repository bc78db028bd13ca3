"""A job in keyless mode, before the service and an issuer that signs (`tests.support.keyless`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.action.step import Job, Outcome
from tests.support.issuer import IssuerProcess
from tests.support.service import Process


@dataclass
class World:
    """The service, its issuer, and a way to get a fresh job."""

    service: Process
    issuer: IssuerProcess
    fresh: Callable[[], Job]

    def mint(self, **inputs: str) -> Outcome:
        return self.start(**inputs)[1]

    def start(self, **inputs: str) -> tuple[Job, Outcome]:
        """A fresh job, and what its mint step came to; its later steps have what that exports."""
        job = self.fresh()
        job.environ |= self.issuer.runner
        given = {"oidc": "true", "endpoint": self.service.url, "root_key": "", "ttl": "15m"}
        minted = job.mint(**{**given, **inputs})
        job.environ |= minted.env
        return job, minted
