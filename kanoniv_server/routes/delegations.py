"""/v1/delegations: issue a link, and see what was issued. Tokens are handed out once, and never listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanoniv_auth.core.caveats import check_caveats
from kanoniv_auth.core.keys import did_key
from kanoniv_auth.core.redaction import redact
from kanoniv_server.domain.delegations import ENTROPY, Order, issue
from kanoniv_server.domain.keys import caller as caller_of
from kanoniv_server.domain.values import ISSUE, READ
from kanoniv_server.routes import shapes
from kanoniv_server.web.problems import json_answer, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_server.domain.values import Delegation
    from kanoniv_server.web.problems import Answer
    from kanoniv_server.web.service import Call

_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["scopes"],
    "properties": {
        "scopes": shapes.SCOPES,
        "ttl": shapes.TTL,
        "to": {
            **shapes.DID_KEY,
            "description": "did:key:z…: the receiver's own key; without it one is made",
        },
        "name": {**shapes.TENANT, "description": "a label of A-Z a-z 0-9 . _ -"},
        "caveats": {
            "type": "array",
            "maxItems": 64,
            "description": 'arrays such as ["max_depth", 1], see the token format',
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": 8,
                "items": {
                    "anyOf": [
                        {"type": "string", "maxLength": 1024},
                        {"type": "integer", "minimum": 0, "maximum": 2**53},
                    ],
                    "description": "text or an integer",
                },
            },
        },
    },
}
_ISSUED = shapes.answer(
    "grant",
    "bundle",
    id=shapes.LINK_ID,
    holder_did=shapes.DID,
    root_did=shapes.DID,
    root_key=shapes.DID_KEY,
    scopes={"type": "array", "items": {"type": "string"}},
    expires_at=shapes.SECONDS_OR_NULL,
    cut={"type": "boolean", "description": "it ends before the TTL that was asked for"},
    grant={"type": "string", "description": "kd2.…: for the holder of `to`, who accepts it"},
    bundle={"type": "string", "description": "kdb2.…: SECRET, with the key that was made"},
)
_LISTED = shapes.answer(
    delegations=shapes.listing(
        id=shapes.LINK_ID,
        holder_did=shapes.DID,
        holder_key=shapes.DID_KEY,
        scopes={"type": "array", "items": {"type": "string"}},
        name={"type": ["string", "null"]},
        by={"type": "string"},
        issued_at=shapes.SECONDS,
        expires_at=shapes.SECONDS_OR_NULL,
        revoked_at=shapes.SECONDS_OR_NULL,
    ),
    next=shapes.NEXT,
)


async def add(call: Call) -> Answer:
    """Issue a grant to the receiver's key, or a bundle with a key made for this caller. Raises: AuthError."""
    body, service = call.body, call.service
    order = Order.read(body["scopes"], body.get("ttl"), to=body.get("to"), name=body.get("name"))
    require_names(order)
    rows = tuple(tuple(row) for row in body.get("caveats", ()))
    if rows:
        caveats = check_caveats(rows)
        order = Order(order.scopes, order.ttl, order.to, order.name, caveats)
    tenant = await call.tenant()
    made = await issue(
        order,
        caller=caller_of(call.caller),
        tenant=tenant,
        signer=await call.signer(),
        store=service.store,
        now=call.now,
        entropy=service.entropy(ENTROPY),
    )
    chain = made.chain
    document = {
        "id": chain.id.hex(),
        "holder_did": chain.holder_did,
        "root_did": tenant.root_did,
        "root_key": tenant.root_key,
        "scopes": chain.scopes,
        "expires_at": chain.expires_at,
        "cut": made.cut,
        "bundle" if made.is_bundle else "grant": made.text,
    }
    return json_answer(document, 201)


def require_names(order: Order) -> None:
    """Refuse a key or a token that was pasted as a name: it would be signed, kept and listed. Raises: Refusal."""
    for text in (*order.scopes, order.name or ""):
        if redact(text) != text:
            raise refusal("invalid", "this looks like a key or a token, and no scope or label")


async def some(call: Call) -> Answer:
    """List what was issued, newest first. Raises: StorageError."""
    query = call.query
    page = await call.service.store.delegations(
        call.caller.tenant,
        holder_did=query.get("holder"),
        active_at=call.now if query.get("active") else None,
        limit=query.get("limit", 100),
        before=query.get("cursor"),
    )
    rows = [_row(one) for one in page.items]
    return json_answer({"delegations": rows, "next": page.next})


def _row(one: Delegation) -> dict[str, object]:
    return {
        "id": one.id.hex(),
        "holder_did": one.holder_did,
        "holder_key": did_key(one.holder),
        "scopes": one.scopes,
        "name": one.name,
        "by": one.by,
        "issued_at": one.issued_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
    }


ROWS = (
    Row(
        "POST",
        "/v1/delegations",
        add,
        "Issue a delegation from the tenant's root",
        {201: Reply("it is issued, and durably written down", _ISSUED)},
        right=ISSUE,
        body=_BODY,
        text=(
            "With `to`, the answer is a grant, which is worth nothing without the receiver's key. Without it, a key is "
            "made for this caller, and the answer is a bundle that holds it: it is not kept, and cannot be had again."
        ),
        tag="delegations",
    ),
    Row(
        "GET",
        "/v1/delegations",
        some,
        "What was issued, newest first",
        {200: Reply("a page of the ledger; tokens are in no row of it", _LISTED)},
        right=READ,
        query={
            "holder": {**shapes.DID, "description": "did:agent:…: only those of this holder"},
            "active": {"type": "boolean", "description": "only those not revoked or expired"},
            "limit": shapes.LIMIT,
            "cursor": shapes.CURSOR,
        },
        tag="delegations",
    ),
)
