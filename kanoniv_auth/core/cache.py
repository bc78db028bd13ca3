"""What was verified before: whole tokens and chain prefixes, keyed by their exact text. Never a decision.

The text contains every signature, so a hit means: these very bytes passed. Comparing texts needs no hash of
ours and cannot collide. Bounded per root, first in first out, so that one root's holders cannot evict
another's.
"""

from __future__ import annotations

from _thread import allocate_lock  # what `threading` wraps, without its imports

from kanoniv_auth.core.token import MAX_TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.token import VerifiedToken

    Entry = TypeVar("Entry", Chain, VerifiedToken)


class _Shelf:
    """The keys of one root's entries as they came, in a ring: the one at `at` is the oldest once it is full."""

    __slots__ = ("at", "keys")

    def __init__(self) -> None:
        self.at = 0
        self.keys: list[str] = []


class Cache:
    """A cache for one process. limit: tokens, and again chain prefixes, kept for each root."""

    __slots__ = ("_chains", "_limit", "_lock", "_shelves", "_tokens")

    def __init__(self, limit: int = 1024) -> None:
        if limit < 1:
            raise ValueError("a cache keeps at least one token for each root")
        self._limit = limit
        self._lock = allocate_lock()
        self._tokens: dict[str, VerifiedToken] = {}
        self._chains: dict[str, Chain] = {}
        self._shelves: dict[tuple[bytes, type], _Shelf] = {}

    def get(self, token: object) -> VerifiedToken | None:
        """Return what a sealed token of exactly this text proved, None when it was not seen."""
        return self._tokens.get(token) if type(token) is str else None

    def chain_of(self, token: object) -> Chain | None:
        """Return the verified chain of a token's links when exactly these were seen and a proof follows them."""
        if type(token) is not str or len(token) > MAX_TOKEN:
            return None
        text, _, proof = token.partition("~")
        return self._chains.get(text) if proof else None

    def longest(self, text: str) -> Chain | None:
        """Return the verified chain of the longest prefix of a token's links (`kd2.` and links) that was seen."""
        chains, end = self._chains, len(text)
        while end > 0:
            chain = chains.get(text[:end])
            if chain is not None:
                return chain
            end = text.rfind(".", 0, end)
        return None

    def add(self, token: str, verified: VerifiedToken) -> None:
        """Keep a chain and its prefixes, which passed steps 0–8; the whole token too, unless it ends in a pop."""
        chain: Chain | None = verified.chain
        sealed, root = verified.sealed_until is not None, verified.chain.root
        # a pop over a known chain adds nothing, and there is one for every request
        if not sealed and verified.chain.text in self._chains:
            return
        with self._lock:
            if sealed:
                self._keep(self._tokens, root, token, verified)
            while chain is not None and chain.text not in self._chains:
                self._keep(self._chains, root, chain.text, chain)
                chain = chain.parent

    def _keep(self, entries: dict[str, Entry], root: bytes, key: str, value: Entry) -> None:
        if key in entries:  # another thread was quicker
            return
        shelf = self._shelves.setdefault((root, type(value)), _Shelf())
        entries[key] = value
        if len(shelf.keys) < self._limit:
            shelf.keys.append(key)
            return
        # not the first of a dict: what was taken from its front is passed over again each time
        del entries[shelf.keys[shelf.at]]
        shelf.keys[shelf.at] = key
        shelf.at = (shelf.at + 1) % self._limit
