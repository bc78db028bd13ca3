"""The registry of names: `agents.json` maps a name to a DID; the key lies in the keystore under that DID."""

from __future__ import annotations

import time

from kanoniv_auth.core import payload
from kanoniv_auth.core.errors import StorageError, TokenParseError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.store import files, keystore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.store.home import Home

_KEY = "private_key"
_DID, _DIGITS = "did:agent:", 32
_NAME_LENGTHS = frozenset(range(1, payload.NAME_LENGTH + 1))


def check_name(name: str) -> str:
    """Return a well-formed agent name, which is one that a link can carry. Raises: UsageError."""
    try:
        return payload.check_name(name)
    except TokenParseError:
        fix = "use 1 to 64 letters, digits, dots, underscores and hyphens"
        detail = f"agent name {name!r} is not in the grammar"
        raise UsageError("usage", detail=detail, fix=fix) from None


def _read(home: Home) -> tuple[str, dict[str, dict[str, str]]]:
    """The registry's text, and what it says. Raises: StorageError for anything that is no registry."""
    import json  # noqa: PLC0415 - 8 ms, only where a name is looked up

    data = files.read(home.agents)
    if data is None:
        return "{}", {}
    try:
        text = data.decode("utf-8")
        found = json.loads(text)
        if _is_sound(found, [entry["did"] for entry in found.values()]):
            return text, found
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise files.corrupt(home.agents, "not a registry of agents")


def _is_sound(names: Iterable[str], dids: list[str]) -> bool:
    """Every name and DID is in its grammar.

    All of them at once: one by one, 1,000 take longer than the file's way to the disk (docs/bench.md).
    """
    letters = "".join(names).encode("utf-8")
    digits = "".join([did[len(_DID) :] for did in dids]).encode("utf-8")
    return (
        set(map(len, names)) <= _NAME_LENGTHS
        and not letters.translate(None, payload.NAME_LETTERS.encode("ascii"))
        and set(map(len, dids)) <= {len(_DID) + _DIGITS}
        and {did[: len(_DID)] for did in dids} <= {_DID}
        and not digits.translate(None, b"0123456789abcdef")
    )


def listed(home: Home) -> list[tuple[str, str, str]]:
    """All registered agents by name: (name, DID, creation as ISO 8601). Raises: StorageError for a corrupt registry."""
    rows = sorted(_read(home)[1].items())
    return [(name, row["did"], str(row.get("created_at", ""))) for name, row in rows]


def find_did(home: Home, name: str) -> str | None:
    """The DID behind a name; None when it is not registered. Raises: UsageError, StorageError."""
    entry = _read(home)[1].get(check_name(name))
    return None if entry is None else entry["did"]


def find_key(home: Home, name: str) -> KeyPair | None:
    """The key behind a name; None when it is not registered.

    Raises: StorageError when the name is registered and its key is gone; KeyPermissions, KeyInvalid.
    """
    entry = _read(home)[1].get(check_name(name))
    return None if entry is None else _key_of(home, name, entry)


def _key_of(home: Home, name: str, entry: dict[str, str]) -> KeyPair:
    did = entry["did"]
    key = keystore.read_key(home.key(did))
    if key is None or key.did != did:
        detail = f"agent {name} is registered as {did}, but {home.key(did)} does not hold its key"
        if _KEY in entry:  # a registry of the published product, which keeps the keys themselves
            fix = "take this home over with kanoniv-auth migrate"
            raise StorageError("storage", detail=detail, fix=fix, old_home=home.path)
        fix = f"restore {home.key(did)} from a backup, or register another name"
        raise StorageError("storage", detail=detail, fix=fix)
    return key


