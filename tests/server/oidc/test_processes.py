"""The exchange in processes: killed in the middle, and two that share a Redis. What was used stays used."""

from __future__ import annotations

import json
import threading
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from kanoniv_server.routes.oidc import BURST
from tests.server.oidc.workflow import (
    EXCHANGE,
    PUBLIC,
    THIEF,
    ask,
    audience,
    exchange,
    issued,
    policy,
)
from tests.support.issuer import IssuerProcess
from tests.support.redis import Redis
from tests.support.service import Site, process, site


def policies(folder: Path, issuer: IssuerProcess) -> str:
    path = folder / "policies"
    path.mkdir()
    (path / "deploy.yaml").write_text(policy(issuer.url), encoding="utf-8")
    return str(path)


def from_runner(issuer: IssuerProcess) -> str:
    """Ask for a token as a step of a job does."""
    address = issuer.runner["ACTIONS_ID_TOKEN_REQUEST_URL"]
    asked = urllib.request.Request(f"{address}&audience={urllib.parse.quote(audience(), safe='')}")
    asked.add_header("Authorization", f"bearer {issuer.runner['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}")
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return str(json.load(answer)["value"])


def test_no_answered_exchange_is_lost_or_repeated_when_the_service_is_killed(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    argv = ("--policy-dir", policies(tmp_path, issuer), "--public-url", PUBLIC,
            "--oidc-issuers", issuer.url, "--open-rate", "0")  # fmt: skip
    tokens = [from_runner(issuer) for _ in range(40)]
    answered: dict[str, str] = {}
    with process(tmp_path, *argv) as server:
        admin = server.key

        def work(mine: list[str]) -> None:
            for token in mine:
                try:
                    answer = server.post(EXCHANGE, ask(token))
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    answered[token] = answer.json()["id"]

        threads = [threading.Thread(target=work, args=(tokens[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        while len(answered) < 8 and any(thread.is_alive() for thread in threads):
            threads[0].join(0.01)
        server.kill()
        for thread in threads:
            thread.join(30)
    assert 8 <= len(answered) < len(tokens)
    with process(tmp_path, *argv) as server:
        head = {"Authorization": f"Bearer {admin}"}
        listed = httpx.get(f"{server.url}/v1/delegations?limit=1000", headers=head, timeout=30)
        assert set(answered.values()) <= {row["id"] for row in listed.json()["delegations"]}
        for token in answered:
            again = server.post(EXCHANGE, ask(token))
            assert (again.status_code, again.json()["code"]) == (403, "KAN-TOKEN-013")
        fresh = server.post(EXCHANGE, ask(from_runner(issuer)))
        assert fresh.status_code == 200, fresh.text


@asynccontextmanager
async def two(
    folder: Path, issuer: IssuerProcess, redis: Redis
) -> AsyncIterator[tuple[Site, Site]]:
    """Two services with one Redis, and nothing else in common."""
    flags = {
        "policy_dir": policies(folder, issuer),
        "public_url": PUBLIC,
        "oidc_issuers": issuer.url,
        "redis_url": redis.url,
    }
    for name in ("one", "other"):
        (folder / name).mkdir()
    async with site(folder / "one", **flags) as one, site(folder / "other", **flags) as other:
        yield one, other


@pytest.mark.anyio
async def test_a_repository_has_one_rate_at_all_services_with_the_same_redis(
    tmp_path: Path, issuer: IssuerProcess, own_redis: Redis
) -> None:
    async with two(tmp_path, issuer, own_redis) as (one, other):
        codes, noise = [], ""
        for number in range(int(BURST) + 20):
            by = (one, other)[number % 2]
            noise = issuer.token(audience(THIEF), ref="refs/heads/x")
            codes.append((await exchange(by, noise, THIEF)).status_code)
        # each alone would have let all of them through
        assert set(codes) == {403, 429}
        assert codes[: int(BURST)] == [403] * int(BURST)
        assert codes[-1] == 429
        # without Redis each counts alone, and goes on
        own_redis.stop()
        assert (await exchange(other, noise, THIEF)).status_code == 403


@pytest.mark.anyio
async def test_a_token_that_counted_at_one_service_counts_at_no_other_with_the_same_redis(
    tmp_path: Path, issuer: IssuerProcess, own_redis: Redis
) -> None:
    async with two(tmp_path, issuer, own_redis) as (one, other):
        token = issuer.token(audience())
        assert (await exchange(one, token)).status_code == 200
        again = await exchange(other, token)
        assert (again.status_code, again.json()["code"]) == (403, "KAN-TOKEN-013")
        own_redis.stop()
        away = await exchange(other, issuer.token(audience()))
        assert (away.status_code, away.json()["code"]) == (503, "KAN-STATE-001")
        assert await issued(other) == 0
