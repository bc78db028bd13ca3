"""Version 1 tokens as an attacker builds them: from docs/spec/version-1.md §1 alone, without a line of the library.

Links are signed truly, by whoever signs, over whatever payload; what stands beside the signature can be anything.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tests.advisories.attacker import BOB, NOW, ROOT, Key, b64

SIGNED = "2026-01-01T00:00:00.000Z"
EARLIER, LATER = "2026-02-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"
LATER_SECONDS = 4070908800
Link = dict[str, Any]


def compact(value: object, *, escape: bool = True) -> bytes:
    """As the published Python signs; with escape False, as the published Rust does."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=escape).encode()


def signed(
    signer: Key, payload: object, *, did: str | None = None, nonce: str = "n", escape: bool = True
) -> dict[str, Any]:
    """Any message of the published product: the root signs such things all day, not only delegations."""
    body = {
        "nonce": nonce,
        "payload": payload,
        "signer_did": did or signer.did,
        "timestamp": SIGNED,
    }
    return {**body, "signature": signer.sign(compact(body, escape=escape)).hex()}


def content_hash(proof: Mapping[str, Any]) -> str:
    return hashlib.sha256(compact(dict(proof))).hexdigest()


def caveats_of(scopes: Iterable[str] | None, until: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if scopes is not None:
        rows.append({"type": "action_scope", "value": list(scopes)})
    if until is not None:
        rows.append({"type": "expires_at", "value": until})
    return rows


def link(
    issuer: Key,
    delegate: Key,
    *scopes: str,
    until: str | None = LATER,
    after: Link | None = None,
    caveats: list[Any] | None = None,
    signer: Key | None = None,
    **payload: Any,
) -> Link:
    """A link with its outer fields as signed; `payload` changes what is signed, None leaves a field's value null."""
    rows = caveats_of(scopes or ("deploy",), until) if caveats is None else caveats
    said = {
        "caveats": rows,
        "delegate_did": delegate.did,
        "issuer_did": issuer.did,
        "parent_hash": None if after is None else content_hash(after["proof"]),
        **payload,
    }
    return around(signed(signer or issuer, said, did=issuer.did), signer or issuer)


def around(proof: dict[str, Any], key: Key) -> Link:
    """A link about a proof: its outer fields repeat the payload."""
    said = proof["payload"] if isinstance(proof["payload"], dict) else {}
    return {
        "issuer_did": said.get("issuer_did", key.did),
        "delegate_did": said.get("delegate_did", BOB.did),
        "issuer_public_key": list(key.public),
        "caveats": said.get("caveats", []),
        "parent_proof": None,
        "proof": proof,
    }


def token(holder: Key, *links: Any, key: Key | None = None, **top: Any) -> str:
    """A whole token; `top` changes what nobody signs, None takes a field out; key: sent along, the holder's."""
    scopes = [
        scope
        for row in links[-1]["caveats"]
        if row.get("type") == "action_scope"
        for scope in row["value"]
    ] if links and isinstance(links[-1], dict) else ["deploy"]  # fmt: skip
    fields = {
        "version": 1,
        "chain": list(links),
        "agent_did": holder.did,
        "scopes": scopes,
        "expires_at": LATER_SECONDS,
        "agent_private_key": b64((key or holder).seed),
        **top,
    }
    return text_of({name: value for name, value in fields.items() if value is not None})


def text_of(value: object) -> str:
    return b64(json.dumps(value, separators=(",", ":")).encode())


def honest(*scopes: str, root: Key = ROOT, holder: Key = BOB) -> Link:
    """The root's one true link to Bob, who may deploy to staging."""
    return link(root, holder, *(scopes or ("deploy.staging",)))


def nested(*links: Link) -> Link | None:
    """The last link with its parents inside, as the Rust library wants it."""
    found: Link | None = None
    for one in links:
        found = {**one, "parent_proof": found}
    return found


# ------------------------------------------------------------------- one call: docs/spec/mcp-proof.md §3

ARGS = {"id": 7, "who": "Zo\u00eb", "rate": 0.5}


def stamp(at: int | str) -> str:
    return at if isinstance(at, str) else time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


def invoked(
    *links: Link,
    by: Key = BOB,
    at: int | str = NOW,
    nonce: object = "n-1",
    outside: dict[str, Any] | None = None,
    key: Key | None = None,
    signer: Key | None = None,
    said_by: str | None = None,
    **payload: Any,
) -> dict[str, Any]:
    """Bob calls `resolve` with ARGS, as the published library signs it; every part can be something else.

    at: seconds, or the text · outside: what stands beside the signature · key: sent along · signer: who signs ·
    said_by: the signer's DID as signed
    """
    chain = links or (link(ROOT, BOB, "resolve"),)
    said = {
        "invoker_did": by.did, "action": "resolve", "args": ARGS,
        "delegation_hash": content_hash(chain[-1]["proof"]), **payload,
    }  # fmt: skip
    body = {
        "nonce": nonce,
        "payload": said,
        "signer_did": said_by or by.did,
        "timestamp": stamp(at),
    }
    signature = (signer or by).sign(compact(body, escape=False)).hex()
    shown = {name: said[name] for name in ("invoker_did", "action", "args")}
    return {
        "invocation": {
            **shown,
            "delegation": nested(*chain),
            "proof": {**body, "signature": signature},
            **(outside or {}),
        },
        "invoker_public_key": (key or by).public.hex(),
    }
