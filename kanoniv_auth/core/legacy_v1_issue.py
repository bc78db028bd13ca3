"""The writer of version 1 tokens, for verifiers of the published product: as strict as that form can be made.

A true `parent_hash`, a `typ` in what is signed, the chain flat and nested at once: accepted by the published Python
and Rust verifiers (docs/spec/version-1.md §3). It holds its agent's key, which no other token of ours does.
"""

from __future__ import annotations

from kanoniv_auth.core.delegation import check_parent, expiry
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.legacy_v1_form import MAX_V1, TYP, VERSION, message_of
from kanoniv_auth.core.payload import check_scopes
from kanoniv_auth.core.rfc3339 import format_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.core.legacy_v1 import VerifiedV1
    from kanoniv_auth.core.legacy_v1_form import Fields


def issue_v1(
    issuer: KeyPair,
    agent: KeyPair,
    *,
    parent: VerifiedV1 | None,
    scopes: tuple[str, ...],
    now: int,
    ttl: int | None,
    entropy: bytes,
) -> str:
    """Sign one link and write the whole token, with the agent's key in it. Secret.

    parent: what `issuer` holds, None when it is a root · scopes: sorted, unique, in the grammar · now: unix seconds ·
    ttl: seconds, None for none, cut to the parent's expiry · entropy: 16 random bytes.
    Raises: ScopeViolation (widened), ChainTooDeep, TokenExpired (the parent's), TokenParseError.
    """
    before = None if parent is None else parent.chain
    if before is not None:
        check_parent(before, issuer, scopes, now)
    until = expiry(before, now, ttl)
    caveats: list[Fields] = [{"type": "action_scope", "value": list(check_scopes(scopes))}]
    if until is not None:
        caveats.append({"type": "expires_at", "value": format_time(until)})
    earlier = () if parent is None else parent.raw
    payload: Fields = {
        "caveats": caveats,
        "delegate_did": agent.did,
        "issuer_did": issuer.did,
        "parent_hash": None if before is None else before.id.hex(),
        "typ": TYP,
    }
    link: Fields = {
        "issuer_did": issuer.did,
        "delegate_did": agent.did,
        "issuer_public_key": list(issuer.public),
        "caveats": caveats,
        "parent_proof": _nested(earlier),
        "proof": _prove(issuer, payload, now, entropy),
    }
    flat = [{**raw, "parent_proof": None} for raw in earlier]
    token: Fields = {
        "version": VERSION,
        "chain": [*flat, link],
        "agent_did": agent.did,
        "scopes": list(scopes),
        **({} if until is None else {"expires_at": until}),
        "agent_private_key": b64u(agent.seed),
    }
    return _write(token)


def _prove(issuer: KeyPair, payload: Fields, now: int, entropy: bytes) -> Fields:
    proof: Fields = {
        "nonce": _uuid4(entropy),
        "payload": payload,
        "signer_did": issuer.did,
        "timestamp": format_time(now),
    }
    signature = issuer.sign(message_of(proof))
    return {**proof, "signature": signature.hex()}


def _nested(links: tuple[Fields, ...]) -> Fields | None:
    """The last of some links with its parents inside it: how the Rust library carries a chain."""
    nested: Fields | None = None
    for link in links:
        nested = {**link, "parent_proof": nested}
    return nested


def _uuid4(entropy: bytes) -> str:
    if len(entropy) != 16:
        raise TokenParseError("parse", detail="a link needs 16 bytes of entropy")
    number = bytearray(entropy)
    number[6], number[8] = number[6] & 0x0F | 0x40, number[8] & 0x3F | 0x80
    digits = number.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _write(token: Fields) -> str:
    import json  # noqa: PLC0415 - 8 ms that no other token pays

    text = b64u(json.dumps(token, separators=(",", ":")).encode("ascii"))
    if len(text) > MAX_V1:
        raise TokenParseError("too_large", size=len(text), limit=MAX_V1)
    return text
