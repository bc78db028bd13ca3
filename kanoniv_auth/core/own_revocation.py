"""What a holder asks of a service when it ends its own links: the one request that its proof (a pop) is good for.

Shared by the client, which proves, and the service, which checks (docs/explanation/keyless.md). Which links are the
holder's own is the service's business: its ledger says so.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.encoding import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ACTION = "kanoniv.revoke"
_TAG = b"kanoniv-auth/2 own revocation\0"


def own_revocation(ids: Iterable[bytes]) -> Access:
    """The request to revoke these links. ids: link ids, 32 bytes each, any order; the same set is the same request."""
    asked = canonical({"ids": sorted({one.hex() for one in ids})})
    return Access(ACTION, args_sha256=sodium.sha256(_TAG + asked))
