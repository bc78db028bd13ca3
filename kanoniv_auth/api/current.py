"""What the blocks `delegated` and `narrow` present, thread by thread and task by task: the state alone.

The blocks themselves stand in `api.blocks`. Whoever never enters one never loads `contextvars`: the command line's
`verify` does without.
"""

from __future__ import annotations

from kanoniv_auth.core.value import Value
from kanoniv_auth.store import keystore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar

    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home


class Presented(Value):
    """One entered block. token: text · key: its holder's, where it lives in memory alone; None where a home has it."""

    __slots__ = ("token", "key")

    token: str
    key: KeyPair | None

    def __init__(self, token: str, key: KeyPair | None) -> None:
        self._fill(token, key)

    def __repr__(self) -> str:
        return "Presented(<hidden>)"


class _Memory:
    """The variable of `api.blocks`, None in a process that has not loaded it."""

    __slots__ = ("stack",)

    def __init__(self) -> None:
        self.stack: ContextVar[tuple[Presented, ...]] | None = None


_memory = _Memory()


def keep_in(stack: ContextVar[tuple[Presented, ...]]) -> ContextVar[tuple[Presented, ...]]:
    """Say which variable holds the entered blocks, outermost first; done once, where it is made."""
    _memory.stack = stack
    return stack


def entered() -> tuple[Presented, ...]:
    """The blocks that this thread or task is in, outermost first."""
    return () if _memory.stack is None else _memory.stack.get()


def token() -> str | None:
    """The token of the innermost block; None outside of all blocks."""
    blocks = entered()
    return blocks[-1].token if blocks else None


def holder_key(home: Home, public: bytes, did: str) -> KeyPair:
    """The key of a chain's holder: from an entered block that holds it in memory, else from the home.

    Raises: HolderUnproven (facts did, folder), KeyPermissions, KeyInvalid, StorageError.
    """
    for block in entered():
        if block.key is not None and block.key.public == public:
            return block.key
    return keystore.holder_key(home, public, did)
