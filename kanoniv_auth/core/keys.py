"""Ed25519 keys and their names. Not storage: bytes and text in, values out (docs/spec/token.md §5; points: §1.2, §1.6).

A principal is a public key. `did:agent:` is the short label people see, `did:key` the full key as text.
"""

from __future__ import annotations

from binascii import b2a_base64

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import KeyInvalid, TokenParseError
from kanoniv_auth.core.value import Value

_P = 2**255 - 19
# y coordinates of the points of order 1, 2, 4 and 8, with either sign bit: such a "key" signs for everybody
_SMALL_ORDER = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for sign in (0, 1)
    for y in (
        0,
        1,
        _P - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    )
)
# y ≥ 2^255 - 19 is 0xed…0xff, thirty times 0xff, and 0x7f or 0xff
_HIGH = b"\xff" * 30
_ED25519_MULTICODEC = b"\xed\x01"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAX_SECRET_TEXT = 16384


def check_public(public: bytes) -> bytes:
    """Return 32 bytes that can be an Ed25519 key: canonical and not of small order.

    Cheap, for the verify path, where libsodium checks the same key again when it is used.
    Raises: KeyInvalid (bad_key).
    """
    if len(public) != sodium.PUBLIC:
        raise KeyInvalid("bad_key", detail=f"{len(public)} bytes, a public key has {sodium.PUBLIC}")
    non_canonical = public[31] | 0x80 == 0xFF and public[0] >= 0xED and public[1:31] == _HIGH
    if public in _SMALL_ORDER or non_canonical:
        raise KeyInvalid("bad_key", detail="a small-order or non-canonical point")
    return public


def check_point(public: bytes) -> bytes:
    """Return a public key that lies in the prime-order group: the full check, for keys that come from outside.

    Raises: KeyInvalid (bad_key).
    """
    check_public(public)
    try:
        sodium.backend.check_point(public)
    except sodium.BadPoint:
        raise KeyInvalid("bad_key", detail="not a point of the prime-order group") from None
    return public


def did(public: bytes) -> str:
    """Name a public key for people: `did:agent:` + hex(SHA-256(key)[:16])."""
    return "did:agent:" + sodium.sha256(public)[:16].hex()


def short_did(text: str) -> str:
    """Shorten a `did:agent:` for a line of text: its first 12 hex digits and an ellipsis."""
    head, _, digits = text.rpartition(":")
    return f"{head}:{digits[:12]}…" if len(digits) > 12 else text


def check_did(text: str) -> str:
    """Return a well-formed `did:agent:` label. Raises: KeyInvalid (bad_key)."""
    digits = text.removeprefix("did:agent:")
    if digits != text and len(digits) == 32 and not digits.strip("0123456789abcdef"):
        return text
    raise KeyInvalid("bad_key", detail="a DID is did:agent: and 32 lowercase hex digits")


