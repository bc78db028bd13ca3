"""Two processes of the service on one PostgreSQL and one Redis, or none, which tests may take away from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import httpx

from kanoniv_auth.core.revocation_list import RevocationList, read_list
from tests.server.oidc.workflow import EXCHANGE, PUBLIC, ask, audience, policy
from tests.support.issuer import IssuerProcess
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.service import Process, sealed

SCOPE = "deploy.staging"
Answer = TypeVar("Answer", int, tuple[int, str])
OPEN = ("--rate", "0", "--open-rate", "0")


@dataclass
class Pair:
    """Both processes, and what they stand on. key: the admin key, of both."""

    one: Process
    two: Process
    key: str
    issuer: IssuerProcess

    @property
    def both(self) -> tuple[Process, Process]:
        return self.one, self.two

    def made(self, by: Process, **more: Any) -> dict[str, Any]:
        """Issue a bundle."""
        answer = by.post("/v1/delegations", {"scopes": [SCOPE], **more}, self.key)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def revoked(self, by: Process, *ids: str) -> None:
        answer = by.post("/v1/revocations", {"ids": ids}, self.key)
        assert answer.status_code == 200, answer.text

    def exchanged(self, by: Process, token: str) -> httpx.Response:
        return by.post(EXCHANGE, ask(token))

    def oidc_token(self) -> str:
        return self.issuer.token(audience())

    def rows(self, of: Process) -> dict[str, dict[str, Any]]:
        """All of the ledger, by link id."""
        rows: dict[str, dict[str, Any]] = {}
        cursor: dict[str, int] = {}
        with httpx.Client(base_url=of.url, timeout=30) as client:
            client.headers["authorization"] = f"Bearer {self.key}"
            while True:
                page = client.get("/v1/delegations", params={"limit": 1000, **cursor}).json()
                rows |= {row["id"]: row for row in page["delegations"]}
                if page["next"] is None:
                    return rows
                cursor = {"cursor": page["next"]}

    def audit_is_whole(self, of: Process) -> bool:
        asked = httpx.get(
            f"{of.url}/v1/audit",
            params={"verify": "true", "limit": 1},
            headers={"authorization": f"Bearer {self.key}"},
            timeout=30,
        )
        return asked.json()["verified"]["intact"] is True


def verdict(by: Process, token: str, **more: Any) -> tuple[int, str]:
    """What a process says of a token: status, and the slug of a refusal."""
    answer = by.post("/v1/verify", {"token": token, "scope": SCOPE, **more})
    slug = "" if answer.status_code == 200 else answer.json()["type"].rpartition(":")[2]
    return answer.status_code, slug


def token_of(made: dict[str, Any]) -> str:
    return sealed(made)


def list_of(process: Process) -> RevocationList:
    return read_list(httpx.get(f"{process.url}/v1/revocations", timeout=30).text.strip())


def ready(process: Process) -> int:
    return httpx.get(f"{process.url}/readyz", timeout=30).status_code


def is_ready(process: Process) -> bool:
    return ready(process) == 200


def says(status: int, process: Process, token: str) -> bool:
    """Whether a process answers so when it is asked about a token."""
    return verdict(process, token)[0] == status


def until(what: Callable[[], bool], patience: float, why: str) -> float:
    """Wait for something; the seconds that it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < patience, why
        time.sleep(0.02)
    return time.monotonic() - began


def spent_on_one_is_refused_by_the_other(here: Pair) -> None:
    """An OIDC token is exchanged once, whichever process is asked first."""
    for first, second in (here.both, here.both[::-1]):
        token = here.oidc_token()
        assert here.exchanged(first, token).status_code == 200
        for by in (second, first):
            answer = here.exchanged(by, token)
            assert (answer.status_code, answer.json()["type"]) == (
                403,
                "urn:kanoniv:error:replayed",
            )


def of_many_at_once(here: Pair, ask: Callable[[Process], Answer]) -> list[Answer]:
    """Ask both, six times each and all at the same time; what they said, sorted."""
    found: list[Answer] = []

    def asked(by: Process) -> None:
        found.append(ask(by))

    threads = [Thread(target=asked, args=(by,)) for by in here.both * 6]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return sorted(found)


def _status(here: Pair, token: str, by: Process) -> int:
    return here.exchanged(by, token).status_code


def of_many_exchanges_at_once_one_wins(here: Pair) -> None:
    for _ in range(3):
        statuses = of_many_at_once(here, partial(_status, here, here.oidc_token()))
        assert statuses == [200] + [403] * 11


@contextmanager
def pair(
    folder: Path,
    postgres: Postgres,
    redis: Redis | None,
    issuer: IssuerProcess,
    make: Callable[..., Process] = Process,
) -> Iterator[Pair]:
    """Start both; each has a data directory of its own, as on two machines, and the same root key file."""
    policies = folder / "policies"
    policies.mkdir()
    (policies / "deploy.yaml").write_text(policy(issuer.url), encoding="utf-8")
    argv = (
        *OPEN,
        "--root-key", str(folder / "root.key"),
        "--database-url", postgres.database(),
        *(() if redis is None else ("--redis-url", redis.url)),
        "--policy-dir", str(policies),
        "--public-url", PUBLIC,
        "--oidc-issuers", issuer.url,
    )  # fmt: skip
    with ExitStack() as stack:
        one, two = (make(folder / name, *argv) for name in ("one", "two"))
        for by in (one, two):
            stack.callback(by.kill)
            by.start()
        yield Pair(one, two, one.key, issuer)


@contextmanager
def pair_that_ends_well(
    folder: Path, postgres: Postgres, redis: Redis | None, issuer: IssuerProcess
) -> Iterator[Pair]:
    """As `pair`; at the end both have to stop as they are told, with no defect and nothing of Python's on stderr."""
    with pair(folder, postgres, redis, issuer) as found:
        yield found
        for by in found.both:
            assert by.end() == 0, by.err()
            assert "defect" not in {line["event"] for line in by.events()}
            assert "Traceback" not in by.err()
            assert "Warning" not in by.err()
            # what counts once does so in both: not in the file of one machine
            assert not (by.folder / "data" / "once.db").exists()
