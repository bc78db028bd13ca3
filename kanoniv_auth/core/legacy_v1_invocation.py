"""One tool call that a holder of version 1 has signed: the published product's `McpProof`. docs/spec/mcp-proof.md §3.

Strict where the published verifiers are not: what decides is what was signed, it is about this very call, and it counts
once. The chain is read as `legacy_v1` reads it; the holder's key is proven by this signature instead of sent along.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.caveats import enforce
from kanoniv_auth.core.chain import MAX_LINKS
from kanoniv_auth.core.errors import (
    ChainTooDeep,
    HolderUnproven,
    KeyInvalid,
    SignatureInvalid,
    TokenExpired,
    TokenParseError,
)
from kanoniv_auth.core.jcs import jcs
from kanoniv_auth.core.keys import check_public, did
from kanoniv_auth.core.legacy_v1 import read_chain
from kanoniv_auth.core.legacy_v1_form import MAX_V1, content_hash, read_link
from kanoniv_auth.core.proof import POP_MEMORY, POP_WINDOW
from kanoniv_auth.core.rfc3339 import parse_time
from kanoniv_auth.core.scopes import require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanoniv_auth.core.access import Access
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.legacy_v1_form import Fields, SignedLink
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.roots import TrustedRoots

_OUTER = frozenset(("invocation", "invoker_public_key"))
_INVOCATION = frozenset(("invoker_did", "action", "args", "delegation", "proof"))
_PAYLOAD = frozenset(("invoker_did", "action", "args", "delegation_hash"))
_PROOF = frozenset(("nonce", "payload", "signature", "signer_did", "timestamp"))
_SIGNED = _PROOF - {"signature"}
_NONCE = 128


def verify_invocation(
    value: object,
    *,
    tool: str,
    args: Mapping[str, object],
    roots: TrustedRoots,
    access: Access,
    now: int,
    once: Callable[[bytes, int], bool],
    revoked: Revocations | None,
) -> Chain:
    """Decide whether the signer of an invocation may do `access`: this tool, with these arguments, now.

    value: the parsed object · tool, args: of the actual call · once: as `verification.verify` has it.
    Returns: the proven chain. Raises: AuthError; the slug names the first step that failed.
    """
    # (0) size and form
    invocation, proof, payload, key = _read(value)
    # (1) the key is the invoker's and the signer's; (2) what stands beside what was signed says the same
    if not did(key) == payload["invoker_did"] == proof["signer_did"]:
        raise SignatureInvalid(
            "bad_signature", where="the invocation: its key is not its invoker's"
        )
    for name in ("invoker_did", "action", "args"):
        if jcs(invocation[name]) != jcs(payload[name]):
            where = f"the invocation: its {name} is not what was signed"
            raise SignatureInvalid("bad_signature", where=where)
    # (3) the invoker signed it
    _check_signature(key, proof)
    # (4) root and links, as of a token; the last one is the invoker's, and the one that was signed for
    links = _links(invocation["delegation"])
    roots.require(links[0].key, now)
    chain = read_chain(links, key, now)
    if links[-1].delegate_did != payload["invoker_did"]:
        raise HolderUnproven(
            "holder_unproven", detail="the delegation is not the invoker's", version=1
        )
    if payload["delegation_hash"] != content_hash(links[-1].proof).hex():
        raise SignatureInvalid("bad_signature", where="the invocation: it names another delegation")
    # (5) it is about this call
    if payload["action"] != tool:
        raise HolderUnproven("holder_unproven", detail="the proof is for another tool")
    if jcs(payload["args"]) != jcs(dict(args)):
        raise HolderUnproven("holder_unproven", detail="the proof is for other arguments")
    # (6) nothing in the chain is revoked by its root
    if revoked is not None:
        revoked.enforce(chain)
    # (7) fresh, and the first time
    _check_fresh(key, proof, now, once)
    # (8) time; (9) the access
    if chain.expires_at is not None and chain.expires_at <= now:
        raise TokenExpired("expired", at=chain.expires_at, now=now)
    require(chain.granted, access.action, chain.scopes)
    enforce(chain.caveats, access, None, now)
    return chain


def _read(value: object) -> tuple[Fields, Fields, Fields, bytes]:
    """The invocation, its proof, what that signs, and the invoker's key, in form. Raises: TokenParseError."""
    size = len(jcs(value))
    if size > MAX_V1:
        raise TokenParseError("too_large", size=size, limit=MAX_V1)
    outer = _object(value, _OUTER, "the proof")
    invocation = _object(outer["invocation"], _INVOCATION, "the invocation")
    proof = _object(invocation["proof"], _PROOF, "the invocation's signature")
    payload = _object(proof["payload"], _PAYLOAD, "what is signed")
    for name in ("invoker_did", "action", "delegation_hash"):
        _text(payload[name])
    for name in ("nonce", "signature", "signer_did", "timestamp"):
        _text(proof[name])
    if type(payload["args"]) is not dict:
        raise _malformed("args are no object")
    if not 0 < len(str(proof["nonce"])) <= _NONCE:
        raise _malformed("a nonce that is empty or long")
    return invocation, proof, payload, _bytes(outer["invoker_public_key"], sodium.PUBLIC)


