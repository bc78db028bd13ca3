"""The registry of names: `agents.json` maps a name to a DID; the key lies in the keystore under that DID."""

from __future__ import annotations

import time

from kanoniv_auth.core import payload
from kanoniv_auth.core.errors import KeyInvalid, StorageError, TokenParseError, UsageError
from kanoniv_auth.core.keys import KeyPair, check_did
from kanoniv_auth.store import files, keystore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home


def check_name(name: str) -> str:
    """Return a well-formed agent name, which is one that a link can carry. Raises: UsageError."""
    try:
        return payload.check_name(name)
    except TokenParseError:
        fix = "use 1 to 64 letters, digits, dots, underscores and hyphens"
        detail = f"agent name {name!r} is not in the grammar"
        raise UsageError("usage", detail=detail, fix=fix) from None


def _read(home: Home) -> dict[str, dict[str, str]]:
    import json  # noqa: PLC0415 - 8 ms, only where a name is looked up

    data = files.read(home.agents)
    if data is None:
        return {}
    try:
        found = json.loads(data)
        for name, entry in found.items():
            check_name(name)
            check_did(entry["did"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, KeyInvalid):
        raise files.corrupt(home.agents, "not a registry of agents") from None
    return dict(found)


def listed(home: Home) -> list[tuple[str, str, str]]:
    """All registered agents by name: (name, DID, creation as ISO 8601). Raises: StorageError for a corrupt registry."""
    rows = sorted(_read(home).items())
    return [(name, row["did"], str(row.get("created_at", ""))) for name, row in rows]


def find_did(home: Home, name: str) -> str | None:
    """The DID behind a name; None when it is not registered. Raises: UsageError."""
    entry = _read(home).get(check_name(name))
    return None if entry is None else entry["did"]


def find_key(home: Home, name: str) -> KeyPair | None:
    """The key behind a name; None when it is not registered.

    Raises: StorageError when the name is registered and its key is gone; KeyPermissions, KeyInvalid.
    """
    did = find_did(home, name)
    if did is None:
        return None
    key = keystore.read_key(home.key(did))
    if key is None or key.did != did:
        raise StorageError(
            "storage",
            detail=f"agent {name} is registered as {did}, but {home.key(did)} does not hold its key",
            fix=f"restore {home.key(did)} from a backup, or register another name",
        )
    return key


def register(home: Home, name: str, entropy: bytes, now: int) -> KeyPair:
    """Return the key of a name, making and keeping a new one the first time.

    entropy: 32 random bytes, used when the name is new. Raises: UsageError, KeyPermissions, KeyInvalid.
    """
    check_name(name)
    with files.Lock(home.lock):
        known = find_key(home, name)
        if known is not None:
            return known
        registry = _read(home)
        key = KeyPair.generate(entropy)
        # the key first: a name without its key is an identity lost, a key without a name is a spare file
        keystore.save_agent_key(home, key, now)
        created_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        registry[name] = {"did": key.did, "created_at": created_at}
        files.write(home.agents, _encode(registry))
        return key


def _encode(registry: dict[str, dict[str, str]]) -> bytes:
    import json  # noqa: PLC0415 - as above

    # fields that others wrote are kept as they are
    return json.dumps(registry, indent=2, sort_keys=True).encode("utf-8")
