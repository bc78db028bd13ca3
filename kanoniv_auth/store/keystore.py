"""Private keys on disk: the root key and the agents' keys.

A key file is the published product's JSON {did, public_key, private_key, created_at}; only `private_key`
is trusted, the rest is derived again. Not a chooser: which key signs is api's business.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.core.encoding import canonical
from kanoniv_auth.core.errors import HolderUnproven, KeyInvalid, NoRootKey, StorageError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

_FIELD = '"private_key":"'


def _document(key: KeyPair, now: int) -> bytes:
    return canonical(
        {
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "did": key.did,
            "private_key": key.seed.hex(),
            "public_key": key.public.hex(),
        }
    )


def _parse(path: str, data: bytes) -> KeyPair:
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise KeyInvalid("bad_key", detail=f"{path} is not text", path=path) from None
    # our own files are canonical: the seed is cut out without importing `json` (8 ms of `exec`)
    _, _, tail = text.partition(_FIELD)
    own = tail[:64] if tail[64:65] == '"' else text
    try:
        return parse_secret(own)
    except KeyInvalid as error:
        detail = f"{path}: {error.facts['detail']}"
        raise KeyInvalid("bad_key", detail=detail, path=path) from None


def read_key(path: str, *, named: bool = False) -> KeyPair | None:
    """Read a private key file in any accepted form; None when it is not there.

    named: by a person, so it may be a pipe.
    Raises: KeyPermissions, KeyInvalid (the fact path says which file), StorageError.
    """
    data = files.read(path, private=True, named=named)
    return None if data is None else _parse(path, data)


def read_root(path: str, *, named: bool = False) -> KeyPair:
    """Read a root key file. named: as in `read_key`. Raises: NoRootKey, KeyPermissions, KeyInvalid, StorageError."""
    key = read_key(path, named=named)
    if key is None:
        raise NoRootKey("no_root_key", path=path)
    return key


def create_root(path: str, key: KeyPair, now: int, *, force: bool) -> str | None:
    """Write a root key where there is none; with `force` an old one is first copied beside it.

    Returns: the path of that copy, None when nothing was there.
    Raises: FileExistsError (without `force`), StorageError.
    """
    from kanoniv_auth.store import leftovers  # noqa: PLC0415 - making a root is rare

    leftovers.clear_folder(path.rpartition("/")[0])
    old = files.read(path) if force else None
    kept = None
    if old is not None:
        kept = _keep_old(f"{path}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}", old)
    files.write(path, _document(key, now), replace=force)
    return kept


def _keep_old(stem: str, old: bytes) -> str:
    """Write the old key beside its place, never over another old one. Raises: StorageError."""
    number = 0
    while True:
        kept = f"{stem}.{number}.old" if number else f"{stem}.old"
        try:
            files.write(kept, old, replace=False)
        except FileExistsError:
            number += 1
        else:
            return kept


def pin_local_root(home: Home, public: bytes) -> None:
    """Write the local root's public half beside it, unless it says so already. The caller holds the home's lock."""
    if not _is_pinned(home, public):
        files.write(home.local_pub, public.hex().encode("ascii"))


def _is_pinned(home: Home, public: bytes) -> bool:
    return files.read(home.local_pub) == public.hex().encode("ascii")


def repair_pin(home: Home, public: bytes) -> None:
    """Pin `public` if it is the local root: homes of the published product have no public half.

    Raises: KeyPermissions, KeyInvalid, StorageError.
    """
    root = read_key(home.root_key)
    if root is None or root.public != public or _is_pinned(home, public):
        return
    with files.Lock(home.lock):
        # while we waited, init --force may have put another root there: its predecessor is trusted no more
        root = read_key(home.root_key)
        if root is not None and root.public == public:
            pin_local_root(home, public)


def save_agent_key(home: Home, key: KeyPair, now: int) -> None:
    """Keep an agent's key under its DID; one that is there already is left as it is."""
    try:
        files.write(home.key(key.did), _document(key, now), replace=False)
    except FileExistsError:
        find_agent_key(home, key.public, key.did)


def find_agent_key(home: Home, public: bytes, did: str) -> KeyPair | None:
    """Find the key whose public half is exactly `public`, by its DID; None when this home has none.

    Raises: KeyPermissions, KeyInvalid, StorageError.
    """
    key = read_key(home.key(did))
    if key is not None and key.public != public:
        fix = f"move {home.key(did)} away: it holds another key than its name says"
        raise StorageError("storage", detail=f"{home.key(did)} is not the key of {did}", fix=fix)
    return key


def holder_key(home: Home, public: bytes, did: str) -> KeyPair:
    """As `find_agent_key`, where it must be there. Raises: HolderUnproven (facts did, folder), and as above."""
    key = find_agent_key(home, public, did)
    if key is None:
        detail = f"the key of {did} is not in {home.keys}"
        raise HolderUnproven("holder_unproven", detail=detail, did=did, folder=home.keys)
    return key


def make_machine_key(home: Home, key: KeyPair, now: int) -> KeyPair:
    """Keep the key that signs checkpoints; another process's, when it was faster.

    Raises: KeyPermissions, KeyInvalid, StorageError.
    """
    try:
        files.write(home.machine_key, _document(key, now), replace=False)
    except FileExistsError:
        return read_root(home.machine_key)
    return key


def remove_agent_key(home: Home, did: str) -> None:
    """Remove an agent's key for good; one that is not there is fine. Raises: StorageError."""
    path = home.key(did)
    try:
        os.unlink(path)  # noqa: PTH108 - pathlib is outside the import budget
        files.sync_folder(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise files.unusable("remove", path, error) from None


def find_old_root(home: Home, public: bytes) -> KeyPair | None:
    """Find a root key that was kept beside a newer one, by its public half; None when there is none.

    Raises: KeyPermissions, KeyInvalid, StorageError.
    """
    for path in files.listing(home.path, ".old"):
        if path.startswith(f"{home.root_key}."):
            key = read_key(path)
            if key is not None and key.public == public:
                return key
    return None


def next_root(home: Home, key: KeyPair, now: int) -> KeyPair:
    """Keep the key that will follow the local root; the one that is there already when a rotation was interrupted.

    Raises: KeyPermissions, KeyInvalid, StorageError.
    """
    try:
        files.write(home.next_root_key, _document(key, now), replace=False)
    except FileExistsError:
        return read_root(home.next_root_key)
    return key
