"""Named agents: the same name has the same DID from one session to the next."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.records import Record
from kanoniv_auth.store import agents, keystore
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home


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
    return registered(find_home(os.environ), name, os.urandom(32))


def registered(home: Home, name: str, entropy: bytes) -> KeyPair:
    """As `register_agent`, for one home. entropy: 32 fresh random bytes, the seed of the key if the name is new."""
    key = agents.register(home, name, entropy, int(time.time()))
    if key.seed == entropy:  # this call made it, and nobody before
        _record(home, "register", key.did, name)
    return key


def remove_agent(name: str) -> bool:
    """Remove a name and its key for good; False when it is not registered.

    What it was given stays valid until it ends, wherever the key was copied to: `revoke` stops that.
    Raises: UsageError, StorageError.
    """
    home = find_home(os.environ)
    did = agents.remove(home, name)
    if did is not None:
        _record(home, "remove", did, name)
    return did is not None


def rename_agent(old: str, new: str) -> AgentRecord:
    """Give an agent another name; its DID and its key stay, and links made before go on saying the old one.

    Raises: UsageError when `old` is not registered or `new` is, StorageError.
    """
    home = find_home(os.environ)
    row = AgentRecord(*agents.rename(home, old, new))
    audit_log.record(home, "agents", result="ok", agent=row.did, name=new, verb="rename", old=old)
    return row


def _record(home: Home, verb: str, did: str, name: str) -> None:
    audit_log.record(home, "agents", result="ok", agent=did, name=name, verb=verb)


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
