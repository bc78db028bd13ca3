"""Which strings the runner must hide: every usual spelling of a secret, and never a public value.

Pure. The runner itself adds base64 and URI spellings of a masked value, but neither hex nor the decoded bytes.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanoniv_auth.core.keys import KeyPair


def of_text(raw: str) -> tuple[str, ...]:
    """Spellings of a secret as it was pasted: the line itself, or the body lines of a PEM block.

    A key file of several lines names its public half too, so it is masked by `of_key` once it is read.
    """
    lines = [line.strip() for line in raw.splitlines() if line.strip()]
    if len(lines) == 1:
        return (lines[0],)
    if "-----BEGIN" not in raw:
        return ()
    return tuple(line for line in lines if not line.startswith("-----"))


def of_key(key: KeyPair) -> tuple[str, ...]:
    """Spellings of a private key: base64, base64url, both without padding, hex in both cases."""
    padded = b2a_base64(key.seed, newline=False).decode("ascii")
    url = padded.replace("+", "-").replace("/", "_")
    spellings = (
        padded,
        padded.rstrip("="),
        url,
        url.rstrip("="),
        key.seed.hex(),
        key.seed.hex().upper(),
    )
    return tuple(dict.fromkeys(spellings))
