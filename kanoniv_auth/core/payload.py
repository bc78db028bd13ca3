"""The signed part of a link: bytes ⇄ fields, in the one canonical form of docs/spec/token.md §1.2.

Reading proves nothing; whose signature the bytes carry is `verification`'s question.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.caveats import read_caveats
from kanoniv_auth.core.chain import Link
from kanoniv_auth.core.encoding import MAX_INT, canonical, scan, unb64u
from kanoniv_auth.core.errors import KeyInvalid, TokenParseError
from kanoniv_auth.core.keys import check_public
from kanoniv_auth.core.scopes import MAX_SCOPES, check_wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.caveats import Caveat

ROOT_ID = bytes(32)
LINK_TAG = b"kanoniv-auth/2 link\0"
ID_TAG = b"kd2 id\0"
_JTI, NAME_LENGTH = 22, 64
NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


def split_link(text: str) -> tuple[bytes, bytes]:
    """Split a link's base64url text into signature (64 bytes) and payload. Raises: TokenParseError (parse)."""
    raw = unb64u(text)
    if len(raw) <= sodium.SIGNATURE:
        raise TokenParseError("parse", detail="a link without a payload")
    return raw[: sodium.SIGNATURE], raw[sodium.SIGNATURE :]


def link_message(prev: bytes, payload: bytes) -> bytes:
    """The bytes a link's issuer signs; `prev` is the id of the link before, zeros for the first."""
    return LINK_TAG + prev + payload


def link_id(prev: bytes, payload: bytes) -> bytes:
    """Id of a link, 32 bytes: over payloads alone, so that signing again cannot change it."""
    return sodium.sha256(ID_TAG + prev + payload)


def read_payload(payload: bytes, prev: bytes, issuer: bytes | None) -> Link:
    """Decode a link's payload. `issuer` None means link 0, the only one that names its issuer.

    Raises: TokenParseError (parse) for anything but the canonical form of docs/spec/token.md §1.2.
    """
    fields = scan(payload)
    if type(fields) is not dict:
        raise TokenParseError("parse", detail="a payload that is not an object")
    # a field that is not taken here is missing when the payload is written again below
    take = fields.pop
    aud, scopes, jti = take("aud", None), take("scp", None), take("jti", None)
    iat, exp, cav, nam = take("iat", None), take("exp", None), take("cav", None), take("nam", None)
    iss = take("iss", None) if issuer is None else None
    if type(iat) is not int or (exp is not None and type(exp) is not int):
        raise TokenParseError("parse", detail="a time that is not an integer")
    link = Link(
        link_id(prev, payload),
        _read_key(iss, "iss") if issuer is None else issuer,
        _read_key(aud, "aud"),
        check_scopes(scopes),
        () if cav is None else read_caveats(cav),
        iat,
        exp,
        _read_jti(jti),
        None if nam is None else check_name(nam),
    )
    if encode_payload(aud, iss, link.scopes, link.caveats, iat, exp, jti, nam) != payload:
        raise TokenParseError("parse", detail="a payload that is not canonical")
    return link


def encode_payload(  # noqa: PLR0917 - the fields of a payload, in one call
    aud: str,
    iss: str | None,
    scopes: tuple[str, ...],
    caveats: tuple[Caveat, ...],
    iat: int,
    exp: int | None,
    jti: str,
    nam: str | None,
) -> bytes:
    """Write the canonical payload of a link from fields that were checked.

    aud, iss: keys in base64url (`iss` in link 0 alone) · iat, exp: unix seconds.
    Raises: TokenParseError (parse) for a time outside 0…2^53.
    """
    if not 0 <= iat <= MAX_INT or not 0 <= (exp or 0) <= MAX_INT:
        raise TokenParseError("parse", detail="a time outside 0…2^53")
    # none of these characters needs an escape in JSON, and the keys stand sorted: aud cav exp iat iss jti nam scp
    cav = f'"cav":{canonical(caveats).decode("ascii")},' if caveats else ""
    until = "" if exp is None else f'"exp":{exp},'
    root = "" if iss is None else f'"iss":"{iss}",'
    name = "" if nam is None else f'"nam":"{nam}",'
    scp = '","'.join(scopes)
    text = f'{{"aud":"{aud}",{cav}{until}"iat":{iat},{root}"jti":"{jti}",{name}"scp":["{scp}"]}}'
    return text.encode("ascii")


def _read_key(value: object, field: str) -> bytes:
    if type(value) is not str:
        raise TokenParseError("parse", detail=f"{field} is not a key")
    try:
        return check_public(unb64u(value))
    except KeyInvalid as flaw:
        raise TokenParseError(
            "parse", detail=f"{field} is not a key: {flaw.facts['detail']}"
        ) from None


def check_scopes(value: object) -> tuple[str, ...]:
    """Return 1–64 scopes as they stand in a link, sorted and unique. Raises: TokenParseError."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_SCOPES:
        raise TokenParseError("parse", detail="scp is not a list of 1–64 scopes")
    before = ""
    for item in value:
        # strictly rising is sorted and unique at once
        if check_wire(item) <= before:
            raise TokenParseError("parse", detail="scopes that are not sorted and unique")
        before = item
    return tuple(value)


def _read_jti(value: object) -> str:
    if type(value) is str and len(value) == _JTI and unb64u(value):
        return value
    raise TokenParseError("parse", detail="jti is not 16 bytes in base64url")


def check_name(value: object) -> str:
    """Return a label of the form `[A-Za-z0-9._-]{1,64}`. Raises: TokenParseError (parse)."""
    if type(value) is str and 0 < len(value) <= NAME_LENGTH and not value.strip(NAME_LETTERS):
        return value
    raise TokenParseError("parse", detail="a name outside [A-Za-z0-9._-]{1,64}")
