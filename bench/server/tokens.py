"""Tokens of a service's own root, made here: the service would take longer, and keep them in its ledger."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.core.proof import seal

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = "deploy.staging"
WARM = 16
RECEIVERS = 64
# Walked round and round. The cache keeps the last 4,096 tokens and chains, so that each is gone before its turn.
COLD = 12_288
_HOUR = 3600


def root_of(folder: Path) -> KeyPair:
    """The root key of a service that runs in a folder."""
    return parse_secret((folder / "data" / "root.key").read_text(encoding="ascii"))


def questions(root: KeyPair, count: int, depth: int) -> list[str]:
    """Bodies for POST /v1/verify, each about a token of its own with so many links."""
    now = int(time.time())
    keys = [KeyPair.generate(os.urandom(32)) for _ in range(depth)]
    return [json.dumps({"token": _token(root, keys, now), "scope": SCOPE}) for _ in range(count)]


def with_tenant(bodies: list[str]) -> list[str]:
    """The same questions, with a word more in each: those are answered the long way."""
    return [json.dumps({**json.loads(one), "tenant": "default"}) for one in bodies]


def _token(root: KeyPair, keys: list[KeyPair], now: int) -> str:
    chain, issuer = None, root
    for key in keys:
        chain = issue(
            issuer,
            key.public,
            parent=chain,
            scopes=(SCOPE,),
            now=now,
            ttl=4 * _HOUR,
            entropy=os.urandom(16),
        )
        issuer = key
    assert chain is not None
    return seal(chain, issuer, now=now)


def orders(receivers: int) -> list[str]:
    """Bodies for POST /v1/delegations: grants for so many receivers' keys."""
    keys = [KeyPair.generate(os.urandom(32)).did_key for _ in range(receivers)]
    return [json.dumps({"scopes": [SCOPE], "ttl": _HOUR, "to": one}) for one in keys]
