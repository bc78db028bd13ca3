"""POST /v1/verify: may the holder of this token do this? The one verifier of `core`, over what is remembered here."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from kanoniv_auth.core import verification
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError, StorageError
from kanoniv_auth.core.token import BUNDLE_PREFIX
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.web.problems import JSON, Answer, refusal
from kanoniv_server.web.schemas import check
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.core.token import VerifiedToken
    from kanoniv_server.web.service import Call, Service

POP = "pop"
_MOST_WRITTEN = 4096
# of a pop's nonce: its store gives up before that by itself
_PATIENCE = 4.0

BODY: dict[str, Any] = {
    "type": "object",
    "required": ["token", "scope"],
    "properties": {
        "token": {"type": "string", "maxLength": 32768, "description": "kd2.…~s… or kd2.…~p…"},
        "scope": {"type": "string", "maxLength": 4096, "description": "what is to be done"},
        "audience": {
            "type": "string",
            "maxLength": 255,
            "description": "the name of whoever asks, as tokens are sealed for it",
        },
        "context": {
            "type": "object",
            "maxProperties": 64,
            "additionalProperties": {"type": "string", "maxLength": 1024},
            "description": "facts for context caveats",
        },
        "resource": {"type": "string", "maxLength": 4096, "description": "a path, for caveats"},
        "cost": {
            "type": "object",
            "required": ["currency", "amount"],
            "properties": {
                "currency": {"type": "string", "maxLength": 16},
                "amount": {"type": "integer", "minimum": 0, "maximum": 2**53},
            },
            "description": "of this one access, in minor units",
        },
        "args_sha256": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "64 lowercase hex digits: SHA-256 of the request's arguments, for a pop",
        },
        "tenant": {
            "type": "string",
            "pattern": "^[A-Za-z0-9._-]{1,64}$",
            "description": "whose root is trusted; the API key's tenant, or default",
        },
    },
}
_VERDICT: dict[str, Any] = {
    "type": "object",
    "required": [
        "valid",
        "agent_did",
        "root_did",
        "scopes",
        "chain_depth",
        "expires_at",
        "ttl_remaining",
    ],
    "properties": {
        "valid": {"type": "boolean", "enum": [True]},
        "agent_did": {"type": "string"},
        "root_did": {"type": "string"},
        "scopes": {"type": "array", "items": {"type": "string"}},
        "chain_depth": {"type": "integer"},
        "expires_at": {"type": ["integer", "null"]},
        "ttl_remaining": {"type": ["integer", "null"]},
    },
}


async def verify(call: Call) -> Answer:
    """Answer whether a token's holder may do something now. Raises: Refusal, AuthError."""
    body = call.body
    if len(body) != 2 or type(body.get("token")) is not str or type(body.get("scope")) is not str:
        check(body, BODY, "body")
    proven = await decide(call, body)
    return Answer(200, verdict(proven, call.service.written, call.now), JSON)


def verdict(proven: VerifiedToken, written: dict[bytes, tuple[Chain, str]], now: int) -> bytes:
    """Write what was proven just now, as JSON."""
    end = proven.expires_at
    left = "null" if end is None else str(end - now)
    return f'{_facts(proven, written)}"ttl_remaining":{left}}}'.encode("ascii")


def _facts(proven: VerifiedToken, written: dict[bytes, tuple[Chain, str]]) -> str:
    """Write what a chain proves: the verdict up to its last member, once for each chain that is asked for often.

    Facts alone, of a chain that was verified just now: whether it may is not remembered.
    """
    chain = proven.chain
    found = written.get(chain.id)
    if found is None or found[0] is not chain:
        if len(written) >= _MOST_WRITTEN:
            written.clear()
        found = written[chain.id] = (chain, _words(chain))
    return found[1]


def _words(chain: Chain) -> str:
    end = "null" if chain.expires_at is None else chain.expires_at
    scopes = '","'.join(chain.scopes)
    # a verified chain's scopes are in the grammar: nothing here needs an escape, and `json` takes six times as long
    return (
        f'{{"valid":true,"agent_did":"{chain.holder_did}","root_did":"{chain.root_did}",'
        f'"scopes":["{scopes}"],"chain_depth":{chain.depth},"expires_at":{end},'
    )


async def decide(call: Call, body: Mapping[str, Any]) -> VerifiedToken:
    """Verify what a request asks about. body: checked. Raises: Refusal (not_found, forbidden), AuthError."""
    service = call.service
    roots = await _trusted(call, body.get("tenant"))
    try:
        return await _verified(service, body, roots, call.now)
    except StorageError:
        raise
    except AuthError as error:
        service.metrics.refuse(error.slug)
        raise


async def _trusted(call: Call, asked: str | None) -> TrustedRoots:
    key, reach = call.key, call.service.reach
    name = asked or (DEFAULT_TENANT if key is None else key.tenant)
    if key is not None and key.tenant != name:
        raise refusal("forbidden", "this API key is another tenant's")
    found = reach.known_tenant(name) or await reach.tenant(name)
    if found is None:
        raise refusal("not_found", "there is no such tenant")
    return found[1]


async def _verified(
    service: Service, body: Mapping[str, Any], roots: TrustedRoots, now: int
) -> VerifiedToken:
    token = body["token"]
    checked = partial(
        verification.verify,
        token,
        roots=roots,
        audience=body.get("audience") or None,
        access=_access(body),
        now=now,
        revoked=service.reach.revoked(),
        cache=service.cache,
    )
    if "~p" not in token or token.startswith(BUNDLE_PREFIX):
        return checked(once=None)
    return await with_once(service, checked)


async def with_once(service: Service, checked: Callable[..., VerifiedToken]) -> VerifiedToken:
    """Verify a pop: only that waits for something, the store of what was used, asked when all signatures are checked.

    checked: takes `once`. Raises: as it does, StorageError.
    """
    once = partial(service.once.spend, POP)
    loop = asyncio.get_running_loop()
    going = loop.run_in_executor(service.blocking, partial(checked, once=once))
    try:
        return await asyncio.wait_for(going, _PATIENCE)
    except (asyncio.TimeoutError, TimeoutError):
        raise StorageError("storage", detail="what was used once: no answer") from None


def _access(body: Mapping[str, Any]) -> Access:
    if len(body) == 2:  # the usual one: nothing but a token and a scope
        return Access(body["scope"])
    cost, args = body.get("cost"), body.get("args_sha256")
    facts: dict[str, Any] = {} if args is None else {"args_sha256": bytes.fromhex(args)}
    return Access(
        body["scope"],
        context=body.get("context"),
        resource=body.get("resource"),
        cost=None if cost is None else (cost["currency"], cost["amount"]),
        **facts,
    )


ROWS = (
    Row(
        "POST",
        "/v1/verify",
        verify,
        "May the holder of this token do this now?",
        {200: Reply("it may", _VERDICT), 403: Reply("it may not; `type` says why")},
        body=BODY,
        text=(
            "Anybody may ask. A key is asked for nothing here but its tenant and its rate. Every refusal of the token "
            "is 403, malformed ones 400; a 401 speaks of the API key."
        ),
        tag="verification",
        everywhere=False,
        checks_itself=True,
    ),
)
