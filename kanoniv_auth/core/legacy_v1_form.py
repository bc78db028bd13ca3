"""Version 1 of the token, the published product's JSON: its form, and the bytes that are signed.

Reading proves nothing: who signed is `legacy_v1`'s question (docs/spec/version-1.md §1). `json` is loaded when the
first such token is met, and not before.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.chain import MAX_LINKS
from kanoniv_auth.core.encoding import MAX_INT, unb64u
from kanoniv_auth.core.errors import (
    ChainTooDeep,
    HolderUnproven,
    KeyInvalid,
    SignatureInvalid,
    TokenParseError,
)
from kanoniv_auth.core.foreign_json import once, refuse
from kanoniv_auth.core.keys import KeyPair, check_did, check_public
from kanoniv_auth.core.rfc3339 import parse_time
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    Fields = dict[str, object]

MAX_V1 = 65536
VERSION = 1
TYP = "delegation/v1"
_DEPTH = 64
_TOP = frozenset(("version", "chain", "agent_did", "scopes"))
_TOP_MORE = frozenset(("expires_at", "agent_name", "agent_private_key", "delegation_id"))
_LINK = frozenset(
    ("issuer_did", "delegate_did", "issuer_public_key", "caveats", "parent_proof", "proof")
)
_PROOF = frozenset(("nonce", "payload", "signature", "signer_did", "timestamp"))
_PAYLOAD = frozenset(("caveats", "delegate_did", "issuer_did", "parent_hash"))
_HEX = "0123456789abcdef"
_NONCE = 128


class SignedLink(Value):
    """One link as it is written, in form and nothing more.

    issuer_did, delegate_did, caveats, parent_hash: of the signed payload · key: 32 bytes · signature: 64 bytes ·
    signed_at: milliseconds · proof: the whole proof · raw: the whole link
    """

    __slots__ = (
        "issuer_did", "delegate_did", "caveats", "parent_hash", "signer_did", "key", "signature", "signed_at",
        "proof", "raw",
    )  # fmt: skip

    issuer_did: str
    delegate_did: str
    caveats: list[object]
    parent_hash: str | None
    signer_did: str
    key: bytes
    signature: bytes
    signed_at: int
    proof: Fields
    raw: Fields

    def __init__(self, payload: Fields, proof: Fields, raw: Fields) -> None:
        parent_hash = payload["parent_hash"]
        self._fill(
            _did(payload["issuer_did"]),
            _did(payload["delegate_did"]),
            _list(payload["caveats"], "caveats"),
            None if parent_hash is None else _hex(parent_hash, sodium.DIGEST).hex(),
            _did(proof["signer_did"]),
            _key(raw["issuer_public_key"]),
            _hex(proof["signature"], sodium.SIGNATURE),
            parse_time(proof["timestamp"]),
            proof,
            raw,
        )


class TokenV1(Value):
    """A whole token as it is written. scopes, expires_at (seconds), agent_did: claims that nobody signed.

    key: what the presenter sends along, None without
    """

    __slots__ = ("links", "agent_did", "scopes", "expires_at", "key")

    links: tuple[SignedLink, ...]
    agent_did: str
    scopes: tuple[str, ...]
    expires_at: float | None
    key: KeyPair | None

    def __init__(
        self,
        links: tuple[SignedLink, ...],
        agent_did: str,
        scopes: tuple[str, ...],
        expires_at: float | None,
        key: KeyPair | None,
    ) -> None:
        self._fill(links, agent_did, scopes, expires_at, key)


def read_v1(token: str) -> TokenV1:
    """Read a token's form (steps 0 and 1): size, base64url, JSON, exact keys, exact types, outer fields as signed.

    Raises: TokenParseError (parse, too_large, unknown_version), ChainTooDeep, SignatureInvalid (bad_signature).
    """
    fields = _object(_decode(token), _TOP, _TOP_MORE, "the token")
    if type(fields["version"]) is not int or fields["version"] != VERSION:
        raise TokenParseError("unknown_version", detail="its JSON does not say version 1")
    rows = _list(fields["chain"], "the chain")
    if len(rows) > MAX_LINKS:
        raise ChainTooDeep("too_deep", depth=len(rows), limit=MAX_LINKS)
    for name in ("agent_name", "delegation_id"):
        _text(fields.get(name, "-"), name)
    links: tuple[SignedLink, ...] = ()
    for row in rows:
        links = (*links, read_link(row, links))
    scopes = tuple([_text(scope, "a scope") for scope in _list(fields["scopes"], "scopes")])
    until = fields.get("expires_at")
    if until is not None and type(until) not in (int, float):
        raise _malformed("expires_at is not a number")
    key = None if "agent_private_key" not in fields else _holder(fields["agent_private_key"])
    return TokenV1(links, _did(fields["agent_did"]), scopes, until, key)  # type: ignore[arg-type]


def _decode(token: str) -> object:
    import json  # noqa: PLC0415 - 8 ms that no other token pays

    if len(token) > MAX_V1:
        raise TokenParseError("too_large", size=len(token), limit=MAX_V1)
    try:
        text = unb64u(token).decode("utf-8")
        _check_depth(text)
        return json.loads(
            text,
            object_pairs_hook=once,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=refuse,
        )
    except (ValueError, RecursionError):
        raise _malformed("not the JSON of a version 1 token") from None


def _check_depth(text: str) -> None:
    # what stands between quotes opens nothing
    outside = text.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    depth = 0
    for letter in "".join(outside):
        depth += (letter in "[{") - (letter in "]}")
        if depth > _DEPTH:
            raise ValueError("nested too deeply")


def _integer(text: str) -> int:
    if len(text) > len(str(MAX_INT)) or not 0 <= int(text) <= MAX_INT or text == "-0":
        raise ValueError("an integer outside 0…2^53")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value <= MAX_INT:
        raise ValueError("a number outside 0…2^53")
    return value


def read_link(value: object, before: tuple[SignedLink, ...]) -> SignedLink:
    """Read one link in its place. before: its parents, the root's first. Raises: TokenParseError, SignatureInvalid."""
    where = f"link {len(before)}"
    raw = _object(value, _LINK, frozenset(), where)
    proof = _object(raw["proof"], _PROOF, frozenset(), f"the proof of {where}")
    payload = _object(proof["payload"], _PAYLOAD, frozenset(("typ",)), f"the payload of {where}")
    if payload.get("typ", TYP) != TYP:
        raise _malformed(f"{where} is signed for another use")
    if not 0 < len(_text(proof["nonce"], "a nonce")) <= _NONCE:
        raise _malformed("a nonce that is empty or long")
    # what decides is what was signed; a second copy that says something else was edited
    for name in ("issuer_did", "delegate_did", "caveats"):
        if canonical_v1(raw[name]) != canonical_v1(payload[name]):
            raise SignatureInvalid(
                "bad_signature", where=f"{where}: its {name} is not what was signed"
            )
    if not _is_parent(raw["parent_proof"], before):
        raise SignatureInvalid("bad_signature", where=f"{where}: its parent_proof is another link")
    return SignedLink(payload, proof, raw)


