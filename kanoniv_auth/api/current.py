"""What the blocks `delegated` and `narrow` present, thread by thread and task by task: the state alone.

The blocks themselves stand in `api.blocks`. Whoever never enters one never loads `contextvars`: the command line's
`verify` does without.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.store import keystore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home


class Presented:
    """One entered block. token: text · key: its holder's, where it lives in memory alone; None where a home has it.

    ended: left elsewhere than it was entered, so that nobody could take it out there
    """

    __slots__ = ("token", "key", "ended", "_mark")

    token: str
    key: KeyPair | None
    ended: bool
    _mark: Token[tuple[Presented, ...]] | None

    def __init__(self, token: str, key: KeyPair | None) -> None:
        self.token, self.key, self.ended = token, key, False
        self._mark = None

    def __repr__(self) -> str:
        return "Presented(<hidden>)"

    def enter(self) -> None:
        """Begin here: in this thread or task, and in what copies its context."""
        stack = _stack()
        self._mark = stack.set((*stack.get(), self))

    def leave(self) -> None:
        """End here, and where it was entered if that is elsewhere, such as a generator that another task closes."""
        stack = _stack()
        # not what the mark would bring back: two generators may leave their blocks in the order they entered them in
        rest = tuple([block for block in stack.get() if block is not self])
        if not self._was_entered_here(stack):
            self.ended, self.key = True, None
        stack.set(rest)

    def is_over(self, stack: ContextVar[tuple[Presented, ...]]) -> bool:
        """Whether it has ended, and this is where it was entered; then `stack` has to be set again."""
        return self.ended and self._was_entered_here(stack)

    def _was_entered_here(self, stack: ContextVar[tuple[Presented, ...]]) -> bool:
        """Asked of `contextvars`, which alone can tell a context from its copies: only there is a mark taken back."""
        assert self._mark is not None  # noqa: S101 - it was entered
        try:
            stack.reset(self._mark)
        except (
            ValueError,
            RuntimeError,
        ):  # another context's; or taken back before, in the right one
            return False
        return True


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


def _stack() -> ContextVar[tuple[Presented, ...]]:
    assert _memory.stack is not None  # noqa: S101 - made before the first block
    return _memory.stack


def entered() -> tuple[Presented, ...]:
    """The blocks that this thread or task is in, outermost first; what was left elsewhere goes now, if it began here.

    In a copy of the context in which it began it stays, marked as ended.
    """
    stack = _memory.stack
    if stack is None:
        return ()
    blocks = stack.get()
    if any(block.ended for block in blocks):
        blocks = tuple([block for block in blocks if not block.is_over(stack)])
        stack.set(blocks)
    return blocks


def token() -> str | None:
    """The token of the innermost block; None outside of all blocks.

    Raises: UsageError when that block has ended elsewhere, and this task only began in it: what stands outside of it
    may be more than it was started with.
    """
    blocks = entered()
    if not blocks:
        return None
    if blocks[-1].ended:
        detail = "the block that this task began in was left by another task or thread"
        fix = (
            "enter a block here; close an async generator that enters one with contextlib.aclosing"
        )
        raise UsageError("no_token", detail=detail, fix=fix)
    return blocks[-1].token


def holder_key(home: Home, public: bytes, did: str) -> KeyPair:
    """The key of a chain's holder: from an entered block that holds it in memory, else from the home.

    Raises: HolderUnproven (facts did, folder), KeyPermissions, KeyInvalid, StorageError.
    """
    for block in entered():
        if block.key is not None and block.key.public == public:
            return block.key
    return keystore.holder_key(home, public, did)
