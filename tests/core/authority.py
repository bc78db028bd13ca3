"""Keys and chains that several tests of the core begin from."""

from __future__ import annotations

import hashlib
from typing import Any

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import VerifiedToken
from kanoniv_auth.core.verification import verify

NOW = 1_800_000_000
TTL = 3600


def key(label: str) -> KeyPair:
    return KeyPair.from_seed(hashlib.sha256(label.encode()).digest())


ROOT, PARENT, AGENT, CHILD = (key(label) for label in ("root", "parent", "agent", "child"))
ROOTS = TrustedRoots([ROOT.public])


def granted(*scopes: str, to: KeyPair = AGENT, **more: Any) -> Chain:
    """A chain of one link from the root."""
    values = {"parent": None, "now": NOW, "ttl": TTL, "entropy": bytes(16), **more}
    return issue(ROOT, to.public, scopes=tuple(sorted(scopes)), **values)


def passed_on(chain: Chain, by: KeyPair, to: KeyPair, *scopes: str, **more: Any) -> Chain:
    """A chain with one link more."""
    values = {"parent": chain, "now": NOW, "ttl": TTL, "entropy": bytes(16), **more}
    return issue(by, to.public, scopes=tuple(sorted(scopes)), **values)


def ask(token: str, action: str = "deploy.staging", **more: Any) -> VerifiedToken:
    """Verify with defaults: the root above, no audience, no facts."""
    values: dict[str, Any] = {
        "roots": ROOTS, "audience": None, "now": NOW, "once": None, "revoked": None, "cache": None,
        "access": Access(action), **more,
    }  # fmt: skip
    return verify(token, **values)


def warm(*tokens: str) -> Cache:
    """A cache that has seen these tokens."""
    cache = Cache()
    for token in tokens:
        ask(token, cache=cache)
    return cache
