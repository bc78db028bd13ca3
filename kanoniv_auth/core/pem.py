"""Private keys in PEM: PKCS#8 and OpenSSH. The one module that speaks to `cryptography` (the extra `[ci]`)."""

from __future__ import annotations

from kanoniv_auth.core.errors import KeyInvalid

_LONGEST = 1024


def load_private_seed(text: str) -> bytes:
    """Return the 32-byte seed of an unencrypted Ed25519 key in PEM (RFC 8410) or OpenSSH form.

    Raises: KeyInvalid (bad_key): another algorithm, a passphrase, damage, or `cryptography` is not
    installed.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    except ImportError:
        detail = "a PEM key needs the extra: pip install 'kanoniv-auth[ci]'; base64 needs nothing"
        raise KeyInvalid("bad_key", detail=detail) from None
    if len(text) > _LONGEST:
        # loading an RSA key of that size takes seconds, before anybody can ask what kind it is
        detail = f"a PEM block of {len(text)} characters; an Ed25519 key has fewer than {_LONGEST}"
        raise KeyInvalid("bad_key", detail=detail)
    data = text.encode("utf-8", "replace")
    openssh = "BEGIN OPENSSH PRIVATE KEY" in text
    try:
        loader = (
            serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
        )
        key = loader(data, password=None)
    except TypeError:
        raise KeyInvalid(
            "bad_key", detail="a PEM key with a passphrase; give it without one"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyInvalid(
            "bad_key", detail="a PEM block that is damaged or of an unknown kind"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyInvalid("bad_key", detail=f"a PEM key of another algorithm ({type(key).__name__})")
    return key.private_bytes_raw()