def _is_parent(value: object, before: tuple[SignedLink, ...]) -> bool:
    """Whether a nested parent is absent, or the link before, with a parent of which the same holds."""
    while value is not None:
        if not before or type(value) is not dict or value.keys() != _LINK:
            return False
        known = {**before[-1].raw, "parent_proof": None}
        if canonical_v1({**value, "parent_proof": None}) != canonical_v1(known):
            return False
        value, before = value["parent_proof"], before[:-1]
    return True


def canonical_v1(value: object) -> bytes:
    """Write the bytes that are signed: compact JSON, keys sorted at every depth, ASCII alone.

    The published products write other text in two different ways, so it has no form that both would verify.
    Raises: TokenParseError (parse).
    """
    import json  # noqa: PLC0415 - as above

    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if not text.isascii():
        raise _malformed("signed text outside ASCII")
    return text.encode("ascii")


def message_of(proof: Fields) -> bytes:
    """The bytes a proof's signature is over."""
    return canonical_v1({name: proof[name] for name in _PROOF - {"signature"}})


def content_hash(proof: Fields) -> bytes:
    """Name a link by its whole proof, 32 bytes: for `parent_hash` and revocation."""
    return sodium.sha256(canonical_v1({name: proof[name] for name in _PROOF}))


def _object(value: object, needed: frozenset[str], more: frozenset[str], what: str) -> Fields:
    if type(value) is not dict or not needed <= value.keys() <= needed | more:
        raise _malformed(f"{what} has other fields")
    return value


def _list(value: object, what: str) -> list[object]:
    if type(value) is not list or not value:
        raise _malformed(f"{what}: not a list with something in it")
    return value


def _text(value: object, what: str) -> str:
    if type(value) is not str:
        raise _malformed(f"{what} is not text")
    return value


def _did(value: object) -> str:
    try:
        return check_did(_text(value, "a DID"))
    except KeyInvalid as flaw:
        raise _malformed(str(flaw.facts["detail"])) from None


def _hex(value: object, size: int) -> bytes:
    text = _text(value, "a hash or signature")
    if len(text) != 2 * size or text.strip(_HEX):
        raise _malformed(f"a hash or signature that is not {2 * size} lowercase hex digits")
    return bytes.fromhex(text)


def _key(value: object) -> bytes:
    numbers = _list(value, "issuer_public_key")
    if not all(type(number) is int and 0 <= number < 256 for number in numbers):
        raise _malformed("issuer_public_key is not a list of bytes")
    try:
        return check_public(bytes(numbers))  # type: ignore[arg-type]
    except KeyInvalid as flaw:
        raise _malformed(f"issuer_public_key: {flaw.facts['detail']}") from None


def _holder(value: object) -> KeyPair:
    seed = unb64u(_text(value, "agent_private_key"))
    if len(seed) != sodium.SEED:
        raise HolderUnproven("holder_unproven", detail="agent_private_key is no key")
    return KeyPair(seed)


def _malformed(detail: str) -> TokenParseError:
    return TokenParseError("parse", detail=detail)
