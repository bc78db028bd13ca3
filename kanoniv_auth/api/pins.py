"""Which roots this home trusts, and which root follows another: listed, added, removed, rotated.

`api.roots` chooses among the sources of trust; here the home's own is changed. Nothing of this is learned by verifying.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.records import Record
from kanoniv_auth.core.errors import KeyInvalid, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair, did, did_key, parse_public, parse_secret
from kanoniv_auth.core.rotation import (
    Rotation,
    make_rotation,
    read_rotation,
    require_newer,
    require_past,
)
from kanoniv_auth.store import files, keystore, pins, roots as stored
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

_STEM = 12


class TrustedRoot(Record):
    """One pin.

    did_key: the whole key · until: unix seconds from which it no longer counts, None for no end · successor: DID of
    the root that follows it, None for none
    """

    __slots__ = ("label", "did", "did_key", "until", "successor")

    label: str
    did: str
    did_key: str
    until: int | None
    successor: str | None

    def __init__(self, label: str, key: bytes, rotation: Rotation | None) -> None:
        until = None if rotation is None else rotation.until
        successor = None if rotation is None else rotation.new_did
        self._fill(label, did(key), did_key(key), until, successor)


class Rotated(Record):
    """A root key that was replaced.

    path: of the new key · kept: of the old one, None when that was done before · statement: `kdx2.…`, for verifiers
    """

    __slots__ = ("old_did", "new_did", "until", "path", "kept", "statement")

    old_did: str
    new_did: str
    until: int
    path: str
    kept: str | None
    statement: str

    def __init__(self, rotation: Rotation, path: str, kept: str | None) -> None:
        self._fill(rotation.old_did, rotation.new_did, rotation.until, path, kept, rotation.text)


def listed() -> list[TrustedRoot]:
    """The roots pinned in this home, the local one first. Raises: StorageError, KeyPermissions."""
    home = find_home(os.environ)
    ends = {one.old: one for one in stored.rotations(home)}
    return [TrustedRoot(label, key, ends.get(key)) for label, key in stored.pins(home).items()]


def is_interrupted() -> bool:
    """Whether a rotation began in this home and did not end; `rotate` finishes it."""
    return os.path.lexists(find_home(os.environ).next_root_key)


def add(label: str, key: str) -> tuple[TrustedRoot, bool]:
    """Trust a root: its public key or did:key, under a label; also whether it is new.

    Raises: UsageError for a label that is another root's, StorageError.
    """
    home = find_home(os.environ)
    pins.check_label(label)
    try:
        if key.strip().startswith("did:agent:"):
            raise KeyInvalid("bad_key", detail="a did:agent is a label, and a pin is the whole key")
        public = parse_public(key)
    except KeyInvalid as error:
        fix = "give the root's did:key, which kanoniv-auth roots list shows where it is at home"
        raise UsageError("usage", detail=str(error), fix=fix) from None
    with files.Lock(home.lock):
        new = pins.pin(home, label, public)
    audit_log.record(
        home, "roots", result="ok", verb="add", label=label, target=did(public), already=not new
    )
    return TrustedRoot(label, public, None), new


def remove(label: str) -> None:
    """Stop trusting the root under a label. Raises: UsageError, StorageError."""
    home = find_home(os.environ)
    with files.Lock(home.lock):
        pins.unpin(home, label)
    audit_log.record(home, "roots", result="ok", verb="remove", label=label)


def add_rotation(text: str, label: str | None = None) -> tuple[Rotation, bool, bool]:
    """Take up what a trusted root has said about its successor: the new root counts, the old one ends.

    label: of the new root, by default made from its DID. Returns: the rotation, whether it is new here, and whether it
    brings back a root that was removed: whoever gives it again has decided so, and is told.
    Raises: SignatureInvalid (untrusted_root, bad_signature), ListRefused (rolled_back), TokenParseError,
    TokenExpired (not_yet_valid), UsageError, StorageError.
    """
    home, now = find_home(os.environ), int(time.time())
    found = read_rotation(text)
    require_past(found, now)
    with files.Lock(home.lock):
        new, again = _take_up(home, found, label, now)
    audit_log.record(
        home, "roots", result="ok", verb="add", target=found.old_did, successor=found.new_did,
        until=found.until, already=not new, again=again,
    )  # fmt: skip
    return found, new, again


def _take_up(home: Home, found: Rotation, label: str | None, now: int) -> tuple[bool, bool]:
    """Check a rotation against what the home knows, and write it down. The caller holds the lock.

    Returns: whether it is new, and whether its root was here before and was removed.
    """
    known = stored.rotations(home)
    pinned = found.new in stored.pins(home).values()
    if pinned and found in known:
        return False, False
    # a successor is pinned before its rotation is kept: one that is known without a pin has been removed
    again = not pinned and any(one.new == found.new for one in known)
    # by this home's roots: what the environment names for one command must not become a pin
    stored.from_home(home).require(found.old, now)
    require_newer(found, known)
    # the new root first: killed in between, the home trusts both, and this can be run again
    if not pinned:
        pins.pin(home, label or _label("root", found.new), found.new)
    pins.succeed(home, found)
    return True, again


def _label(stem: str, public: bytes) -> str:
    return f"{stem}-{did(public).rpartition(':')[2][:_STEM]}"


def rotate(overlap: int) -> Rotated:
    """Replace this home's root key by a new one, which the old one signs for; both count until the overlap is over.

    overlap: seconds. One that was interrupted is finished: the same new key, the same statement.
    Raises: NoRootKey, KeyPermissions, KeyInvalid, UsageError, StorageError.
    """
    home, now = find_home(os.environ), int(time.time())
    with files.Lock(home.lock):
        rotation, kept = _rotate(home, now, overlap)
    audit_log.record(
        home, "roots", result="ok", verb="rotate", target=rotation.old_did,
        successor=rotation.new_did, until=rotation.until,
    )  # fmt: skip
    return Rotated(rotation, home.root_key, kept)


def _rotate(home: Home, now: int, overlap: int) -> tuple[Rotation, str | None]:
    """The order of writes: killed after any of them, the home verifies what it verified before."""
    current = keystore.read_root(home.root_key)
    _refuse_other_root(current)
    new = keystore.next_root(home, KeyPair.generate(os.urandom(32)), now)
    said = stored.rotations(home)
    done = next((one for one in said if one.new == new.public), None)
    if done is None:
        before = max((one.seq for one in said if one.old == current.public), default=0)
        text = make_rotation(current, new, seq=before + 1, now=now, until=now + overlap)
        done = read_rotation(text)
    if current.public not in (done.old, done.new):
        detail = (
            f"{home.next_root_key} was to follow {done.old_did}, which is not the root key here"
        )
        fix = f"move {home.next_root_key} away, then run it again"
        raise StorageError("storage", detail=detail, fix=fix)
    kept = None
    if current.public == done.old:
        # the old root as a pin of its own, before the local one is another
        if current.public not in _others(home):
            pins.pin(home, _label("former", current.public), current.public)
        pins.succeed(home, done)
        kept = keystore.create_root(home.root_key, new, now, force=True)
    keystore.pin_local_root(home, new.public)
    pins.remove(home.next_root_key)
    return done, kept


def _others(home: Home) -> set[bytes]:
    return {key for label, key in stored.pins(home).items() if label != stored.LOCAL}


def _refuse_other_root(current: KeyPair) -> None:
    """The key of the environment would go on signing, whatever this home's key is."""
    text = os.environ.get("KANONIV_ROOT_KEY")
    if text is not None and parse_secret(text) != current:
        detail = "KANONIV_ROOT_KEY is another root than this home's, and it is the one that signs"
        fix = "unset KANONIV_ROOT_KEY to rotate this home's root key"
        raise UsageError("usage", detail=detail, fix=fix)
