"""A workflow for tests, with a key of its own; and a service that trusts its repository."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.exchange import exchange_audience, exchange_message, root_key_audience
from kanoniv_auth.core.keys import KeyPair
from tests.support.issuer import OWNER_ID, REPOSITORY_ID, IssuerProcess
from tests.support.service import Site, site

PUBLIC = "http://localhost:7400"
EXCHANGE, OLD = "/v1/auth/oidc/exchange", "/v1/auth/oidc/root-key"
KEY = KeyPair(bytes(range(32)))
THIEF = KeyPair(bytes(range(1, 33)))


def policy(issuer: str, **changes: str) -> str:
    """A trust policy for pushes to main. changes: lines by their key, "" takes one away."""
    lines = {
        "issuer": f'"{issuer}"',
        "repository_id": f'"{REPOSITORY_ID}"',
        "repository_owner_id": f'"{OWNER_ID}"',
        "conditions": "{ref: {exact: refs/heads/main}}",
        "scopes": "[deploy.staging, read]",
        "max_ttl": "1h",
    }
    lines.update(changes)
    return "".join(f"{key}: {value}\n" for key, value in lines.items() if value)


@asynccontextmanager
async def keyless(
    folder: Path, issuer: IssuerProcess, *, old: bool = False, more: str = "", **changes: str
) -> AsyncIterator[Site]:
    """A service with one policy, `deploy`, in `policies`, unless there are policies already. more: another issuer."""
    policies = folder / "policies"
    if not policies.exists():
        policies.mkdir()
        (policies / "deploy.yaml").write_text(policy(issuer.url, **changes), encoding="utf-8")
    flags = {"allow_old_root_key_route": "true"} if old else {}
    given = {
        "policy_dir": str(policies),
        "public_url": PUBLIC,
        "oidc_issuers": f"{issuer.url},{more}",
    }
    async with site(folder, **given, **flags) as found:
        yield found


def audience(key: KeyPair = KEY) -> str:
    return exchange_audience(PUBLIC, key.did)


def old_audience() -> str:
    return root_key_audience(PUBLIC)


def ask(token: str, key: KeyPair = KEY, **changes: Any) -> dict[str, Any]:
    """The body of a request. scopes, ttl: signed as they are sent; the rest replaces what is sent."""
    scopes, ttl = changes.pop("scopes", ["deploy.staging"]), changes.pop("ttl", 900)
    message = exchange_message(token, scopes, ttl)
    return {
        "oidc_token": token,
        "public_key": key.did_key,
        "possession": b64u(key.sign(message)),
        "scopes": scopes,
        "ttl": ttl,
        **changes,
    }


async def exchange(found: Site, token: str, key: KeyPair = KEY, **changes: Any) -> httpx.Response:
    return await found.post(EXCHANGE, ask(token, key, **changes))


async def audited(found: Site) -> list[dict[str, Any]]:
    """The audit chain's records, newest first."""
    answer = await found.get("/v1/audit", "all", limit=1000)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.json()["lines"]]


async def issued(found: Site) -> int:
    """How many links the ledger has."""
    return (await found.service.store.counts("default", now=0)).delegations
