"""The signed list of what a root has revoked: `kdr2.…` (docs/spec/token.md §7.1). `revocation` is what asks it.

A list says everything its root has revoked, so the newest one alone counts. Whoever keeps lists compares `seq`.
"""

from __future__ import annotations

from kanoniv_auth.core import statement
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import (
    ListRefused,
    SignatureInvalid,
    TokenExpired,
    TokenParseError,
)
from kanoniv_auth.core.keys import did
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import CLOCK_SKEW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.keys import KeyPair

LIST_PREFIX = "kdr2."
LIST_TAG = b"kanoniv-auth/2 revoked\0"
# some 16,000 entries, and less than the largest file or standard input that is read
MAX_LIST = 1_000_000
LIST_TTL = 90 * 86400


class RevocationList(Value):
    """One list whose signature holds.

    root: public key · seq: 1, 2, … · issued_at, expires_at: unix seconds, from the latter on it is stale and still
    applies · ids, keys: link ids and public keys, 32 bytes each · text: as it was signed
    """

    __slots__ = ("root", "seq", "issued_at", "expires_at", "ids", "keys", "text")

    root: bytes
    seq: int
    issued_at: int
    expires_at: int
    ids: tuple[bytes, ...]
    keys: tuple[bytes, ...]
    text: str

    def __init__(self, fields: dict[str, object], text: str) -> None:
        self._fill(*[fields[name] for name in ("root", "seq", "iat", "exp", "ids", "keys")], text)

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return did(self.root)

    def is_stale(self, now: int) -> bool:
        """Whether its root promised a newer one by now."""
        return now >= self.expires_at


def make_list(
    root: KeyPair, *, seq: int, now: int, ids: Iterable[bytes] = (), keys: Iterable[bytes] = ()
) -> str:
    """Sign a list of everything that is revoked; it is stale after 90 days.

    seq: one more than the root's list before. Raises: TokenParseError (parse) when it is too long.
    """
    fields: dict[str, object] = {
        "exp": now + LIST_TTL,
        "iat": now,
        "root": b64u(root.public),
        "seq": seq,
    }
    for name, entries in (("ids", ids), ("keys", keys)):
        texts = sorted({b64u(entry) for entry in entries})
        if texts:
            fields[name] = texts
    text = statement.write(LIST_PREFIX, LIST_TAG, (root,), fields)
    read_list(text)  # what no reader takes is not handed out
    return text


def read_list(text: str) -> RevocationList:
    """Check a list: its form, its root's signature, then its payload. Whether that root is trusted is not asked here.

    Raises: TokenParseError (parse), SignatureInvalid (bad_signature, bad_bounds).
    """
    (signature,), payload = statement.split(text, LIST_PREFIX, MAX_LIST, 1)
    signer = statement.key_in(payload, "root")
    statement.check(signer, signature, LIST_TAG + payload, "revocation list")
    fields = statement.read(payload, ("exp", "iat", "seq"), ("root",), ("ids", "keys"))
    found = RevocationList(fields, text)
    if found.root != signer or found.seq < 1:
        raise TokenParseError("parse", detail="a list without its root, or whose seq is 0")
    if found.issued_at >= found.expires_at:
        raise SignatureInvalid("bad_bounds", where="revocation list")
    return found


def require_past(found: RevocationList, now: int) -> None:
    """Refuse a list from the future, before it is taken up. Raises: TokenExpired (not_yet_valid)."""
    if found.issued_at > now + CLOCK_SKEW:
        raise TokenExpired("not_yet_valid", at=found.issued_at, now=now)


def require_newer(found: RevocationList, before: RevocationList | None) -> None:
    """Refuse what is older than the list of the same root that is known; the same bytes are fine.

    Raises: ListRefused (rolled_back).
    """
    if before is not None and before.text != found.text and found.seq <= before.seq:
        detail = f"this is list {found.seq}, and list {before.seq} is known"
        raise ListRefused("rolled_back", root_did=found.root_did, detail=detail)


def in_force(
    lists: Iterable[RevocationList], *, now: int, max_staleness: int | None
) -> Revocations:
    """Turn lists into what verification asks; an expired one still applies.

    max_staleness: seconds; refuses (stale) every chain whose root has no list, or none that was issued so recently.
    """
    by_root: dict[bytes, list[bytes]] = {}
    issued: dict[bytes, int] = {}
    for one in lists:
        by_root.setdefault(one.root, []).extend((*one.ids, *one.keys))
        issued[one.root] = max(one.issued_at, issued.get(one.root, 0))
    earliest = None if max_staleness is None else now - max_staleness
    return Revocations(by_root, issued=issued, earliest=earliest)
