"""What a root says in a text of its own: a prefix, signatures, a canonical payload. Two kinds, docs/spec/token.md §7.

Not a token: no statement grants anything. `revocation_list` and `rotation` say which fields there are.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import b64u, canonical, unb64u, uncanonical
from kanoniv_auth.core.errors import KeyInvalid, SignatureInvalid, TokenParseError
from kanoniv_auth.core.keys import check_public

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kanoniv_auth.core.keys import KeyPair

KEY_TEXT = 43


def write(prefix: str, tag: bytes, signers: Sequence[KeyPair], fields: Mapping[str, object]) -> str:
    """Sign the canonical form of `fields` with each key, in order. Raises: TokenParseError (parse)."""
    payload = canonical(dict(fields))
    signatures = b"".join([signer.sign(tag + payload) for signer in signers])
    return prefix + b64u(signatures + payload)


def split(text: object, prefix: str, limit: int, signatures: int) -> tuple[list[bytes], bytes]:
    """Split a statement into its signatures (64 bytes each) and its payload.

    limit: characters. Raises: TokenParseError (parse).
    """
    if type(text) is not str or not text.startswith(prefix):
        raise TokenParseError("parse", detail=f"this text does not begin with {prefix}")
    if len(text) > limit:
        raise TokenParseError("parse", detail=f"{len(text)} characters, at most {limit}")
    raw = unb64u(text[len(prefix) :])
    end = signatures * sodium.SIGNATURE
    if len(raw) <= end:
        raise TokenParseError("parse", detail="a statement without a payload")
    return [raw[at : at + sodium.SIGNATURE] for at in range(0, end, sodium.SIGNATURE)], raw[end:]


def key_in(payload: bytes, name: str) -> bytes:
    """The key that a payload names, read before its signature is checked, and for that alone.

    In a whole payload the name stands once: no string in it is longer than a key. Raises: TokenParseError (parse).
    """
    text = payload.rpartition(f'"{name}":"'.encode("ascii"))[2].partition(b'"')[0]
    try:
        return check_public(unb64u(text.decode("ascii")))
    except (KeyInvalid, UnicodeDecodeError):
        raise TokenParseError("parse", detail=f"{name} is not a key") from None


def check(key: bytes, signature: bytes, message: bytes, where: str) -> None:
    """Check one signature. Raises: SignatureInvalid (bad_signature)."""
    try:
        sodium.verify(key, signature, message)
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where=where) from None


def read(
    payload: bytes, integers: Collection[str], keys: Collection[str], lists: Collection[str] = ()
) -> dict[str, object]:
    """Decode a payload whose signature holds. `lists` may be absent, which reads as empty.

    Returns: an int, 32 bytes, or a tuple of 32 bytes each. Raises: TokenParseError (parse).
    """
    found = uncanonical(payload)
    if type(found) is not dict:
        raise TokenParseError("parse", detail="a statement that is not an object")
    if {*integers, *keys} - found.keys() or found.keys() - {*integers, *keys, *lists}:
        raise TokenParseError("parse", detail="a statement with missing or unknown fields")
    if not all(type(found[name]) is int for name in integers):
        raise TokenParseError("parse", detail="a time or number that is not an integer")
    return {
        **found,
        **{name: _read_32(found[name]) for name in keys},
        **{name: _read_list(found[name]) if name in found else () for name in lists},
    }


def _read_32(value: object) -> bytes:
    if type(value) is not str or len(value) != KEY_TEXT:
        raise TokenParseError("parse", detail="an entry that is not 32 bytes in base64url")
    return unb64u(value)


def _read_list(value: object) -> tuple[bytes, ...]:
    if type(value) is not list:
        raise TokenParseError("parse", detail="entries that are no list")
    entries = tuple([_read_32(item) for item in value])
    before = ""
    for item in value:
        # strictly rising is sorted and unique at once
        if item <= before:
            raise TokenParseError("parse", detail="entries that are not sorted and unique")
        before = item
    return entries
