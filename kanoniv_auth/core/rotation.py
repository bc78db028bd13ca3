"""A root's successor: `kdx2.…`, signed by the old key and by the new one (docs/spec/token.md §7.2).

Not learned while verifying: somebody has to take it up. From `until` on the old root no longer counts.
"""

from __future__ import annotations

from kanoniv_auth.core import statement
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import ListRefused, SignatureInvalid, TokenExpired, TokenParseError
from kanoniv_auth.core.keys import did
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import CLOCK_SKEW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.keys import KeyPair

ROTATION_PREFIX = "kdx2."
ROTATION_TAG = b"kanoniv-auth/2 root\0"
MAX_ROTATION = 1024


class Rotation(Value):
    """One rotation whose two signatures hold.

    old, new: public keys · seq: 1, 2, … among the rotations of the old root · issued_at, until: unix seconds
    """

    __slots__ = ("old", "new", "seq", "issued_at", "until", "text")

    old: bytes
    new: bytes
    seq: int
    issued_at: int
    until: int
    text: str

    def __init__(self, fields: dict[str, object], text: str) -> None:
        self._fill(*[fields[name] for name in ("old", "new", "seq", "iat", "until")], text)

    @property
    def old_did(self) -> str:
        """`did:agent:` label of the root that ends."""
        return did(self.old)

    @property
    def new_did(self) -> str:
        """`did:agent:` label of its successor."""
        return did(self.new)


def make_rotation(old: KeyPair, new: KeyPair, *, seq: int, now: int, until: int) -> str:
    """Sign a rotation with both keys. Raises: TokenParseError (parse), SignatureInvalid (bad_bounds)."""
    fields = {
        "iat": now,
        "new": b64u(new.public),
        "old": b64u(old.public),
        "seq": seq,
        "until": until,
    }
    text = statement.write(ROTATION_PREFIX, ROTATION_TAG, (old, new), fields)
    read_rotation(text)  # what no reader takes is not handed out
    return text


def read_rotation(text: str) -> Rotation:
    """Check a rotation: form, both signatures, then the payload. Whether the old root is trusted is not asked here.

    Raises: TokenParseError (parse), SignatureInvalid (bad_signature, bad_bounds).
    """
    signatures, payload = statement.split(text, ROTATION_PREFIX, MAX_ROTATION, 2)
    signers = statement.key_in(payload, "old"), statement.key_in(payload, "new")
    for signer, signature, which in zip(signers, signatures, ("old", "new"), strict=True):
        where = f"rotation, by the {which} root"
        statement.check(signer, signature, ROTATION_TAG + payload, where)
    found = Rotation(statement.read(payload, ("iat", "seq", "until"), ("old", "new")), text)
    if (found.old, found.new) != signers or found.old == found.new or found.seq < 1:
        raise TokenParseError("parse", detail="a rotation without its two roots, or whose seq is 0")
    if found.until < found.issued_at:
        raise SignatureInvalid("bad_bounds", where="rotation")
    return found


def require_past(found: Rotation, now: int) -> None:
    """Refuse a rotation from the future. Raises: TokenExpired (not_yet_valid)."""
    if found.issued_at > now + CLOCK_SKEW:
        raise TokenExpired("not_yet_valid", at=found.issued_at, now=now)


def require_newer(found: Rotation, known: Iterable[Rotation]) -> None:
    """Refuse what a known rotation has overtaken; the same bytes are fine.

    Raises: ListRefused (rolled_back).
    """
    for one in known:
        detail = None
        if one.old == found.old and one.text != found.text:
            if found.seq <= one.seq:
                detail = f"this is rotation {found.seq}, and rotation {one.seq} is known"
            # whoever finds an old root's key in a backup could else keep it alive
            elif found.until > one.until:
                detail = f"it ends at {one.until}, and an end is never put off"
        if one.old == found.new:
            detail = f"it has given way to {one.new_did}"
        if detail is not None:
            raise ListRefused("rolled_back", root_did=one.old_did, detail=detail)
