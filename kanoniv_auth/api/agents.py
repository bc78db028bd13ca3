"""Named agents: the same name has the same DID from one session to the next."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api.records import Record
from kanoniv_auth.store import agents, keystore
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.keys import KeyPair


class AgentRecord(Record):
    """One registered agent. created_at: ISO 8601, UTC."""

    __slots__ = ("name", "did", "created_at")

    name: str
    did: str
    created_at: str

    def __init__(self, name: str, did: str, created_at: str) -> None:
        self._fill(name, did, created_at)


def register_agent(name: str) -> KeyPair:
    """Return the key of a name, made and kept the first time.

    name: 1 to 64 of `[A-Za-z0-9._-]`. Raises: UsageError, KeyPermissions, KeyInvalid.
    """
    return agents.register(find_home(os.environ), name, os.urandom(32), int(time.time()))


def get_agent(name: str) -> KeyPair | None:
    """The key of a registered name; None when it is not registered. Raises: as `register_agent`."""
    return agents.find_key(find_home(os.environ), name)


def list_agents() -> list[AgentRecord]:
    """All registered agents, by name. Raises: UsageError for a registry that is not readable."""
    return [AgentRecord(*row) for row in agents.listed(find_home(os.environ))]


def resolve_name(name: str) -> str | None:
    """The DID of a registered name; None when it is not registered. Raises: UsageError."""
    return agents.find_did(find_home(os.environ), name)


def key_of(did: str) -> KeyPair | None:
    """The key that this home keeps for a DID, registered or not; None when it keeps none. Raises: key errors."""
    key = keystore.read_key(find_home(os.environ).key(did))
    return key if key is not None and key.did == did else None
