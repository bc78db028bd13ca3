"""The wire form: text ⇄ links (docs/spec/token.md §1). Parsing proves nothing.

`UnverifiedToken` is what a string says; a `Chain` is links whose signatures were checked from a root key
onwards (or that were just issued). Only `verification` turns the first into the second.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.caveats import read_caveats
from kanoniv_auth.core.encoding import MAX_INT, canonical, scan, unb64u
from kanoniv_auth.core.errors import ChainTooDeep, KeyInvalid, TokenParseError
from kanoniv_auth.core.keys import check_public, did
from kanoniv_auth.core.scopes import MAX_SCOPES, check_wire
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.caveats import Caveat

PREFIX = "kd2."
BUNDLE_PREFIX = "kdb2."
MAX_TOKEN, MAX_LINKS = 16384, 16
ROOT_ID = bytes(32)
LINK_TAG = b"kanoniv-auth/2 link\0"
ID_TAG = b"kd2 id\0"
_JTI, _NAME = 22, 64
_NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


class UnverifiedToken(Value):
    """What a string says, checked for form alone.

    text: the part before the proof, `kd2.` and links · links: base64url texts, 1–16 · proof: text after
    `~`, None in a grant
    """

    __slots__ = ("text", "links", "proof")

    text: str
    links: tuple[str, ...]
    proof: str | None

    def __init__(self, text: str, links: tuple[str, ...], proof: str | None) -> None:
        put = self._setters
        put[0](self, text)
        put[1](self, links)
        put[2](self, proof)


class Link(Value):
    """One delegation: an issuer's key gives `aud` these scopes.

    id: 32 bytes, a hash over the payloads up to here · issuer, aud: public keys · scopes: sorted · caveats:
    sorted · issued_at, expires_at: unix seconds (None: no expiry) · jti: 22 characters · name: its issuer's
    label, decides nothing
    """

    __slots__ = (
        "id",
        "issuer",
        "aud",
        "scopes",
        "caveats",
        "issued_at",
        "expires_at",
        "jti",
        "name",
    )

    id: bytes
    issuer: bytes
    aud: bytes
    scopes: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    issued_at: int
    expires_at: int | None
    jti: str
    name: str | None

    def __init__(  # noqa: PLR0913, PLR0917 - every field, in slot order
        self,
        id: bytes,  # noqa: A002 - the spec's own word
        issuer: bytes,
        aud: bytes,
        scopes: tuple[str, ...],
        caveats: tuple[Caveat, ...],
        issued_at: int,
        expires_at: int | None,
        jti: str,
        name: str | None,
    ) -> None:
        put = self._setters
        put[0](self, id)
        put[1](self, issuer)
        put[2](self, aud)
        put[3](self, scopes)
        put[4](self, caveats)
        put[5](self, issued_at)
        put[6](self, expires_at)
        put[7](self, jti)
        put[8](self, name)


class Chain(Value):
    """Links from a root to a holder, in order, with what follows from them as a whole.

    parent: the chain without its last link · links: root's first · granted: the last link's scopes as a set
    · caveats: of all links · expires_at: the earliest, None when no link has one · latest_iat: the greatest
    `iat` · deepest: greatest index that `max_depth` caveats and the format leave for a further link · text:
    `kd2.` and the links, which is a grant
    """

    __slots__ = (
        "parent",
        "links",
        "granted",
        "caveats",
        "expires_at",
        "latest_iat",
        "deepest",
        "text",
    )

    parent: Chain | None
    links: tuple[Link, ...]
    granted: frozenset[str]
    caveats: tuple[Caveat, ...]
    expires_at: int | None
    latest_iat: int
    deepest: int
    text: str

    def __init__(self, parent: Chain | None, link: Link, text: str) -> None:
        caveats, expires_at, latest_iat = link.caveats, link.expires_at, link.issued_at
        links: tuple[Link, ...] = (link,)
        deepest = MAX_LINKS - 1
        if parent is not None:
            links, deepest = (*parent.links, link), parent.deepest
            latest_iat = max(latest_iat, parent.latest_iat)
            limit = parent.expires_at
            if limit is not None and (expires_at is None or limit < expires_at):
                expires_at = limit
        for caveat in caveats:
            if caveat[0] == "max_depth":
                deepest = min(deepest, len(links) - 1 + caveat[1])  # type: ignore[operator]
        if parent is not None and parent.caveats:
            caveats = parent.caveats + caveats
        put = self._setters
        put[0](self, parent)
        put[1](self, links)
        put[2](self, frozenset(link.scopes))
        put[3](self, caveats)
        put[4](self, expires_at)
        put[5](self, latest_iat)
        put[6](self, deepest)
        put[7](self, text)

    @property
    def root(self) -> bytes:
        """Public key of the root, 32 bytes."""
        return self.links[0].issuer

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return did(self.root)

    @property
    def holder(self) -> bytes:
        """Public key of the last delegate, 32 bytes."""
        return self.links[-1].aud

    @property
    def holder_did(self) -> str:
        """`did:agent:` label of the holder."""
        return did(self.holder)

    @property
    def id(self) -> bytes:
        """Id of the last link, 32 bytes."""
        return self.links[-1].id

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of the last link, sorted."""
        return self.links[-1].scopes

    @property
    def depth(self) -> int:
        """Number of links, 1–16."""
        return len(self.links)


def parse(token: object) -> UnverifiedToken:
    """Split a token or a grant: size, prefix, number of links, nothing decoded.

    Raises: TokenParseError (parse, too_large, unknown_version), ChainTooDeep (too_deep).
    """
    if not isinstance(token, str):
        raise TokenParseError("parse", detail="a token is text")
    if len(token) > MAX_TOKEN:
        raise TokenParseError("too_large", size=len(token), limit=MAX_TOKEN)
    if not token.startswith(PREFIX):
        raise TokenParseError("unknown_version", detail=_describe(token))
    text, mark, proof = token.partition("~")
    links = tuple(text[len(PREFIX) :].split("."))
    if not all(links) or (mark and not proof):
        raise TokenParseError("parse", detail="an empty part")
    if len(links) > MAX_LINKS:
        raise ChainTooDeep("too_deep", depth=len(links), limit=MAX_LINKS)
    return UnverifiedToken(text, links, proof if mark else None)


def _describe(token: str) -> str:
    # never echoed: what was passed by mistake may be a key
    if token.startswith(BUNDLE_PREFIX):
        return "a bundle (kdb2.) holds a private key and is never verified: accept it first"
    if token.startswith(("kde2.", "kdr2.", "kdx2.")):
        return f"a {token[:4]} object is no token"
    if token.startswith("eyJ"):
        return "version 1 JSON tokens and JWTs are not accepted"
    return "it does not begin with kd2."


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
    if type(value) is str and 0 < len(value) <= _NAME and not value.strip(_NAME_LETTERS):
        return value
    raise TokenParseError("parse", detail="a name outside [A-Za-z0-9._-]{1,64}")


def fingerprint(token: str) -> str:
    """Name a token in logs: the first 16 hex digits of its SHA-256, from which it cannot be found."""
    return sodium.sha256(token.encode("utf-8", "surrogatepass")).hex()[:16]
