"""Trusted roots: the first source that is there is the whole set, and an empty or malformed one is an error.

Argument > environment > home. Nothing is merged: a source that could
add to another would let whoever writes the weaker one decide.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import AuthError, KeyInvalid, KeyPermissions, UsageError
from kanoniv_auth.core.keys import check_did, did, parse_public
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.store import files, keystore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.rotation import Rotation
    from kanoniv_auth.store.home import Home

LOCAL = "local"
_FIX = "give one root's DID, such as the one that kanoniv-auth init prints, or unset it"


def from_text(text: str, source: str) -> TrustedRoots:
    """Read DIDs (`did:agent:…`) and public keys (`did:key:…`, hex, base64), separated by commas or white space.

    source: what to name in an error. Raises: UsageError.
    """
    items = text.replace(",", " ").split()
    if not items:
        raise UsageError("usage", detail=f"{source} is empty", fix=_FIX)
    keys, dids = [], []
    try:
        for item in items:
            if item.startswith("did:agent:"):
                dids.append(check_did(item))
            else:
                keys.append(parse_public(item))
    except KeyInvalid as error:
        detail = f"{source} is not a root: {error.facts['detail']}"
        raise UsageError("usage", detail=detail, fix=_FIX) from None
    return TrustedRoots(keys=keys, dids=dids)


def from_environment(environ: Mapping[str, str]) -> TrustedRoots | None:
    """Roots of KANONIV_ROOT_PUB or KANONIV_ROOT_DID; with both, they must name the same roots.

    Raises: UsageError.
    """
    named = environ.get("KANONIV_ROOT_DID")
    public = environ.get("KANONIV_ROOT_PUB")
    if public is None:
        return None if named is None else from_text(named, "KANONIV_ROOT_DID")
    roots = from_text(public, "KANONIV_ROOT_PUB")
    if named is not None and _dids(from_text(named, "KANONIV_ROOT_DID")) != _dids(roots):
        raise UsageError(
            "usage",
            detail="KANONIV_ROOT_DID and KANONIV_ROOT_PUB name different roots",
            fix="unset one of the two",
        )
    return roots


def _dids(roots: TrustedRoots) -> set[str]:
    return {did(key) for key in roots.keys} | set(roots.dids)


def from_home(home: Home) -> TrustedRoots:
    """Roots pinned below the home and the local root, and when those that have a successor end.

    May be an empty set, which verifies nothing. Raises: StorageError, KeyPermissions, KeyInvalid.
    """
    keys = [*pins(home).values()]
    return TrustedRoots(keys=keys, retired={one.old_did: one.until for one in rotations(home)})


def pins(home: Home) -> dict[str, bytes]:
    """The trusted roots of a home by label, the local one first. Raises: StorageError, KeyPermissions, KeyInvalid."""
    paths = files.listing(home.trusted_roots, ".pub")
    # whoever can write here could pin a root of their own, or put another folder in this one's place
    for folder in (home.path, home.trusted_roots):
        refuse_open_folder(folder)
    local = _local(home)
    found = {} if local is None else {LOCAL: local}
    for path in paths:
        if path != home.local_pub:
            found[path.rpartition("/")[2].removesuffix(".pub")] = _pinned(path)
    return found


def rotations(home: Home) -> list[Rotation]:
    """What roots have said about their successors, as it was taken up here: one for each root that ends.

    Raises: StorageError, KeyPermissions.
    """
    paths = files.listing(home.trusted_roots, ".kdx2")
    if not paths:
        return []
    from kanoniv_auth.core.rotation import read_rotation  # noqa: PLC0415 - most homes have none

    found = []
    for path in paths:
        data = files.read(path, pinned=True) or b""
        try:
            one = read_rotation(data.decode("ascii"))
        except (AuthError, UnicodeDecodeError) as error:
            detail = str(error) if isinstance(error, AuthError) else "not text"
            raise files.corrupt(path, f"not a rotation: {detail}") from None
        if home.rotation(one.old_did) != path:
            raise files.corrupt(path, f"it is about {one.old_did}, which its name does not say")
        found.append(one)
    return found


def refuse_open_folder(folder: str) -> None:
    """Refuse a folder that others can write to; one that is not there is none. Raises: KeyPermissions."""
    try:
        mode = os.stat(folder).st_mode & 0o7777  # noqa: PTH116 - pathlib is outside the import budget
    except OSError:
        return  # not there: nothing is pinned by it
    if mode & files.WRITABLE_BY_OTHERS:
        raise KeyPermissions("key_permissions", what="folder", path=folder, mode=mode)


def _pinned(path: str) -> bytes:
    data = files.read(path, pinned=True) or b""
    try:
        return parse_public(data.decode("ascii"))
    except (KeyInvalid, UnicodeDecodeError) as error:
        detail = error.facts["detail"] if isinstance(error, KeyInvalid) else "not text"
        raise files.corrupt(path, f"not a public key: {detail}") from None


def _local(home: Home) -> bytes | None:
    """The local root's public key, from its public file unless the private one is newer."""
    try:
        private = os.stat(home.root_key).st_mtime_ns  # noqa: PTH116 - as above
    except OSError:
        private = None
    try:
        public = os.stat(home.local_pub).st_mtime_ns  # noqa: PTH116 - as above
    except OSError:
        public = None
    if public is not None and (private is None or private <= public):
        return _pinned(home.local_pub)
    # a home of the published product, or a key put there by hand
    return None if private is None else keystore.read_root(home.root_key).public


def trusted(home: Home, environ: Mapping[str, str], argument: TrustedRoots | None) -> TrustedRoots:
    """Choose the one source. Raises: UsageError, KeyPermissions, KeyInvalid."""
    if argument is not None:
        return argument
    named = from_environment(environ)
    return from_home(home) if named is None else named
