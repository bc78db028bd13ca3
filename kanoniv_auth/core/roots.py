"""The roots a verifier trusts. Not where they come from: `store` reads that, core is told."""

from __future__ import annotations

from kanoniv_auth.core.errors import NoTrustedRoot, SignatureInvalid
from kanoniv_auth.core.keys import check_did, did
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class TrustedRoots(Value):
    """The roots a verifier was configured with.

    keys: public keys, 32 bytes each · dids: `did:agent:` labels · retired: label → unix seconds from which
    that root no longer counts, whatever its links say about when they were issued

    Raises: KeyInvalid for a retired label that is no DID.
    """

    __slots__ = ("keys", "dids", "retired")

    keys: frozenset[bytes]
    dids: frozenset[str]
    retired: dict[str, int]

    def __init__(
        self,
        keys: Iterable[bytes] = (),
        dids: Iterable[str] = (),
        *,
        retired: Mapping[str, int] | None = None,
    ) -> None:
        until = dict(retired or {})
        # a pin in another spelling pins nothing; an end in another spelling would end nothing, so it is refused
        for label in until:
            check_did(label)
        self._fill(frozenset(keys), frozenset(dids), until)

    def require(self, key: bytes, now: int) -> None:
        """Refuse a root that is not pinned, or no longer. Raises: NoTrustedRoot, SignatureInvalid (untrusted_root)."""
        if key in self.keys and not self.retired:
            return
        # the label costs a hash, so it is made when something asks for it
        root_did = did(key)
        if key in self.keys or root_did in self.dids:
            if root_did not in self.retired or now < self.retired[root_did]:
                return
        elif not (self.keys or self.dids):
            raise NoTrustedRoot("no_trusted_root")
        trusted = (*sorted(self.dids), *(key.hex() for key in sorted(self.keys)))
        raise SignatureInvalid("untrusted_root", root_did=root_did, trusted=trusted)
