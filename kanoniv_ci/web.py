"""A request of this step and its answer: the transport of the service's client, and what may be tried again.

Not when it is tried again: `retry`. What comes back is a stranger's; whoever asked reads it as such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.cloud.endpoint import check_endpoint
from kanoniv_auth.cloud.exchange import NoReplyError, send
from kanoniv_auth.core.errors import AuthError
from kanoniv_ci.retry import CONNECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 1 << 16
_PATIENCE, _LEAST = 10.0, 0.1
_OK = 200


class Unanswered(Exception):
    """No usable answer. status: HTTP's, `CONNECTION` for none · after: Retry-After · body: what came."""

    def __init__(self, status: int, detail: str, *, after: str = "", body: bytes = b"") -> None:
        self.status, self.detail, self.after, self.body = status, detail, after, body
        super().__init__(detail)


def is_safe(url: str) -> bool:
    """Whether credentials may be sent there: https, or http on this machine. A query may follow."""
    address, _, query = url.partition("?")
    try:
        check_endpoint(address)
    except AuthError:
        return False
    return query.isascii() and query.isprintable() and not set(' "<>#\\') & set(query)


def ask(
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    until: float,
    clock: Callable[[], float],
) -> bytes:
    """GET, or POST when there is a body; the body of a 200. url: one that `is_safe` · until: of `clock`, seconds.

    Raises: Unanswered.
    """
    seconds = max(_LEAST, min(_PATIENCE, until - clock()))
    method = "GET" if body is None else "POST"
    try:
        reply = send(method, url, headers=headers, body=body, limit=LARGEST, seconds=seconds)
    except NoReplyError as error:
        raise Unanswered(CONNECTION, str(error)) from None
    if reply.status == _OK:
        return reply.body
    detail = f"HTTP {reply.status}"
    if 300 <= reply.status < 400:
        detail += ", and no redirect is followed"
    after = reply.headers.get("retry-after", "")
    raise Unanswered(reply.status, detail, after=after, body=reply.body)
