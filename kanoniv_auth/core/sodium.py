"""The one module that speaks to libsodium, through PyNaCl: SHA-256 and Ed25519 (RFC 8032), nothing else.

libsodium's verify is strict: S < L, canonical and not small-order R and A. `nacl._sodium` is PyNaCl's own
private binding, imported alone because the public package costs 20 ms more; the public bindings are the
fallback, and all vectors run on both.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SEED, PUBLIC, SIGNATURE, DIGEST = 32, 32, 64, 32


class BadSignature(Exception):
    """The signature, or the key it is checked with, is not valid. Never leaves core."""


class BadPoint(Exception):
    """32 bytes that are no point of the prime-order group. Never leaves core."""


class Backend:
    """Four functions over one libsodium, so that both bindings can be tested by name.

    sha256(data) -> 32 bytes · public_key(seed) -> 32 bytes · sign(seed, public, message) -> 64 bytes ·
    open_signed(signature ‖ message, public) raises BadSignature · check_point(public) raises BadPoint
    """

    __slots__ = ("check_point", "open_signed", "public_key", "sha256", "sign")

    sha256: Callable[[bytes], bytes]
    public_key: Callable[[bytes], bytes]
    sign: Callable[[bytes, bytes, bytes], bytes]
    open_signed: Callable[[bytes, bytes], None]
    check_point: Callable[[bytes], None]

    def __init__(
        self,
        sha256: Callable[[bytes], bytes],
        public_key: Callable[[bytes], bytes],
        sign: Callable[[bytes, bytes, bytes], bytes],
        open_signed: Callable[[bytes, bytes], None],
        check_point: Callable[[bytes], None],
    ) -> None:
        self.sha256, self.public_key, self.sign = sha256, public_key, sign
        self.open_signed, self.check_point = open_signed, check_point


def private_binding() -> Backend:
    """Bind to `nacl._sodium`. Raises: ImportError, AttributeError when PyNaCl has moved it."""
    from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # noqa: PLC0415 - may be absent

    if lib.sodium_init() < 0:  # pragma: no cover - no entropy source at all
        msg = "libsodium could not be initialised"
        raise ImportError(msg)
    new, buffer, null = ffi.new, ffi.buffer, ffi.NULL
    octets, digest = ffi.typeof("unsigned char[]"), ffi.typeof("unsigned char[32]")
    hash_, open_ = lib.crypto_hash_sha256, lib.crypto_sign_open
    sign_, seeded = lib.crypto_sign, lib.crypto_sign_seed_keypair
    valid_point = lib.crypto_core_ed25519_is_valid_point

    # buffers are made per call: cffi releases the GIL, a shared one would be a race
    def sha256(data: bytes) -> bytes:
        out = new(digest)
        hash_(out, data, len(data))
        return buffer(out)[:]  # type: ignore[no-any-return]

    def public_key(seed: bytes) -> bytes:
        public, secret = new(digest), new(octets, SIGNATURE)
        seeded(public, secret, seed)
        return buffer(public)[:]  # type: ignore[no-any-return]

    def sign(seed: bytes, public: bytes, message: bytes) -> bytes:
        out = new(octets, SIGNATURE + len(message))
        sign_(out, null, message, len(message), seed + public)
        return buffer(out)[:SIGNATURE]  # type: ignore[no-any-return]

    def open_signed(signed: bytes, public: bytes) -> None:
        # the message is at hand already: libsodium takes NULL for the copy it would make, and for its length
        if open_(null, null, signed, len(signed), public) != 0:
            raise BadSignature

    def check_point(public: bytes) -> None:
        if valid_point(public) != 1:
            raise BadPoint

    return Backend(sha256, public_key, sign, open_signed, check_point)


def public_binding() -> Backend:
    """Bind to the documented `nacl.bindings`: the fallback, and the other half of the backend test."""
    from nacl import bindings, exceptions  # noqa: PLC0415 - 20 ms, only when the private binding is gone

    def sign(seed: bytes, public: bytes, message: bytes) -> bytes:
        return bindings.crypto_sign(message, seed + public)[:SIGNATURE]

    def open_signed(signed: bytes, public: bytes) -> None:
        try:
            bindings.crypto_sign_open(signed, public)
        except exceptions.BadSignatureError:
            raise BadSignature from None

    def check_point(public: bytes) -> None:
        if not bindings.crypto_core_ed25519_is_valid_point(public):
            raise BadPoint

    def public_key(seed: bytes) -> bytes:
        return bindings.crypto_sign_seed_keypair(seed)[0]

    return Backend(bindings.crypto_hash_sha256, public_key, sign, open_signed, check_point)


backend: Backend
try:
    backend = private_binding()
except (ImportError, AttributeError):  # pragma: no cover - the fallback is tested by name
    backend = public_binding()

sha256: Callable[[bytes], bytes] = backend.sha256


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Check one Ed25519 signature. Raises: BadSignature."""
    backend.open_signed(signature + message, public)
