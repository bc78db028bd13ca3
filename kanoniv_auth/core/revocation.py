"""What a root has revoked: ids and keys, as verification asks for them. Not the signed list itself."""

from __future__ import annotations

from kanoniv_auth.core.errors import ListRefused, Revoked
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.core.chain import Chain

_SIZE = 32


class Revocations(Value):
    """Link ids and public keys (32 bytes each), each under the root that revoked them.

    issued: when a root's list was issued · earliest: when it must have been, None to take any and none; unix seconds
    """

    __slots__ = ("by_root", "earliest", "issued")

    by_root: dict[bytes, frozenset[bytes]]
    earliest: int | None
    issued: dict[bytes, int]

    def __init__(
        self,
        by_root: Mapping[bytes, Iterable[bytes]],
        *,
        issued: Mapping[bytes, int] | None = None,
        earliest: int | None = None,
    ) -> None:
        lists = {root: frozenset(entries) for root, entries in by_root.items()}
        for entry in (*lists, *[entry for entries in lists.values() for entry in entries]):
            # another spelling would match nothing, and so revoke nothing
            if type(entry) is not bytes or len(entry) != _SIZE:
                raise TypeError("roots, ids and keys are 32 bytes each")
        self._fill(lists, earliest, dict(issued or {}))

    def enforce(self, chain: Chain) -> None:
        """Refuse a chain with a revoked link id, or a revoked key that issued or received any of its links.

        Only the list of the chain's own root counts: another root's list says nothing about this one's.
        Raises: Revoked, ListRefused (stale).
        """
        entries = self.by_root.get(chain.root)
        if entries:
            for link in chain.links:
                for entry in (link.id, link.issuer, link.aud):
                    if entry in entries:
                        raise Revoked("revoked", what=entry.hex())
        if self.earliest is not None:
            self._require_recent(chain)

    def _require_recent(self, chain: Chain) -> None:
        """Refuse when nobody can say what the root has revoked of late. Raises: ListRefused (stale)."""
        at = self.issued.get(chain.root)
        if at is None:
            raise ListRefused("stale", root_did=chain.root_did, detail="none is known")
        if self.earliest is not None and at < self.earliest:
            detail = f"issued at {at}, wanted since {self.earliest}"
            raise ListRefused("stale", root_did=chain.root_did, detail=detail)
