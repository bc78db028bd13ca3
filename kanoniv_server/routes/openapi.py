"""GET /openapi.json: the table of routes as an OpenAPI 3.1 document. The schemas in it are those that are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanoniv_auth import __version__
from kanoniv_server.routes import shapes
from kanoniv_server.web.problems import Answer, json_answer, problem
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_server.web.service import Call

PROBLEM = shapes.answer(
    "fix",
    "need",
    "have",
    "claims",
    "failed",
    type={"type": "string", "description": "urn:kanoniv:error:<slug>"},
    title={"type": "string"},
    status={"type": "integer"},
    code={"type": "string", "description": "KAN-…, as in docs/errors.md"},
    detail={"type": "string"},
    instance={"type": "string", "description": "the request's id, as in the service's log"},
    fix={"type": "string", "description": "what to do about it"},
    need={"type": "string", "description": "of a refused scope: what is not granted"},
    have={
        "type": "array",
        "items": {"type": "string"},
        "description": "of a refused scope: what the token or the API key grants",
    },
    claims={
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "of an exchange: what was seen in the OIDC token",
    },
    failed=shapes.listing(
        policy={"type": "string"}, claim={"type": "string"}, why={"type": "string"}
    ),
)
PUBLISHED = shapes.answer(ok={"type": "boolean", "enum": [False]}, error={"type": "string"})
_WORDS = {
    400: "the request or the token is malformed",
    401: "no API key, or none that works",
    403: "refused",
    404: "not there",
    408: "the request did not arrive in time",
    413: "the request is too long",
    422: "a field cannot be used",
    429: "too many requests",
    503: "no room, or something that the service stands on is away: never an allow",
}


def row(rows: Iterable[Row]) -> Row:
    """Make the route that describes the others, and itself."""
    made: dict[str, Any] = {}

    async def openapi(_: Call) -> Answer:
        return json_answer(made)

    own = Row(
        "GET",
        "/openapi.json",
        openapi,
        "This document",
        {200: Reply("OpenAPI 3.1", {"type": "object"})},
    )
    made.update(document((*rows, own)))
    return own


def document(rows: Iterable[Row]) -> dict[str, Any]:
    """Write the table down."""
    paths: dict[str, dict[str, Any]] = {}
    for one in rows:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kanoniv-auth-server",
            "version": __version__,
            "description": "Issues, verifies and revokes delegations. Times are integer seconds UTC.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, "PublishedError": PUBLISHED},
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "kas_…"},
                "password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "the API key as the password, for browsers",
                },
            },
        },
    }


def _operation(one: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{one.method.lower()}{one.path.replace('/', '_').replace('.', '_')}",
        "summary": one.summary,
        "tags": [one.tag],
        "security": [
            {"apiKey": []},
            *([{}] if one.or_proof else []),
            *([{"password": []}] if one.browser else []),
        ]
        if one.right
        else [{}, {"apiKey": []}],
        "responses": _responses(one),
    }
    words = [one.text] if one.text else []
    if one.right:
        instead = ", or a holder's `proof`" if one.or_proof else ""
        words.append(f"Needs an API key with the right `{one.right}`{instead}.")
    if words:
        found["description"] = " ".join(words)
    if one.query:
        found["parameters"] = [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in one.query.items()
        ]
    if one.body is not None:
        media = {"schema": {**one.body, "additionalProperties": False}}
        found["requestBody"] = {"required": True, "content": {"application/json": media}}
    return found


def _responses(one: Row) -> dict[str, Any]:
    found = {str(status): _reply(reply) for status, reply in sorted(one.replies.items())}
    statuses = {400, 401, 422, 429, 503}
    if one.right is not None:
        statuses.add(403)
    if one.body is not None:
        statuses |= {408, 413}
    if "tenant" in (one.query or {}) or "tenant" in (one.body or {}).get("properties", {}):
        statuses |= {403, 404} if one.body else {404}
    named = "Problem" if one.refuse is problem else "PublishedError"
    media = "application/problem+json" if one.refuse is problem else "application/json"
    for status in sorted(statuses):
        content = {media: {"schema": {"$ref": f"#/components/schemas/{named}"}}}
        known = found.get(str(status))
        if known is None:
            found[str(status)] = {"description": _WORDS[status], "content": content}
        else:
            known["content"] = {**content, **known.get("content", {})}
    return dict(sorted(found.items()))


def _reply(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = {"description": reply.text}
    if reply.schema is not None:
        found["content"] = {reply.media: {"schema": reply.schema}}
    elif reply.media != "application/json":
        found["content"] = {reply.media: {"schema": {"type": "string"}}}
    if reply.headers:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in reply.headers}
    return found
