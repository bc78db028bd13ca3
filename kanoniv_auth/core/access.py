"""One thing somebody wants to do, as the enforcing side sees it: what step 10 of a verification is asked about."""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_ARGS: bytes = sodium.sha256(b"")


class Access(Value):
    """One thing somebody wants to do, and the facts the enforcing side knows about it.

    action: a scope · context: facts for `context` caveats · resource: a path · cost: currency and integer
    minor units · args_sha256: 32 bytes over the request's arguments, for a pop
    """

    __slots__ = ("action", "context", "resource", "cost", "args_sha256")

    action: str
    context: Mapping[str, str]
    resource: str | None
    cost: tuple[str, int] | None
    args_sha256: bytes

    def __init__(
        self,
        action: str,
        *,
        context: Mapping[str, str] | None = None,
        resource: str | None = None,
        cost: tuple[str, int] | None = None,
        args_sha256: bytes = _NO_ARGS,
    ) -> None:
        self._fill(action, dict(context or {}), resource, cost, args_sha256)
