"""The short way through POST /v1/verify: what is allowed is answered where it was read, in a third of the time.

Only for a request that was there whole, from a caller who is known here, about a token with a seal, without any other
question, and that is allowed. All others, every refusal too, go the long way as if nobody had looked. Nothing is
decided here: it is the same verifier, over the same roots, revocations and clock, asked each time.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from kanoniv_auth.core import verification
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.token import BUNDLE_PREFIX
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.routes.verify import ROWS, verdict
from kanoniv_server.web.bodies import LARGEST, parse_object
from kanoniv_server.web.problems import Refusal

if TYPE_CHECKING:
    from kanoniv_auth.core.token import VerifiedToken
    from kanoniv_server.domain.values import ApiKey
    from kanoniv_server.web.service import Service

METHOD, PATH = ROWS[0].method, ROWS[0].path
_HEAD = (
    b"content-type: application/json\r\ncache-control: no-store\r\n"
    b"content-length: %d\r\nx-request-id: %b\r\nx-content-type-options: nosniff\r\n\r\n%b"
)

# what is asked, not what is answered: a value of one word
_access = lru_cache(1024)(Access)
_LONGEST_SCOPE = 256  # characters of a question that is kept


class Direct:
    """Answers what it can at once, between two steps of the event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._prefix = service.entropy(6).hex()
        self._count = 0

    def answer(self, headers: list[tuple[bytes, bytes]], address: str, body: bytes) -> bytes | None:
        """Give the end of a 200: its own headers and its body. None: it is for the long way. Never raises."""
        service, began = self._service, time.perf_counter()
        now = service.clock()
        if service.metrics.going >= service.most_at_once or len(body) > LARGEST:
            return None
        try:
            caller = service.callers.at_once(headers, address)
            if caller is False:
                return None
            key = None if caller is True else caller
            proven = self._proven(body, key, now)
        except (AuthError, Refusal):
            return None
        except Exception:  # noqa: BLE001 - a defect: the long way meets it too, and says so
            return None
        if proven is None or not service.callers.count(key, address):
            return None
        self._count += 1
        request_id = f"{self._prefix}-{self._count:x}"
        seconds = time.perf_counter() - began
        service.metrics.count(METHOD, PATH, 200, seconds)
        service.log.request(METHOD, PATH, 200, seconds, "" if key is None else key.id, request_id)
        document = verdict(proven, service.written, now)
        return _HEAD % (len(document), request_id.encode("ascii"), document)

    def _proven(self, body: bytes, key: ApiKey | None, now: int) -> VerifiedToken | None:
        service = self._service
        asked = parse_object(body)
        token, scope = asked.get("token"), asked.get("scope")
        if len(asked) != 2 or type(token) is not str or type(scope) is not str:
            return None
        found = service.reach.known_tenant(DEFAULT_TENANT if key is None else key.tenant)
        # a pop asks a store, which takes its time
        if (
            len(scope) > _LONGEST_SCOPE
            or found is None
            or "~p" in token
            or token.startswith(BUNDLE_PREFIX)
        ):
            return None
        return verification.verify(
            token,
            roots=found[1],
            audience=None,
            access=_access(scope),
            now=now,
            once=None,
            revoked=service.reach.revoked(),
            cache=service.cache,
        )
