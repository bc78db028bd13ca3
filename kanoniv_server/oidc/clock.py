"""Whether this machine's clock can be behind: what an issuer has signed, and the seconds since, say so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.domain.exchange import LEEWAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_server.domain.exchange import OidcToken


class Floor:
    """The earliest that it can be, for each issuer: a clock set back would make old tokens count again.

    Known from the first token of this process on. clock: seconds, never backwards
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ahead: dict[str, float] = {}

    def check(self, token: OidcToken, now: int) -> None:
        """Refuse to judge with a clock that is behind; learn from the token. now: unix seconds.

        Raises: StorageError.
        """
        here = self._clock()
        ahead = max(self._ahead.get(token.issuer, float("-inf")), token.issued_at - here)
        if now < here + ahead - LEEWAY:
            detail = f"this machine's clock is behind what {token.issuer} has signed"
            raise StorageError("storage", detail=detail, fix="set this machine's clock right")
        self._ahead[token.issuer] = ahead
