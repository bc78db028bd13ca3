"""Keyless mode's other side, all of it real but GitHub: the service, an issuer that signs, and a policy for one job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.issuer import OWNER_ID, REPOSITORY_ID, IssuerProcess
from tests.support.ports import free_port
from tests.support.service import Process, process

POLICY = """\
issuer: {issuer}
audience: {audience}
repository_id: "{repository}"
repository_owner_id: "{owner}"
events: [push]
conditions:
  ref: {{exact: refs/heads/main}}
scopes: [build, deploy.staging]
max_ttl: 1h
"""


@contextmanager
def serving_for_real(folder: Path) -> Iterator[tuple[Process, IssuerProcess]]:
    """Run both, in a folder."""
    (folder / "policies").mkdir()
    with IssuerProcess() as issuer:
        url = f"http://127.0.0.1:{free_port()}"
        (folder / "policies" / "deploy.yaml").write_text(
            POLICY.format(
                issuer=issuer.url, audience=url, repository=REPOSITORY_ID, owner=OWNER_ID
            ),
            encoding="utf-8",
        )
        options = ["--policy-dir", str(folder / "policies"), "--oidc-issuers", issuer.url]
        options += ["--public-url", url, "--port", url.rpartition(":")[2]]
        with process(folder / "run", *options) as service:
            yield service, issuer
