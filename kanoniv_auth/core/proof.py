"""The holder's proof that ends a token: a seal (a presentation) or a pop (one request).

Both are signed by the leaf key over the id of the last link, each under a tag of its own (docs/spec/token.md §1.5).
"""

from __future__ import annotations

from kanoniv_auth.core.encoding import b64u, plain, unb64u
from kanoniv_auth.core.errors import HolderUnproven, KeyInvalid, TokenExpired, TokenParseError
from kanoniv_auth.core.sodium import SIGNATURE
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair

SEAL_TAG, POP_TAG = b"kanoniv-auth/2 seal\0", b"kanoniv-auth/2 pop\0"
MAX_SEAL = 90 * 86400
POP_WINDOW = 60
# longer than the 2 × 60 + 1 seconds in which one pop can be fresh: a store that forgets exactly then lets it in twice
POP_MEMORY = 150
MAX_AUDIENCE, NONCE = 255, 16
_U64 = 8


class Seal(Value):
    """signature: 64 bytes · expires_at: unix seconds · audience: the verifier's name, "" for any without one."""

    __slots__ = ("signature", "expires_at", "audience")

    signature: bytes
    expires_at: int
    audience: str

    def __init__(self, signature: bytes, expires_at: int, audience: str) -> None:
        put = self._setters
        put[0](self, signature)
        put[1](self, expires_at)
        put[2](self, audience)


class Pop(Value):
    """signature: 64 bytes · issued_at: unix seconds · nonce: 16 bytes."""

    __slots__ = ("signature", "issued_at", "nonce")

    signature: bytes
    issued_at: int
    nonce: bytes

    def __init__(self, signature: bytes, issued_at: int, nonce: bytes) -> None:
        put = self._setters
        put[0](self, signature)
        put[1](self, issued_at)
        put[2](self, nonce)


def read_proof(text: str | None) -> Seal | Pop:
    """Decode the text after `~`, None in a grant; checks form alone.

    Raises: HolderUnproven for a grant, TokenParseError (parse).
    """
    if text is None:
        raise HolderUnproven("holder_unproven", detail="a grant that its holder has not accepted")
    raw = unb64u(text[1:])
    signature, rest = raw[:SIGNATURE], raw[SIGNATURE:]
    if text[0] == "s" and len(rest) >= _U64:
        expires_at = int.from_bytes(rest[:_U64], "big")
        return Seal(signature, expires_at, _audience_of(rest[_U64:]))
    if text[0] == "p" and len(rest) == _U64 + NONCE:
        return Pop(signature, int.from_bytes(rest[:_U64], "big"), rest[_U64:])
    raise TokenParseError("parse", detail="neither a seal nor a pop")


def _audience_of(raw: bytes) -> str:
    try:
        return check_audience(raw.decode("ascii"))
    except UnicodeDecodeError:
        raise TokenParseError("parse", detail="an audience that is not ASCII") from None


def check_audience(audience: str) -> str:
    r"""Return a verifier's name: up to 255 of 0x21–0x7e without `"` and `\`; "" is none.

    Raises: TokenParseError (parse).
    """
    if len(audience) <= MAX_AUDIENCE and " " not in audience:
        return plain(audience)
    raise TokenParseError("parse", detail="an audience that is too long or has spaces")


def seal_message(chain_id: bytes, expires_at: int, audience: str) -> bytes:
    """The bytes a seal signs."""
    return SEAL_TAG + chain_id + expires_at.to_bytes(_U64, "big") + audience.encode("ascii")


def pop_message(
    chain_id: bytes, issued_at: int, nonce: bytes, *, audience: str, action: str, args_sha256: bytes
) -> bytes:
    """The bytes a pop signs; lengths stand before texts, so none can be split another way."""
    # what is not ASCII or too long is no scope and no audience either: it is refused as such, not here
    name = audience.encode("ascii", "backslashreplace")
    scope = action.encode("ascii", "backslashreplace")
    return b"".join(
        (
            POP_TAG,
            chain_id,
            min(len(name), 0xFFFF).to_bytes(2, "big"),
            name,
            min(len(scope), 0xFFFF).to_bytes(2, "big"),
            scope,
            args_sha256,
            issued_at.to_bytes(_U64, "big"),
            nonce,
        )
    )


def seal(
    chain: Chain, holder: KeyPair, *, now: int, audience: str = "", expires_at: int | None = None
) -> str:
    """End a chain with its holder's seal; returns the token.

    now: unix seconds · audience: the one verifier it is for, "" for verifiers without a name · expires_at:
    unix seconds; default the chain's earliest expiry, 90 days from now when it has none.
    Raises: KeyInvalid (not the holder), TokenExpired, TokenParseError (audience).
    """
    latest = chain.expires_at if chain.expires_at is not None else now + MAX_SEAL
    until = latest if expires_at is None else min(expires_at, latest)
    if until <= now:
        raise TokenExpired("expired", at=until, now=now)
    _check_holder(chain, holder)
    message = seal_message(chain.id, until, check_audience(audience))
    raw = holder.sign(message) + message[len(SEAL_TAG) + len(chain.id) :]
    return f"{chain.text}~s{b64u(raw)}"


def pop(
    chain: Chain,
    holder: KeyPair,
    *,
    action: str,
    args_sha256: bytes,
    audience: str,
    now: int,
    nonce: bytes,
) -> str:
    """End a chain with its holder's proof for one request; returns the token.

    action: the scope asked for · args_sha256: 32 bytes over the request's arguments · now: unix seconds ·
    nonce: 16 random bytes, never used again with this key.
    Raises: KeyInvalid (not the holder), TokenParseError (audience, nonce, arguments).
    """
    _check_holder(chain, holder)
    if len(nonce) != NONCE or len(args_sha256) != 32:
        raise TokenParseError(
            "parse", detail="a pop needs a nonce of 16 bytes and a SHA-256 of the arguments"
        )
    name = check_audience(audience)
    message = pop_message(
        chain.id, now, nonce, audience=name, action=action, args_sha256=args_sha256
    )
    return f"{chain.text}~p{b64u(holder.sign(message) + now.to_bytes(_U64, 'big') + nonce)}"


def _check_holder(chain: Chain, holder: KeyPair) -> None:
    if holder.public != chain.holder:
        raise KeyInvalid("bad_key", detail="this key does not hold the chain")
