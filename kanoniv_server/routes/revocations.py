"""/v1/revocations: revoke by link id or key, which kills all below; and the signed list for verifiers elsewhere.

A key of the service revokes what it may. Whoever has none proves to hold a key, and ends links that were issued to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kanoniv_auth.core import sodium, verification
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import HolderUnproven, KeyInvalid, ScopeViolation, UsageError
from kanoniv_auth.core.keys import did, parse_did_key
from kanoniv_auth.core.own_revocation import own_revocation
from kanoniv_auth.core.proof import Pop
from kanoniv_server.domain.keys import caller as caller_of
from kanoniv_server.domain.revocations import MOST, current_list, read_kept, revoke
from kanoniv_server.domain.values import DEFAULT_TENANT, REVOKE, AuditEvent, Caller
from kanoniv_server.routes import shapes
from kanoniv_server.routes.verify import with_once
from kanoniv_server.web.problems import Answer, json_answer, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_server.domain.values import Tenant
    from kanoniv_server.web.service import Call

# entries of a list that holders may fill; what is left of some 16,000 is for those who have a key of the service
HOLDERS_ROOM = 12_288

_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ids": {"type": "array", "maxItems": MOST, "items": shapes.LINK_ID},
        "keys": {"type": "array", "maxItems": MOST, "items": shapes.DID_KEY},
        "proof": {
            "type": "string",
            "maxLength": 32768,
            "description": "kd2.…~p…: without an API key, its holder's proof for just these ids",
        },
        "tenant": {**shapes.TENANT, "description": "with `proof`: whose root; default `default`"},
    },
}
_REVOKED = shapes.answer(
    revoked=shapes.answer(ids={"type": "integer"}, keys={"type": "integer"}),
    seq={"type": "integer", "description": "of the list that says so"},
    list={"type": "string", "description": "kdr2.…: the whole signed list"},
)


async def add(call: Call) -> Answer:
    """Revoke links and keys; this process's verifications know before the answer is sent. Raises: AuthError."""
    body = call.body
    ids = [bytes.fromhex(text) for text in body.get("ids", ())]
    keys = [_key(text) for text in body.get("keys", ())]
    if call.key is None:
        text = await _end_own(call, ids, keys)
    elif "proof" in body or "tenant" in body:
        raise refusal("invalid", "proof and tenant are for whoever shows no API key")
    else:
        text = await revoke_and_tell(call, ids, keys)
    count = {"ids": len(set(ids)), "keys": len(set(keys))}
    return json_answer({"revoked": count, "seq": read_kept(text).seq, "list": text})


def _key(text: str) -> bytes:
    try:
        return parse_did_key(text)
    except KeyInvalid as error:
        raise refusal("invalid", f"keys: {error}") from None


async def _end_own(call: Call, ids: list[bytes], keys: list[bytes]) -> str:
    """Revoke what is the asker's own, by the proof that came along. Raises: Refusal, AuthError."""
    service = call.service
    token = call.body.get("proof")
    if token is None:
        raise refusal("unauthorized")
    if keys or not ids:
        # a key stays on the list for ever, so a job a minute would fill it
        raise refusal("invalid", "a holder ends its own links, by their ids")
    found = await service.reach.tenant(call.body.get("tenant", DEFAULT_TENANT))
    if found is None:
        raise refusal("not_found", "there is no such tenant")
    tenant, roots = found
    holder = await _proven(call, token, ids, roots)
    caller = Caller(f"holder:{did(holder)}", frozenset(), holder=holder)
    try:
        if service.reach.listed(tenant.root) >= HOLDERS_ROOM:
            fix = "let it end by itself, or ask whoever has a key of the service"
            raise UsageError("usage", detail="the list of what is revoked is nearly full", fix=fix)
        return await _revoke(call, caller, tenant, ids, [])
    except ScopeViolation as error:
        details = {"by": caller.by, "code": error.reason.code, "why": str(error)}
        what = Happening("revoke", "denied", agent=did(holder), details=details)
        await service.store.audit_append(tenant.name, AuditEvent(call.now, what))
        raise


async def _proven(call: Call, token: str, ids: list[bytes], roots: TrustedRoots) -> bytes:
    """Give the public key whose holder asks for just this, here and now. Raises: UsageError, AuthError."""
    service = call.service
    if service.public_url is None:
        fix = "use an API key; or its operator gives it --public-url"
        detail = "this service does not know its own address, which a proof has to name"
        raise UsageError("usage", detail=detail, fix=fix)
    checked = partial(
        verification.prove,
        token,
        roots=roots,
        audience=service.public_url,
        now=call.now,
        # what is revoked already may be revoked again: the first answer may have been lost
        revoked=None,
        cache=None,
        request=own_revocation(ids),
    )
    proven = await with_once(service, checked)
    if not isinstance(proven.proof, Pop):
        # a seal is shown to many, and says nothing of this request
        detail = "a seal proves no request: a pop for this one is wanted"
        raise HolderUnproven("holder_unproven", detail=detail)
    return proven.chain.holder


async def revoke_and_tell(call: Call, ids: list[bytes], keys: list[bytes]) -> str:
    """Revoke as far as the API key goes; returns the signed list. Raises: AuthError."""
    return await _revoke(call, caller_of(call.caller), await call.tenant(), ids, keys)


async def _revoke(
    call: Call, caller: Caller, tenant: Tenant, ids: list[bytes], keys: list[bytes]
) -> str:
    """Revoke, let this process know, and tell the others."""
    service = call.service
    text = await revoke(
        caller=caller,
        tenant=tenant,
        signer=await service.roots.signer(tenant),
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
    tag = f'"{read_kept(text).seq}-{sodium.sha256(text.encode("ascii"))[:8].hex()}"'
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
        or_proof=True,
        body=_BODY,
        text=(
            "Whoever has no API key ends links that were issued to its own key, and nothing else: `proof` is a pop of "
            "that key's token for the action kanoniv.revoke on just these ids, with the service's public URL as its "
            "audience. It counts once. Verifications of this process know before the answer is sent, those of others "
            "within half a second, verifiers elsewhere when they fetch the list. A parent can issue again: to stop "
            "it, revoke the parent. The tenant's own root needs the right `admin` as well: it ends the tenant."
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
