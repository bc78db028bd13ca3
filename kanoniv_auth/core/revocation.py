"""What a root has revoked: ids and keys, as verification asks for them. Not the signed list itself."""

from __future__ import annotations

from kanoniv_auth.core.errors import Revoked
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.core.chain import Chain

_SIZE = 32


class Revocations(Value):
    """Link ids and public keys (32 bytes each), each under the root that revoked them."""

    __slots__ = ("by_root",)

    by_root: dict[bytes, frozenset[bytes]]

    def __init__(self, by_root: Mapping[bytes, Iterable[bytes]]) -> None:
        lists = {root: frozenset(entries) for root, entries in by_root.items()}
        for entry in (*lists, *[entry for entries in lists.values() for entry in entries]):
            # another spelling would match nothing, and so revoke nothing
            if type(entry) is not bytes or len(entry) != _SIZE:
                raise TypeError("roots, ids and keys are 32 bytes each")
        self._fill(lists)

    def enforce(self, chain: Chain) -> None:
        """Refuse a chain with a revoked link id, or a revoked key that issued or received any of its links.

        Only the list of the chain's own root counts: another root's list says nothing about this one's.
        Raises: Revoked.
        """
        entries = self.by_root.get(chain.root)
        if not entries:
            return
        for link in chain.links:
            for entry in (link.id, link.issuer, link.aud):
                if entry in entries:
                    raise Revoked("revoked", what=entry.hex())
