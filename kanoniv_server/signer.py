"""Root keys on this machine: a private file, or the environment. Whatever signs elsewhere implements `ports.Signer`."""

from __future__ import annotations

import os
import stat
import time
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_auth.core.encoding import canonical
from kanoniv_auth.core.errors import KeyInvalid, KeyPermissions, NoRootKey, StorageError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.core.revocation_list import make_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.core.chain import Chain

VARIABLE = "KANONIV_SERVER_ROOT_KEY"
_OPEN_TO_OTHERS = 0o077
_LARGEST = 16384


class LocalSigner:
    """Signs with a root key in this process's memory; never shows it."""

    __slots__ = ("_key",)

    def __init__(self, key: KeyPair) -> None:
        self._key = key

    @property
    def root(self) -> bytes:
        """The root's public key, 32 bytes."""
        return self._key.public

    def issuer(self, now: int) -> tuple[KeyPair, Chain | None]:  # noqa: ARG002 - a root has no chain that could end
        """Return the root itself, which needs no chain."""
        return self._key, None

    def sign_list(self, *, seq: int, now: int, ids: Iterable[bytes], keys: Iterable[bytes]) -> str:
        """Sign a revocation list. Raises: TokenParseError when it is too long."""
        return make_list(self._key, seq=seq, now=now, ids=ids, keys=keys)

    def __repr__(self) -> str:
        return f"LocalSigner({self._key.did})"


def from_environment(environ: Mapping[str, str]) -> LocalSigner | None:
    """Read the root key in `KANONIV_SERVER_ROOT_KEY`; None when it is not set. Raises: KeyInvalid."""
    text = environ.get(VARIABLE)
    if text is None:
        return None
    try:
        return LocalSigner(parse_secret(text))
    except KeyInvalid as error:
        raise KeyInvalid("bad_key", detail=f"{VARIABLE}: {error.facts['detail']}") from None


def from_file(path: str | Path) -> LocalSigner:
    """Read a root key file, in any form that people keep keys in.

    Raises: NoRootKey, KeyPermissions when others can read it, KeyInvalid, StorageError.
    """
    shown = str(path)
    try:
        data = _private_bytes(shown)
    except FileNotFoundError:
        raise NoRootKey("no_root_key", path=shown) from None
    except OSError as error:
        raise _unusable("read", shown, error) from None
    try:
        return LocalSigner(parse_secret(data.decode("ascii")))
    except UnicodeDecodeError:
        raise KeyInvalid("bad_key", detail=f"{shown} is not text") from None
    except KeyInvalid as error:
        raise KeyInvalid("bad_key", detail=f"{shown}: {error.facts['detail']}") from None


def _private_bytes(path: str) -> bytes:
    # a pipe without a writer would be waited for
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError("storage", detail=f"{path} is not a regular file")
        if status.st_mode & _OPEN_TO_OTHERS:
            mode = status.st_mode & 0o7777
            raise KeyPermissions("key_permissions", what="key file", path=path, mode=mode)
        if status.st_uid not in {0, os.geteuid()}:
            raise StorageError("storage", detail=f"{path} belongs to another user, who may read it")
        return os.read(fd, _LARGEST)
    finally:
        os.close(fd)


def ensure_file(path: str | Path, *, entropy: bytes, now: int) -> LocalSigner:
    """Read a root key file, or make it, 0600 from its first byte; of two processes at once, one makes it.

    entropy: 32 random bytes · now: unix seconds. Raises: as `from_file`.
    """
    try:
        return from_file(path)
    except NoRootKey:
        pass
    key = KeyPair.generate(entropy)
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    document = {
        "created_at": made,
        "did": key.did,
        "private_key": key.seed.hex(),
        "public_key": key.public.hex(),
    }
    try:
        # two machines on one volume may share a process id, and never a key
        _create(Path(path), f".{key.did[-16:]}.new", canonical(document))
    except FileExistsError:
        pass
    except OSError as error:
        raise _unusable("write", str(path), error) from None
    return from_file(path)


def _create(path: Path, suffix: str, data: bytes) -> None:
    """Write a whole private file in one step, never over another. Raises: FileExistsError, OSError."""
    beside = path.with_name(f".{path.name}{suffix}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(fd, 0o600)
        if os.write(fd, data) != len(data):
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        os.fsync(fd)
        os.link(beside, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        os.close(fd)
        beside.unlink(missing_ok=True)


def _unusable(verb: str, path: str, error: OSError) -> StorageError:
    return StorageError("storage", detail=f"cannot {verb} {path}: {error.strerror or error}")