def register(home: Home, name: str, entropy: bytes, now: int) -> KeyPair:
    """Return the key of a name, making and keeping a new one the first time.

    entropy: 32 random bytes, used when the name is new. Raises: UsageError, KeyPermissions, KeyInvalid, StorageError.
    """
    check_name(name)
    with files.Lock(home.lock):
        text, registry = _read(home)
        if name in registry:
            return _key_of(home, name, registry[name])
        key = KeyPair.generate(entropy)
        # the key first: a name without its key is an identity lost, a key without a name is a spare file
        keystore.save_agent_key(home, key, now)
        created_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        files.write(home.agents, _with(text, name, {"created_at": created_at, "did": key.did}))
        return key


def remove(home: Home, name: str) -> str | None:
    """Remove a name and its key; returns the DID it had, None when it is not registered.

    A key that is missing or unreadable is no hindrance. Raises: UsageError, StorageError.
    """
    check_name(name)
    with files.Lock(home.lock):
        _, registry = _read(home)
        entry = registry.pop(name, None)
        if entry is None:
            return None
        # the name first: killed in between, what is left is a spare key file, and no name that is only an error
        files.write(home.agents, _encode(registry))
        if all(other["did"] != entry["did"] for other in registry.values()):
            keystore.remove_agent_key(home, entry["did"])
        return entry["did"]


def rename(home: Home, old: str, new: str) -> tuple[str, str, str]:
    """Give a registered agent another name, in one step; its DID and key stay. Returns: as a row of `listed`.

    Raises: UsageError when `old` is not registered or `new` is, StorageError.
    """
    check_name(old)
    check_name(new)
    with files.Lock(home.lock):
        _, registry = _read(home)
        if old not in registry:
            raise unknown(old)
        if new in registry:
            detail = f"there is an agent {new} already: {registry[new]['did']}"
            fix = f"choose another name, or first: kanoniv-auth agents remove {new}"
            raise UsageError("usage", detail=detail, fix=fix)
        entry = registry.pop(old)
        registry[new] = entry
        files.write(home.agents, _encode(registry))
        return new, entry["did"], str(entry.get("created_at", ""))


def check_free(home: Home, name: str, did: str) -> bool:
    """Whether `adopt` has something to write for a name. Raises: UsageError when it is another agent's."""
    entry = _read(home)[1].get(check_name(name))
    if entry is not None and entry["did"] != did:
        fix = f"give one of them another name, such as: kanoniv-auth agents rename {name} OTHER"
        raise UsageError("usage", detail=f"{name} is {entry['did']} here, and {did} there", fix=fix)
    return entry is None or _KEY in entry


def adopt(home: Home, rows: Iterable[tuple[str, str, str]]) -> None:
    """Register names (as rows of `listed`) whose keys lie in the keystore; no entry keeps a key of its own.

    The caller holds the home's lock and asked `check_free`. Raises: StorageError.
    """
    _, registry = _read(home)
    for name, did, created_at in rows:
        others = {
            field: value
            for field, value in registry.get(name, {}).items()
            if field not in (_KEY, "public_key")
        }
        registry[name] = {**others, "created_at": created_at, "did": did}
    files.write(home.agents, _encode(registry))


def unknown(name: str) -> UsageError:
    """The error for a name that is not registered."""
    fix = "kanoniv-auth agents list shows the names there are"
    return UsageError("usage", detail=f"no agent is registered as {name}", fix=fix)


def _encode(registry: dict[str, dict[str, str]]) -> bytes:
    """As `_with` writes it, from the values: a line each."""
    import json  # noqa: PLC0415 - as above

    lines = [f"\n  {json.dumps(name)}: {json.dumps(row)}" for name, row in registry.items()]
    return f"{{{','.join(lines)}\n}}\n".encode()


def _with(text: str, name: str, entry: dict[str, str]) -> bytes:
    """The registry's text with one entry more, on a line of its own; what others wrote stays as it is.

    text: a JSON object, which `_read` has proved. Written again from its values, 1,000 entries would take longer
    than everything else here (docs/bench.md).
    """
    import json  # noqa: PLC0415 - as above

    before = text.rstrip()[:-1].rstrip()
    comma = "" if before.lstrip() == "{" else ","
    return f"{before}{comma}\n  {json.dumps(name)}: {json.dumps(entry)}\n}}\n".encode()
