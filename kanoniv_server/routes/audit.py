"""GET /v1/audit: what was issued, revoked and refused, as one chain of hashes; and whether it still is one."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import LogBroken
from kanoniv_auth.core.trail import Trail
from kanoniv_server.domain.values import READ
from kanoniv_server.routes import shapes
from kanoniv_server.web.problems import json_answer
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_server.domain.values import AuditLine
    from kanoniv_server.web.problems import Answer
    from kanoniv_server.web.service import Call

_PAGE = 1000
_PAGE_SHAPE = shapes.answer(
    "verified",
    lines={
        "type": "array",
        "items": {"type": "string"},
        "description": "records as they were hashed",
    },
    next=shapes.NEXT,
    verified=shapes.answer(
        "detail",
        intact={"type": "boolean"},
        records={"type": "integer", "description": "that follow one another from the first on"},
        head={"type": "string", "description": "hash of the last of them"},
        at={"type": "integer", "description": "unix seconds: when the walk began"},
        detail={"type": "string", "description": "what is wrong after it"},
    ),
)


async def page(call: Call) -> Answer:
    """Give a page, newest first; with `verify`, walk the whole chain first. Raises: StorageError."""
    query, store, tenant = call.query, call.service.store, call.caller.tenant
    document: dict[str, object] = {}
    if query.get("verify"):
        document["verified"] = await call.service.kept.get(
            f"audit {tenant}", partial(_walked, call)
        )
    found = await store.audit_page(
        tenant, limit=query.get("limit", 100), before=query.get("cursor")
    )
    document["lines"] = [one.line.decode("ascii", "backslashreplace") for one in found.items]
    document["next"] = found.next
    return json_answer(document)


async def _walked(call: Call) -> dict[str, object]:
    trail, after = Trail({}), 0
    try:
        while True:
            found = await call.service.store.audit_page(
                call.caller.tenant, limit=_PAGE, after=after
            )
            # a thousand hashes are some hundredths of a second, in which others want to be served
            await asyncio.to_thread(_take, trail, found.items)
            if found.next is None:
                return {"intact": True, "records": trail.seq, "head": trail.head, "at": call.now}
            after = found.next
    except LogBroken as error:
        broken = {"intact": False, "records": trail.seq, "head": trail.head, "at": call.now}
        return {**broken, "detail": str(error)}


def _take(trail: Trail, lines: tuple[AuditLine, ...]) -> None:
    for one in lines:
        trail.take(one.line, f"record {one.seq}")


ROWS = (
    Row(
        "GET",
        "/v1/audit",
        page,
        "The audit chain, newest first",
        {200: Reply("a page of records", _PAGE_SHAPE)},
        right=READ,
        query={
            "limit": shapes.LIMIT,
            "cursor": shapes.CURSOR,
            "verify": {
                "type": "boolean",
                "description": "check the chain from its first record on",
            },
        },
        text=(
            "Each record names the hash of the one before. A chain whose end was cut off looks whole: keep `head` "
            "elsewhere. Of a tenant one walk goes on at a time, and a fifth of the time at most: who asks for `verify` "
            "again gets what the last walk has found, and `at` says when. Verifications are not recorded here, they "
            "are counted at /metrics."
        ),
        tag="audit",
    ),
)
