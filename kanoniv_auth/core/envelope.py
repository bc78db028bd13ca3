"""Execution envelopes: the holder's signed receipt that an action happened (docs/spec/token.md §3).

An envelope carries its links, so it can be checked later without the token. It proves who signed, under which
authority, in which order; not the time of signing, nor that no later one is missing: that takes a checkpoint.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.caveats import enforce
from kanoniv_auth.core.encoding import (
    MAX_INT,
    b64u,
    canonical,
    escape,
    unb64u,
    uncanonical,
    unescape,
)
from kanoniv_auth.core.errors import KeyInvalid, SignatureInvalid, TokenExpired, TokenParseError
from kanoniv_auth.core.scopes import require
from kanoniv_auth.core.token import PREFIX, parse
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import read_chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.roots import TrustedRoots

    Metadata = Mapping[str, str | int | bool]

ENVELOPE_PREFIX = "kde2."
ENVELOPE_TAG = b"kanoniv-auth/2 env\0"
MAX_ENVELOPE = 65536
FIRST = bytes(32)
_FIELDS = ("act", "arg", "cid", "fct", "iat", "met", "non", "prv", "res", "seq", "str", "tgt")


class Envelope(Value):
    """One verified receipt.

    id: 32 bytes, what the next envelope of the stream names as `prev` · chain: the authority · action,
    target, result: text · args_sha256: 32 bytes · issued_at: unix seconds, claimed by the holder · facts:
    what caveats were held against, claimed by the holder · stream: 16 bytes · seq: 0, 1, … in its stream ·
    text: as it was sent
    """

    __slots__ = (
        "id", "chain", "action", "target", "args_sha256", "result", "issued_at",
        "facts", "metadata", "stream", "seq", "prev", "text",
    )  # fmt: skip

    id: bytes
    chain: Chain
    action: str
    target: str
    args_sha256: bytes
    result: str
    issued_at: int
    facts: dict[str, str]
    metadata: dict[str, str | int | bool]
    stream: bytes
    seq: int
    prev: bytes
    text: str

    def __init__(self, chain: Chain, fields: dict[str, Any], payload: bytes, text: str) -> None:
        self._fill(
            envelope_id(payload), chain, *(fields[name] for name in ("act", "tgt", "arg", "res",
            "iat", "fct", "met")),
            *(fields[name] for name in ("str", "seq", "prv")), text,
        )  # fmt: skip

    @property
    def agent_did(self) -> str:
        """`did:agent:` label of the signer."""
        return self.chain.holder_did

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return self.chain.root_did


def envelope_id(payload: bytes) -> bytes:
    """Id of an envelope, 32 bytes: the SHA-256 of its payload under the envelope tag."""
    return sodium.sha256(ENVELOPE_TAG + payload)


def make_envelope(  # noqa: PLR0913 - keyword-only, each one a field of the envelope
    chain: Chain,
    holder: KeyPair,
    *,
    action: str,
    target: str,
    args_sha256: bytes,
    result: str,
    facts: Mapping[str, str],
    metadata: Metadata,
    stream: bytes,
    seq: int,
    prev: bytes,
    now: int,
    nonce: bytes,
) -> str:
    """Sign one receipt; returns `kde2.…~links`.

    The caller has verified that the chain grants `action` at `now` (unix seconds). args_sha256: 32 bytes ·
    stream: 16 random bytes per process and home · seq: 0 for its first · prev: id of the one before, zeros
    for the first · nonce: 16 random bytes.
    Raises: KeyInvalid (not the holder), TokenParseError (a text, size or type it cannot hold).
    """
    if holder.public != chain.holder:
        raise KeyInvalid("bad_key", detail="this key does not hold the chain")
    fields: dict[str, Any] = {
        "act": escape(action), "arg": b64u(args_sha256), "cid": b64u(chain.id), "iat": now, "non":
        b64u(nonce),
        "prv": b64u(prev), "res": escape(result), "seq": seq, "str": b64u(stream), "tgt":
        escape(target),
    }  # fmt: skip
    for name, table in (("fct", facts), ("met", metadata)):
        if table:
            fields[name] = {escape(key): _value(value) for key, value in table.items()}
    payload = canonical(fields)
    signature = holder.sign(ENVELOPE_TAG + payload)
    text = f"{ENVELOPE_PREFIX}{b64u(signature + payload)}~{chain.text.removeprefix(PREFIX)}"
    if len(text) > MAX_ENVELOPE:
        raise TokenParseError("too_large", size=len(text), limit=MAX_ENVELOPE)
    return text


def _value(value: str | int | bool) -> str | int | bool:
    if type(value) is str:
        return escape(value)
    if type(value) in (int, bool):
        return value
    raise TokenParseError("parse", detail="metadata values are text, integers or booleans")


def verify_envelope(text: str, *, roots: TrustedRoots, revoked: Revocations | None) -> Envelope:
    """Check a receipt: its links from a trusted root, its signature, and that it was within its authority.

    The order of checks and their codes: docs/spec/token.md §3.2. Times are compared with the envelope's own
    `iat`, which its signer claims.
    Raises: a subclass of AuthError.
    """
    # (0) form
    raw, links = _split(text)
    signature, payload = raw[: sodium.SIGNATURE], raw[sodium.SIGNATURE :]
    fields = _read_fields(payload)
    now: int = fields["iat"]
    # (1) the links, from a trusted root
    chain = read_chain(parse(PREFIX + links), roots, now, None)
    if fields["cid"] != chain.id:
        raise SignatureInvalid("bad_signature", where="envelope")
    # (2) the holder's signature
    try:
        sodium.verify(chain.holder, signature, ENVELOPE_TAG + payload)
    except sodium.BadSignature:
        raise SignatureInvalid("bad_signature", where="envelope") from None
    # (3) within every link's time
    if now < chain.latest_iat:
        raise TokenExpired("not_yet_valid", at=chain.latest_iat, now=now)
    if chain.expires_at is not None and chain.expires_at <= now:
        raise TokenExpired("expired", at=chain.expires_at, now=now)
    # (4) within scopes and caveats, on the facts that were signed
    action, facts = str(fields["act"]), fields["fct"]
    require(chain.granted, action, chain.scopes)
    enforce(chain.caveats, _access(action, facts), facts.get("audience"), now)
    # (5) revoked since
    if revoked is not None:
        revoked.enforce(chain)
    return Envelope(chain, fields, payload, text)


def _access(action: str, facts: dict[str, str]) -> Access:
    currency, _, digits = facts.get("cost", "").partition(" ")
    # the one spelling of an integer that the wire form has
    amount = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 16 else -1
    cost = (currency, amount) if str(amount) == digits and amount <= MAX_INT else None
    return Access(action, context=facts, resource=facts.get("resource"), cost=cost)


def _split(text: object) -> tuple[bytes, str]:
    if not isinstance(text, str) or not text.startswith(ENVELOPE_PREFIX):
        raise TokenParseError("unknown_version", detail="an envelope begins with kde2.")
    if len(text) > MAX_ENVELOPE:
        raise TokenParseError("too_large", size=len(text), limit=MAX_ENVELOPE)
    body, mark, links = text[len(ENVELOPE_PREFIX) :].partition("~")
    raw = unb64u(body)
    if len(raw) <= sodium.SIGNATURE or not mark or "~" in links:
        raise TokenParseError(
            "parse", detail="an envelope without payload or links, or with a proof"
        )
    return raw, links


def _read_fields(payload: bytes) -> dict[str, Any]:
    """Decode a payload: bytes for hashes, text unescaped, empty tables for absent ones."""
    found = uncanonical(payload)
    if type(found) is not dict:
        raise TokenParseError("parse", detail="an envelope that is not an object")
    fields = {"fct": {}, "met": {}, **found}
    if tuple(sorted(fields)) != _FIELDS or not all(
        found.get(name, True) for name in ("fct", "met")
    ):
        raise TokenParseError("parse", detail="an envelope with missing or unknown fields")
    for name, size in (("arg", 32), ("cid", 32), ("prv", 32), ("non", 16), ("str", 16)):
        fields[name] = _sized(fields[name], size)
    for name in ("act", "res", "tgt"):
        fields[name] = unescape(_text(fields[name]))
    if type(fields["iat"]) is not int or type(fields["seq"]) is not int:
        raise TokenParseError("parse", detail="an envelope whose iat or seq is not an integer")
    for name, kinds in (("fct", (str,)), ("met", (str, int, bool))):
        table = fields[name]
        if type(table) is not dict or not all(type(value) in kinds for value in table.values()):
            raise TokenParseError(
                "parse", detail="an envelope whose facts or metadata are no flat table"
            )
        fields[name] = {
            unescape(key): unescape(value) if type(value) is str else value
            for key, value in table.items()
        }
    return fields


def _text(value: object) -> str:
    if type(value) is str:
        return value
    raise TokenParseError("parse", detail="an envelope whose texts are not text")


def _sized(value: object, size: int) -> bytes:
    raw = unb64u(_text(value))
    if len(raw) != size:
        raise TokenParseError("parse", detail=f"an envelope field that is not {size} bytes")
    return raw


def check_stream(envelopes: Sequence[Envelope]) -> None:
    """Check that verified envelopes are one unbroken stream of one holder, first to last.

    Two envelopes with one `seq`, a gap, another stream between them or another holder fail. A missing tail
    cannot be seen.
    Raises: SignatureInvalid (bad_signature) naming the place.
    """
    before: Envelope | None = None
    for index, envelope in enumerate(envelopes):
        follows = before is None or (
            envelope.seq == before.seq + 1
            and envelope.prev == before.id
            and envelope.stream == before.stream
            and envelope.chain.holder == before.chain.holder
        )
        if not follows or (envelope.seq == 0) != (envelope.prev == FIRST):
            raise SignatureInvalid("bad_signature", where=f"envelope {index} of the stream")
        before = envelope


def envelope_view(envelope: Envelope) -> dict[str, Any]:
    """Show a receipt as JSON; `envelope` in it is the signed text, all else is derived from that."""
    return {
        "agent_did": envelope.agent_did,
        "root_did": envelope.root_did,
        "action": envelope.action,
        "target": envelope.target,
        "result": envelope.result,
        "timestamp": envelope.issued_at,
        "scopes": list(envelope.chain.scopes),
        "chain_depth": envelope.chain.depth,
        "facts": dict(envelope.facts),
        "metadata": dict(envelope.metadata),
        "seq": envelope.seq,
        "id": envelope.id.hex(),
        "envelope": envelope.text,
    }
