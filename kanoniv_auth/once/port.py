"""The port: `spend` a key once. And how a namespace and a key become one entry that no other pair becomes.

Every memory passes tests/once/test_contract.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kanoniv_auth.core import sodium
from kanoniv_auth.core.errors import StorageError

if TYPE_CHECKING:
    from typing import NoReturn

LONGEST = 400 * 86400  # seconds that anything may be asked to be remembered
_LONGEST_NAMESPACE = 255


class Once(Protocol):
    """Remembers what was used, for as long as it could be used again."""

    def spend(self, namespace: str, key: bytes, ttl: int) -> bool:
        """Use a key up.

        namespace: what kind of key it is: "pop", "jti" · key: any bytes · ttl: whole seconds, at least as long as
        the key stays good.
        Returns: True exactly the first time within `ttl` seconds, whoever asks at the same time.
        Raises: StorageError (storage) when that cannot be told; the key may be used up then. Take it for a refusal.
        """
        ...


def entry(namespace: str, key: bytes, ttl: int) -> bytes:
    """Turn a namespace and a key into 32 bytes: how long they are stands in front, and a hash bounds what is kept.

    Raises: TypeError, ValueError for arguments that no caller should make.
    """
    name = namespace.encode("ascii")
    if not 0 < len(name) <= _LONGEST_NAMESPACE:
        raise ValueError("a namespace has 1 to 255 characters")
    if type(key) is not bytes or type(ttl) is not int:
        raise TypeError("a key is bytes, a time to live whole seconds")
    if not 0 < ttl <= LONGEST:
        raise ValueError("a time to live is 1 second to 400 days")
    return sodium.sha256(bytes((len(name),)) + name + key)


def cannot_tell(detail: str, fix: str) -> NoReturn:
    """Refuse to answer. Raises: StorageError (storage)."""
    raise StorageError("storage", detail=f"what was used once: {detail}", fix=fix)