def _links(delegation: object) -> tuple[SignedLink, ...]:
    """Read a delegation with its parents nested in it, the root's first. Raises: TokenParseError, ChainTooDeep."""
    rows: list[object] = []
    while delegation is not None:
        rows.append(delegation)
        if len(rows) > MAX_LINKS:
            raise ChainTooDeep("too_deep", depth=len(rows), limit=MAX_LINKS)
        delegation = delegation.get("parent_proof") if type(delegation) is dict else None
    if not rows:
        raise _malformed("no delegation")
    links: tuple[SignedLink, ...] = ()
    for row in reversed(rows):
        links = (*links, read_link(row, links))
    return links


def _check_signature(key: bytes, proof: Fields) -> None:
    message = _signed_bytes({name: proof[name] for name in _SIGNED})
    try:
        sodium.verify(key, _bytes(proof["signature"], sodium.SIGNATURE), message)
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where="the invocation") from None


def _signed_bytes(value: object) -> bytes:
    """What the published library signs: compact JSON, keys sorted, in UTF-8.

    Raises: TokenParseError for a number that the two languages write differently.
    """
    import json  # noqa: PLC0415 - 8 ms that no token of ours pays

    _refuse_exponents(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def _refuse_exponents(value: object) -> None:
    if type(value) is dict:
        for item in value.values():
            _refuse_exponents(item)
    elif type(value) is list:
        for item in value:
            _refuse_exponents(item)
    elif type(value) is float and "e" in repr(value):
        raise _malformed("a signed number with an exponent: send it as text")


def _check_fresh(key: bytes, proof: Fields, now: int, once: Callable[[bytes, int], bool]) -> None:
    signed_at = parse_time(proof["timestamp"]) // 1000
    if abs(now - signed_at) > POP_WINDOW:
        raise TokenExpired("proof_expired", at=signed_at + POP_WINDOW, now=now)
    # 32 bytes of key, a tag that no nonce of a pop has, the nonce
    if not once(key + b"v1 " + sodium.sha256(str(proof["nonce"]).encode("utf-8")), POP_MEMORY):
        raise HolderUnproven("replayed")


def _object(value: object, fields: frozenset[str], what: str) -> Fields:
    if type(value) is not dict or value.keys() != fields:
        raise _malformed(f"{what} has other fields")
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise _malformed("a field that is no text")
    return value


def _bytes(value: object, size: int) -> bytes:
    text = _text(value)
    if len(text) != 2 * size or text.strip("0123456789abcdef"):
        raise _malformed(f"a key or signature that is not {2 * size} lowercase hex digits")
    raw = bytes.fromhex(text)
    try:
        return check_public(raw) if size == sodium.PUBLIC else raw
    except KeyInvalid as flaw:
        raise _malformed(str(flaw.facts["detail"])) from None


def _malformed(detail: str) -> TokenParseError:
    return TokenParseError("parse", detail=detail)
