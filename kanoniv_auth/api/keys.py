"""Key pairs made or read by hand: `generate_keys`, `load_keys`. Nothing is stored."""

from __future__ import annotations

import os

from kanoniv_auth.core.keys import KeyPair, parse_secret


def generate_keys() -> KeyPair:
    """Make a new Ed25519 key pair from the system's entropy."""
    return KeyPair.generate(os.urandom(32))


def load_keys(text: str) -> KeyPair:
    """Read a private key: hex, base64 or base64url (padded or not), PEM, or the text of a key file.

    Raises: KeyInvalid; the message says the length or form found, never the text.
    """
    return parse_secret(text)
