"""JSON schemas that several routes speak in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

LINK_ID: dict[str, Any] = {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
    "description": "a link id: 64 lowercase hex digits",
}
DID: dict[str, Any] = {
    "type": "string",
    "pattern": "^did:agent:[0-9a-f]{32}$",
    "description": "did:agent: and 32 hex digits",
}
DID_KEY: dict[str, Any] = {
    "type": "string",
    "pattern": "^did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}$",
    "description": "an Ed25519 public key as did:key:z…",
}
TENANT: dict[str, Any] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9._-]{1,64}$",
    "description": "a tenant's name",
}
SECONDS: dict[str, Any] = {"type": "integer", "description": "unix seconds"}
SECONDS_OR_NULL: dict[str, Any] = {"type": ["integer", "null"], "description": "unix seconds"}
SCOPES: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 16384},
        {
            "type": "array",
            "minItems": 1,
            "maxItems": 64,
            "items": {"type": "string", "minLength": 1, "maxLength": 4096},
        },
    ],
    "description": "1 to 64 scopes, as a list or separated by commas",
}
TTL: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 366 * 10 * 86400},
        {"type": "string", "pattern": "^(never|([0-9]{1,9}[dhms]?){1,4})$"},
    ],
    "description": "seconds, or 30s, 15m, 4h, 1d, 1h30m, never; 4 hours when it is not given",
}
LIMIT: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 1000,
    "description": "at most so many",
}
CURSOR: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 2**53,
    "description": "`next` of the page before",
}
NEXT: dict[str, Any] = {
    "type": ["integer", "null"],
    "description": "`cursor` for the page after; null when there is none",
}


def answer(*optional: str, **properties: Any) -> dict[str, Any]:
    """Describe an object that is sent: all of the properties are there but the optional ones."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
        "additionalProperties": False,
    }


def listing(**properties: Any) -> dict[str, Any]:
    """Describe a list of objects."""
    return {"type": "array", "items": answer(**properties)}
