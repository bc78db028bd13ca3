"""The ASGI application: one way in for every request, with its limits, its refusals, its line in the log.

Exact paths from one table; a route's handler returns an answer or raises, and knows nothing of ASGI.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import AuthError
from kanoniv_server.domain.values import AuditEvent
from kanoniv_server.web import problems
from kanoniv_server.web.bodies import GoneError, parse_object, read_body
from kanoniv_server.web.problems import Answer, Refusal, refusal
from kanoniv_server.web.schemas import check, from_query
from kanoniv_server.web.service import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_server.domain.values import ApiKey
    from kanoniv_server.web.asgi import Receive, Scope, Send
    from kanoniv_server.web.service import Row, Service

NOWHERE = "-"
_LONGEST_QUERY = 2048
_LINGER = 2.0
_LINGER_BYTES = 32 * 1024 * 1024
_CLOSE = (b"connection", b"close")
_CLOSING = frozenset((408, 413))


class Gate:
    """Answers every request. going: how many are in hand."""

    def __init__(self, service: Service, rows: Iterable[Row]) -> None:
        self._service = service
        self._rows: dict[str, dict[str, Row]] = {}
        for row in rows:
            self._rows.setdefault(row.path, {})[row.method] = row
            if row.method == "GET":
                self._rows[row.path]["HEAD"] = row
        self._count = 0
        self._prefix = service.entropy(6).hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI has it."""
        if scope["type"] != "http":
            raise RuntimeError(
                "this application speaks HTTP alone, and is started without lifespan"
            )
        service, metrics = self._service, self._service.metrics
        began = time.perf_counter()
        self._count += 1
        asked = _Asked(scope, f"{self._prefix}{self._count:x}", self._rows)
        if metrics.going >= service.most_at_once:
            metrics.shed += 1
            answer = asked.refused(refusal("busy"))
        else:
            metrics.going += 1
            try:
                answer = await self._answer(asked, receive)
            except GoneError:
                asked.log(service, 499, began)
                return
            finally:
                metrics.going -= 1
        asked.log(service, answer.status, began)
        await _send(answer, asked.request_id, receive, send)

    async def _answer(self, asked: _Asked, receive: Receive) -> Answer:
        service = self._service
        try:
            if asked.row is None:
                raise asked.nowhere()
            return await self._routed(asked, asked.row, receive)
        except Refusal as refused:
            return await self._refused(asked, refused)
        except AuthError as error:
            return await self._refused(asked, problems.of(error))
        except (GoneError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - a defect is answered and logged, and what it holds is not
            service.log.event("defect", id=asked.request_id, kind=_place(error))
            return asked.refused(refusal("defect"))

    async def _refused(self, asked: _Asked, refused: Refusal) -> Answer:
        service = self._service
        if refused.private:
            service.log.event("trouble", id=asked.request_id, detail=refused.private)
        if refused.status == 403 and asked.key is not None and asked.row is not None:
            what = {
                "by": f"key:{asked.key.id}",
                "code": refused.code,
                "detail": refused.detail,
                "route": f"{asked.row.method} {asked.row.path}",
            }
            event = AuditEvent(service.clock(), Happening("refuse", "denied", details=what))
            try:
                await service.store.audit_append(asked.key.tenant, event)
            except AuthError as error:
                # it is refused either way; that nobody wrote it down is for the log
                service.log.event(
                    "unrecorded", id=asked.request_id, detail=problems.clean(str(error))
                )
        return asked.refused(refused)

    async def _routed(self, asked: _Asked, row: Row, receive: Receive) -> Answer:
        scope, service = asked.scope, self._service
        client = scope.get("client")
        asked.key = await service.callers.find(
            scope["headers"],
            client[0] if client else "",
            everywhere=row.everywhere,
            browser=row.browser,
        )
        if row.right is not None and not (row.or_proof and asked.key is None):
            if asked.key is None:
                raise refusal("unauthorized")
            if row.right not in asked.key.rights:
                raise refusal("forbidden", f"this route needs a key with the right {row.right!r}")
        query = _query(scope["query_string"], row.query)
        body: Mapping[str, Any] = {}
        if row.body is not None:
            body = parse_object(await read_body(scope, receive))
            if not row.checks_itself:
                check(body, row.body, "body")
        call = Call(service, row.path, scope["headers"], query, body, asked.key, service.clock())
        return await row.handler(call)


class _Asked:
    """A request on its way through."""

    __slots__ = ("key", "methods", "request_id", "row", "scope")

    def __init__(
        self, scope: Scope, request_id: str, rows: Mapping[str, Mapping[str, Row]]
    ) -> None:
        self.scope, self.request_id = scope, request_id
        self.methods = rows.get(scope["path"], {})
        self.row = self.methods.get(scope["method"])
        self.key: ApiKey | None = None

    def nowhere(self) -> Refusal:
        """Refuse a path or a method that is not there."""
        if not self.methods:
            return refusal("not_found")
        allowed = ", ".join(sorted(self.methods)).encode("ascii")
        return refusal("method", headers=((b"allow", allowed),))

    def refused(self, refused: Refusal) -> Answer:
        """Write a refusal the way this path does."""
        row = self.row or next(iter(self.methods.values()), None)
        if row is not None and row.browser and refused.status == 401:
            refused.headers = (*refused.headers, problems.ASK_BROWSER)
        return (problems.problem if row is None else row.refuse)(refused, self.request_id)

    def log(self, service: Service, status: int, began: float) -> None:
        """Count the request, and write its line."""
        row = self.row
        method, route = (NOWHERE, NOWHERE) if row is None else (row.method, row.path)
        seconds = time.perf_counter() - began
        service.metrics.count(method, route, status, seconds)
        key = "" if self.key is None else self.key.id
        service.log.request(method, route, status, seconds, key, self.request_id)


def _query(raw: bytes, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Read the parameters of a query. Raises: Refusal (invalid, malformed)."""
    if not raw:
        return {}
    try:
        if len(raw) > _LONGEST_QUERY:
            raise ValueError("too long")
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        raise refusal("malformed", "the query cannot be read") from None
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in found or name not in known:
            raise refusal("invalid", f"{name[:80]}: not a parameter of this route, or given twice")
        found[name] = from_query(text, known[name], name)
    return found


async def _send(answer: Answer, request_id: str, receive: Receive, send: Send) -> None:
    headers = [
        *answer.headers,
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-request-id", request_id.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.status in _CLOSING:
        headers.append(_CLOSE)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.status != 413:
        await send({"type": "http.response.body", "body": answer.body})
        return
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    # closed at once, whoever is still sending would see a broken connection and not the answer
    try:
        await asyncio.wait_for(_read_off(receive), _LINGER)
    except (asyncio.TimeoutError, TimeoutError):
        pass
    await send({"type": "http.response.body", "body": b""})


async def _read_off(receive: Receive) -> None:
    size = 0
    while size < _LINGER_BYTES:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        size += len(message.get("body", b""))


def _place(error: BaseException) -> str:
    """Where a defect is, without what it says: that may hold anything."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    name = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} at {name}:{trace.tb_lineno}"
