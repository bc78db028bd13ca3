"""/v1/revocations: revoke by link id or key, which kills all below; and the signed list for verifiers elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanoniv_auth.core import sodium
from kanoniv_auth.core.errors import KeyInvalid
from kanoniv_auth.core.keys import parse_did_key
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_server.domain.keys import caller as caller_of
from kanoniv_server.domain.revocations import MOST, current_list, revoke
from kanoniv_server.domain.values import DEFAULT_TENANT, REVOKE
from kanoniv_server.routes import shapes
from kanoniv_server.web.problems import Answer, json_answer, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_server.web.service import Call

_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ids": {"type": "array", "maxItems": MOST, "items": shapes.LINK_ID},
        "keys": {"type": "array", "maxItems": MOST, "items": shapes.DID_KEY},
    },
}
_REVOKED = shapes.answer(
    revoked=shapes.answer(ids={"type": "integer"}, keys={"type": "integer"}),
    seq={"type": "integer", "description": "of the list that says so"},
    list={"type": "string", "description": "kdr2.…: the whole signed list"},
)


async def add(call: Call) -> Answer:
    """Revoke links and keys; this process's verifications know before the answer is sent. Raises: AuthError."""
    ids = [bytes.fromhex(text) for text in call.body.get("ids", ())]
    text = await revoke_and_tell(call, ids, [_key(text) for text in call.body.get("keys", ())])
    count = {"ids": len(set(ids)), "keys": len(set(call.body.get("keys", ())))}
    return json_answer({"revoked": count, "seq": read_list(text).seq, "list": text})


def _key(text: str) -> bytes:
    try:
        return parse_did_key(text)
    except KeyInvalid as error:
        raise refusal("invalid", f"keys: {error}") from None


async def revoke_and_tell(call: Call, ids: list[bytes], keys: list[bytes]) -> str:
    """Revoke, let this process know, and tell the others; returns the signed list. Raises: AuthError."""
    service = call.service
    text = await revoke(
        caller=caller_of(call.caller),
        tenant=await call.tenant(),
        signer=await call.signer(),
        store=service.store,
        now=call.now,
        ids=ids,
        keys=keys,
    )
    service.reach.learn(text)
    await service.announce()
    return text


async def newest(call: Call) -> Answer:
    """Give the signed list. Raises: Refusal (not_found), StorageError, KeyInvalid."""
    service = call.service
    found = await service.reach.tenant(call.query.get("tenant", DEFAULT_TENANT))
    if found is None:
        raise refusal("not_found", "there is no such tenant")
    tenant = found[0]
    signer = await service.roots.signer(tenant)
    text = await current_list(tenant, signer=signer, store=service.store, now=call.now)
    tag = f'"{read_list(text).seq}-{sodium.sha256(text.encode("ascii"))[:8].hex()}"'
    headers = ((b"etag", tag.encode("ascii")), (b"cache-control", b"no-cache"))
    if _names(call.header(b"if-none-match"), tag):
        return Answer(304, b"", headers)
    media = (b"content-type", b"text/plain; charset=us-ascii")
    return Answer(200, text.encode("ascii") + b"\n", (media, *headers))


def _names(header: str, tag: str) -> bool:
    given = [one.strip().removeprefix("W/") for one in header.split(",")]
    return tag in given or given == ["*"]


ROWS = (
    Row(
        "POST",
        "/v1/revocations",
        add,
        "Revoke links and keys, with all that was delegated from them",
        {200: Reply("they are revoked, durably and for good", _REVOKED)},
        right=REVOKE,
        body=_BODY,
        text=(
            "Verifications of this process know before the answer is sent, those of others within half a second, "
            "verifiers elsewhere when they fetch the list. A parent can issue again: to stop it, revoke the parent."
        ),
        tag="revocations",
    ),
    Row(
        "GET",
        "/v1/revocations",
        newest,
        "The signed list of everything that is revoked",
        {
            200: Reply("the list, one line", None, "text/plain", ("ETag",)),
            304: Reply("the list that If-None-Match names is the newest", headers=("ETag",)),
        },
        query={"tenant": shapes.TENANT},
        text="Public: what it says is signed by the tenant's root, and needs no trust in whoever hands it on.",
        tag="revocations",
    ),
)
