"""The routes of the published product's service, `{ok, data|error}` and all, over what the others do.

Different on purpose: what it listed to anybody needs a key now, and tokens are listed to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanoniv_auth.core import delegation
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.rfc3339 import format_time
from kanoniv_server.domain.delegations import ENTROPY, Order, issue
from kanoniv_server.domain.keys import caller as caller_of
from kanoniv_server.domain.values import ISSUE, READ, REVOKE
from kanoniv_server.routes import shapes
from kanoniv_server.routes.delegations import require_names
from kanoniv_server.routes.revocations import revoke_and_tell
from kanoniv_server.routes.verify import decide
from kanoniv_server.web.problems import Answer, Refusal, envelope, json_answer, of, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_server.domain.values import Delegation
    from kanoniv_server.web.service import Call

_SEED = 32
_TEXTS = {"type": "array", "items": {"type": "string"}}
_DATE_OR_NULL = {"type": ["string", "null"], "description": "RFC 3339, UTC"}


def _data(shape: Any) -> dict[str, Any]:
    return shapes.answer(ok={"type": "boolean", "enum": [True]}, data=shape)


def _answer(data: object) -> Answer:
    return json_answer({"ok": True, "data": data})


def _date(seconds: int | None) -> str | None:
    return None if seconds is None else format_time(seconds)


async def delegate(call: Call) -> Answer:
    """Issue to a key made for this caller, and seal with it, so that the token works at once. Raises: AuthError."""
    service = call.service
    order = Order.read(call.body["scopes"], call.body.get("ttl_seconds"))
    require_names(order)
    entropy = service.entropy(ENTROPY + _SEED)
    key = KeyPair.generate(entropy[ENTROPY:])
    made = await issue(
        Order(order.scopes, order.ttl, key.public),
        caller=caller_of(call.caller),
        tenant=await call.tenant(),
        signer=await call.signer(),
        store=service.store,
        now=call.now,
        entropy=entropy[:ENTROPY],
    )
    chain = made.chain
    return _answer(
        {
            "delegation_id": chain.id.hex(),
            "agent_did": chain.holder_did,
            "scopes": chain.scopes,
            "token": seal(chain, key, now=call.now),
            "bundle": delegation.bundle(key.seed, chain),
            "expires_at": _date(chain.expires_at),
        }
    )


async def verify(call: Call) -> Answer:
    """Answer whether a token covers a scope. Raises: Refusal, StorageError."""
    try:
        proven = await decide(call, call.body)
    except AuthError as error:
        refused = of(error)
        if refused.status == 403:
            refused.detail = _words(error, refused, call.now)
        raise refused from None
    end = proven.expires_at
    return _answer(
        {
            "valid": True,
            "agent_did": proven.agent_did,
            "root_did": proven.root_did,
            "scopes": proven.scopes,
            "chain_depth": proven.chain_depth,
            "ttl_remaining": None if end is None else float(end - call.now),
        }
    )


def _words(error: AuthError, refused: Refusal, now: int) -> str:
    """Say a refusal in the words that scripts look for."""
    if error.slug == "expired":
        at = error.facts["at"]
        ago = format_ttl(max(1, now - at)) if isinstance(at, int) else "some time"
        return f"EXPIRED: token expired {ago} ago"
    if error.slug == "revoked":
        return "DENIED: delegation has been revoked"
    return f"DENIED: {refused.detail}"


async def revoke(call: Call) -> Answer:
    """Revoke one link of the ledger. Raises: Refusal (not_found), AuthError."""
    link = bytes.fromhex(call.body["delegation_id"])
    row = await call.service.store.delegation(call.caller.tenant, link)
    if row is None or row.revoked_at is not None:
        raise refusal("not_found", "delegation not found or already revoked")
    await revoke_and_tell(call, [link], [])
    return _answer({"revoked": True, "delegation_id": link.hex(), "agent_did": row.holder_did})


async def some(call: Call) -> Answer:
    """List the newest 100, without their tokens. Raises: StorageError."""
    tenant = await call.tenant()
    page = await call.service.store.delegations(
        tenant.name,
        holder_did=call.query.get("agent_did"),
        active_at=call.now if call.query.get("active_only") else None,
    )
    return _answer([_row(one, tenant.root_did) for one in page.items])


def _row(one: Delegation, root_did: str) -> dict[str, object]:
    return {
        "id": one.id.hex(),
        "agent_did": one.holder_did,
        "root_did": root_did,
        "scopes": one.scopes,
        "created_at": _date(one.issued_at),
        "expires_at": _date(one.expires_at),
        "revoked": one.revoked_at is not None,
    }


async def health(_: Call) -> Answer:
    """Say that the process runs."""
    return json_answer({"status": "ok", "service": "kanoniv-auth"})


_TAG = "published product"
ROWS = (
    Row(
        "POST",
        "/delegate",
        delegate,
        "Issue a token that works at once",
        {
            200: Reply(
                "`token` is sealed; `bundle` holds its key, for delegating and signing: SECRET, both",
                _data(
                    shapes.answer(
                        delegation_id=shapes.LINK_ID,
                        agent_did=shapes.DID,
                        scopes=_TEXTS,
                        token={"type": "string", "description": "kd2.…~s…"},
                        bundle={"type": "string", "description": "kdb2.…: SECRET"},
                        expires_at=_DATE_OR_NULL,
                    )
                ),
            )
        },
        right=ISSUE,
        body={
            "type": "object",
            "required": ["scopes"],
            "properties": {
                "scopes": {**shapes.SCOPES["anyOf"][1], "minItems": 0},
                "ttl_seconds": {
                    "anyOf": [
                        {"type": "integer", "minimum": 1, "maximum": 366 * 10 * 86400},
                        {"type": "null"},
                    ],
                    "description": "4 hours when it is not given",
                },
            },
        },
        refuse=envelope,
        text=(
            "The published client uses `token` as it comes, so it is sealed here, for any verifier without a name, "
            "with a key made for this caller. `bundle` moves that key: `kanoniv-auth accept` takes it. Neither is kept."
        ),
        tag=_TAG,
    ),
    Row(
        "POST",
        "/verify",
        verify,
        "Does this token cover this scope?",
        {
            200: Reply(
                "it does",
                _data(
                    shapes.answer(
                        valid={"type": "boolean", "enum": [True]},
                        agent_did=shapes.DID,
                        root_did=shapes.DID,
                        scopes=_TEXTS,
                        chain_depth={"type": "integer"},
                        ttl_remaining={"type": ["number", "null"], "description": "seconds"},
                    )
                ),
            )
        },
        body={
            "type": "object",
            "required": ["token", "scope"],
            "properties": {
                "token": {"type": "string", "maxLength": 32768},
                "scope": {"type": "string", "maxLength": 4096},
            },
        },
        refuse=envelope,
        tag=_TAG,
        everywhere=False,
    ),
    Row(
        "POST",
        "/revoke",
        revoke,
        "Revoke one delegation, with all that was delegated from it",
        {
            200: Reply(
                "it is revoked",
                _data(
                    shapes.answer(
                        revoked={"type": "boolean", "enum": [True]},
                        delegation_id=shapes.LINK_ID,
                        agent_did=shapes.DID,
                    )
                ),
            )
        },
        right=REVOKE,
        body={
            "type": "object",
            "required": ["delegation_id"],
            "properties": {"delegation_id": shapes.LINK_ID},
        },
        refuse=envelope,
        tag=_TAG,
    ),
    Row(
        "GET",
        "/delegations",
        some,
        "The newest 100, without their tokens",
        {
            200: Reply(
                "what was issued",
                _data(
                    shapes.listing(
                        id=shapes.LINK_ID,
                        agent_did=shapes.DID,
                        root_did=shapes.DID,
                        scopes=_TEXTS,
                        created_at={"type": "string"},
                        expires_at=_DATE_OR_NULL,
                        revoked={"type": "boolean"},
                    )
                ),
            )
        },
        right=READ,
        query={"agent_did": shapes.DID, "active_only": {"type": "boolean"}},
        refuse=envelope,
        tag=_TAG,
    ),
    Row(
        "GET",
        "/health",
        health,
        "Does the process run?",
        {
            200: Reply(
                "it does", shapes.answer(status={"type": "string"}, service={"type": "string"})
            )
        },
        refuse=envelope,
        tag=_TAG,
    ),
)
