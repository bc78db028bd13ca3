"""Which root signs, and which roots are trusted: arguments, the process's memory, environment, home, in this order."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log
from kanoniv_auth.core.errors import KeyInvalid, NoRootKey, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_public, parse_secret
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.store import files, keystore, roots as stored
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

    Path = str | os.PathLike[str]

_FILE_ENDINGS = (".key", ".pem", ".json", ".old")


class _Memory:
    """What `init_root` and `load_root` leave behind for the rest of the process."""

    __slots__ = ("root",)

    def __init__(self) -> None:
        self.root: KeyPair | None = None


_memory = _Memory()


def create_root(
    path: Path | None = None, *, force: bool = False
) -> tuple[KeyPair, str, str | None]:
    """Make a root key and keep it; returns the key, its path, and where an old one was kept.

    Raises: UsageError when one is there already and `force` is not given.
    """
    home = find_home(os.environ)
    target = home.root_key if path is None else _absolute(path)
    key, now = KeyPair.generate(os.urandom(32)), int(time.time())
    try:
        with files.Lock(home.lock):
            kept = keystore.create_root(target, key, now, force=force)
            if target == home.root_key:
                keystore.pin_local_root(home, key.public)
    except FileExistsError:
        raise UsageError(
            "usage",
            detail=f"there is a root key already: {target}",
            fix="kanoniv-auth init --force, which keeps the old one beside it",
            path=target,
        ) from None
    audit_log.record(
        home, "init", result="ok", agent=key.did, path=target, replaced=kept is not None
    )
    return key, target, kept


def init_root(path: Path | None = None, *, force: bool = False) -> KeyPair:
    """Make a root key, keep it (default `$KANONIV_HOME/root.key`), and use it in this process from now on.

    force: replace an existing one, which is kept beside it. Raises: UsageError.
    """
    key, _, _ = create_root(path, force=force)
    _memory.root = key
    return key


def load_root(path: Path | None = None) -> KeyPair:
    """Read a root key and use it in this process from now on: to issue, and as the trusted root.

    path: default `$KANONIV_ROOT_KEY` (the key's text), else `$KANONIV_HOME/root.key`.
    Raises: NoRootKey, KeyPermissions, KeyInvalid, UsageError.
    """
    key = (
        _configured_root(find_home(os.environ))
        if path is None
        else keystore.read_root(_absolute(path), named=True)
    )
    _memory.root = key
    return key


def read_root(path: Path, *, named: bool = True) -> KeyPair:
    """Read a root key file without remembering it. named: by a person, so it may be a pipe.

    Raises: NoRootKey, KeyPermissions, KeyInvalid, UsageError.
    """
    return keystore.read_root(_absolute(path), named=named)


def signing_root(root: KeyPair | Path | None, home: Home) -> KeyPair:
    """The key that issues a first link: the argument (key, path or secret text), else remembered, else configured.

    Raises: NoRootKey, KeyPermissions, KeyInvalid, UsageError.
    """
    if isinstance(root, KeyPair):
        return root
    if root is not None:
        return _read_key(root)
    return _memory.root or _configured_root(home)


def trusted_roots(
    home: Home, root: KeyPair | Path | None = None, root_did: str | None = None
) -> TrustedRoots:
    """The roots a chain may begin at: the first source that is there is the whole set.

    root: key pair, path, secret text or DID · root_did: DIDs or public keys. Raises: UsageError and key errors.
    """
    if root is not None and root_did is not None:
        msg = "root and root_did both name the trusted root: give one"
        raise TypeError(msg)
    if root_did is not None:
        return stored.from_text(root_did, "the trusted root")
    if isinstance(root, str) and root.startswith("did:"):
        return stored.from_text(root, "the trusted root")
    key = _memory.root if root is None else signing_root(root, home)
    argument = None if key is None else TrustedRoots(keys=(key.public,))
    return stored.trusted(home, os.environ, argument)


def pinned_by(path: Path) -> TrustedRoots:
    """The one root of a file: its public key, or a private one of which only the public half is kept.

    Raises: NoRootKey, KeyPermissions for a private one that others can read, KeyInvalid, StorageError.
    """
    name = _absolute(path)
    data = files.read(name, pinned=True, named=True)
    if data is None:
        raise NoRootKey("no_root_key", path=name)
    try:
        # 32 bytes of either kind look the same, so the name has to say which
        text = data.decode("ascii").strip()
        public = parse_public(text) if name.endswith(".pub") or text.startswith("did:") else None
    except UnicodeDecodeError:
        raise KeyInvalid("bad_key", detail=f"{name} is not text", path=name) from None
    return TrustedRoots(
        keys=(keystore.read_root(name, named=True).public if public is None else public,)
    )


def _configured_root(home: Home) -> KeyPair:
    text = os.environ.get("KANONIV_ROOT_KEY")
    if text is None:
        return keystore.read_root(home.root_key)
    try:
        return parse_secret(text)
    except KeyInvalid as error:
        raise KeyInvalid("bad_key", detail=f"KANONIV_ROOT_KEY: {error.facts['detail']}") from None


def _read_key(root: Path) -> KeyPair:
    if not isinstance(root, str):
        return keystore.read_root(_absolute(root), named=True)
    if root.startswith("did:"):
        raise UsageError(
            "usage",
            detail="a DID names a root but cannot sign for it",
            fix="give the root's private key as a path, or in KANONIV_ROOT_KEY",
        )
    # a path wins over text: no key text is the name of a file by accident
    short = len(root) < 1024 and "\n" not in root
    found = keystore.read_key(_absolute(root), named=True) if short else None
    if found is not None:
        return found
    # only what ends like a file name is repeated in an error: anything else may be a mistyped secret
    if root.endswith(_FILE_ENDINGS) or root.startswith(("./", "../", "~/")):
        raise NoRootKey("no_root_key", path=root)
    return parse_secret(root)


def _absolute(path: Path) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))  # noqa: PTH100, PTH111 - pathlib is outside the import budget