def did_key(public: bytes) -> str:
    """Write a public key as `did:key:z…` (multicodec 0xed01, base58btc; W3C CCG did:key method)."""
    number = int.from_bytes(_ED25519_MULTICODEC + public, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return "did:key:z" + digits


def parse_did_key(text: str) -> bytes:
    """Read the 32 bytes of a `did:key` of an Ed25519 key; the one canonical spelling only.

    Raises: KeyInvalid (bad_key).
    """
    digits = text.removeprefix("did:key:z")
    number = 0
    if digits == text or not 0 < len(digits) <= 64 or digits.strip(_BASE58):
        raise KeyInvalid("bad_key", detail="not a did:key in base58btc")
    for digit in digits:
        number = number * 58 + _BASE58.index(digit)
    raw = number.to_bytes(48, "big").lstrip(b"\0")
    if raw[:2] != _ED25519_MULTICODEC or did_key(raw[2:]) != text:
        raise KeyInvalid("bad_key", detail="a did:key that is not a canonical Ed25519 one")
    return check_point(raw[2:])


class KeyPair(Value):
    """An Ed25519 key pair; the public half is always derived from the seed, and `repr` hides the seed.

    seed: 32 secret bytes · public: 32 bytes · did: its `did:agent:` label
    """

    __slots__ = ("seed", "public", "did")

    seed: bytes
    public: bytes
    did: str

    def __init__(self, seed: bytes) -> None:
        if type(seed) is not bytes or len(seed) != sodium.SEED:
            raise KeyInvalid("bad_key", detail=f"a seed has {sodium.SEED} bytes")
        public = sodium.backend.public_key(seed)
        self._fill(seed, public, did(public))

    @classmethod
    def from_seed(cls, seed: bytes) -> KeyPair:
        """Derive the pair of a 32-byte seed (RFC 8032 §5.1.5). Raises: KeyInvalid."""
        return cls(seed)

    @classmethod
    def generate(cls, entropy: bytes) -> KeyPair:
        """Make a new pair from 32 fresh random bytes of the caller's. Raises: KeyInvalid."""
        return cls(entropy)

    @property
    def did_key(self) -> str:
        """The public key as `did:key:z…`."""
        return did_key(self.public)

    def sign(self, message: bytes) -> bytes:
        """Sign `message`, which carries its own domain tag; 64 bytes."""
        return sodium.backend.sign(self.seed, self.public, message)

    def secret_text(self) -> str:
        """The seed as padded standard base64: what the Action's `root_key` takes. Secret."""
        return b2a_base64(self.seed, newline=False).decode("ascii")

    def __repr__(self) -> str:
        return f"KeyPair({self.did}, seed=<hidden>)"


def parse_secret(text: str) -> KeyPair:
    """Read a private key as people paste it: hex, base64 or base64url (padded or not), PEM, or a whole key file.

    White space is dropped. The public half in a key file is ignored and derived again.
    Raises: KeyInvalid (bad_key); the detail says the length or form found and never a byte of the text.
    """
    if len(text) > _MAX_SECRET_TEXT:
        raise KeyInvalid("bad_key", detail=f"{len(text)} characters are no key")
    text = text.strip()
    if text.startswith("{"):
        return _from_key_file(text)
    if "-----BEGIN" in text:
        from kanoniv_auth.core.pem import load_private_seed  # noqa: PLC0415 - `cryptography` is an extra, 20 ms

        return KeyPair(load_private_seed(text))
    return KeyPair(_raw("".join(text.split()), "private key"))


def parse_public(text: str) -> bytes:
    """Read a public key: hex, base64 or base64url (padded or not), or `did:key:…`; 32 bytes.

    Raises: KeyInvalid (bad_key).
    """
    text = text.strip()
    if text.startswith("did:"):
        return parse_did_key(text)
    if len(text) > _MAX_SECRET_TEXT:
        raise KeyInvalid("bad_key", detail=f"{len(text)} characters are no key")
    return check_point(_raw("".join(text.split()), "public key"))


def _raw(text: str, what: str) -> bytes:
    if not text:
        raise KeyInvalid("bad_key", detail=f"the {what} is empty")
    if len(text) in (64, 128) and not text.strip("0123456789abcdefABCDEF"):
        raw, form = bytes.fromhex(text), "hex"
    else:
        raw, form = _base64(text, what), "base64"
    if len(raw) != sodium.SEED:
        hint = (
            " (the first 32 of an expanded key are the seed)" if len(raw) == 2 * sodium.SEED else ""
        )
        detail = f"the {what} is {form} of {len(raw)} bytes, {sodium.SEED} are wanted{hint}"
        raise KeyInvalid("bad_key", detail=detail)
    return raw


def _base64(text: str, what: str) -> bytes:
    try:
        return unb64u(text.rstrip("=").replace("+", "-").replace("/", "_"))
    except TokenParseError:
        found = f"the {what} is {len(text)} characters that are neither"
        detail = f"{found} base64, base64url, hex, PEM nor a key file"
        raise KeyInvalid("bad_key", detail=detail) from None


def _from_key_file(text: str) -> KeyPair:
    import json  # noqa: PLC0415 - 8 ms, only for a key given as a whole file

    try:
        found = json.loads(text)
        secret = found["private_key"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeyInvalid("bad_key", detail="JSON without a private_key") from None
    if not isinstance(secret, str):
        raise KeyInvalid("bad_key", detail="private_key in the key file is not text")
    return KeyPair(_raw("".join(secret.split()), "private_key in the key file"))
