"""How the service is: alive, ready, its counts, and whose root it holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from kanoniv_server.domain.values import ADMIN, DEFAULT_TENANT, READ
from kanoniv_server.routes import shapes
from kanoniv_server.web.problems import Answer, clean, json_answer, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from kanoniv_server.web.service import Call, Probe

_PATIENCE = 3.0
_READY: dict[str, Any] = {
    "type": "object",
    "required": ["ready"],
    "properties": {"ready": {"type": "boolean"}},
    "additionalProperties": {"type": "string", "enum": ["ok", "away"]},
}


async def healthz(_: Call) -> Answer:
    """Say that this process runs its event loop."""
    return json_answer({"status": "ok"})


async def readyz(call: Call) -> Answer:
    """Ask everything the service stands on."""
    service = call.service
    names = sorted(service.probes)
    answers = await asyncio.gather(*[_ask(call, service.probes[name], name) for name in names])
    said: dict[str, object] = {
        name: "ok" if good else "away" for name, good in zip(names, answers, strict=True)
    }
    said["revocations"] = "ok" if service.reach.is_fresh else "away"
    ready = "away" not in said.values()
    return json_answer({"ready": ready, **said}, 200 if ready else 503)


async def _ask(call: Call, probe: Probe, name: str) -> bool:
    try:
        await asyncio.wait_for(probe(), _PATIENCE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        call.service.log.event("away", what=name, detail=clean(str(error) or type(error).__name__))
        return False
    return True


async def tenant(call: Call) -> Answer:
    """Say which root a tenant's chains begin at, by default the caller's. Raises: Refusal, StorageError."""
    own = DEFAULT_TENANT if call.key is None else call.key.tenant
    found = await call.service.reach.tenant(call.query.get("tenant", own))
    if found is None:
        raise refusal("not_found", "there is no such tenant")
    one = found[0]
    return json_answer({"tenant": one.name, "root_did": one.root_did, "root_key": one.root_key})


async def metrics(call: Call) -> Answer:
    """Write out the counts of the caller's tenant, for the operator this process's. Raises: Refusal, StorageError."""
    key, counted = call.caller, call.service.metrics
    counts = await call.counts()
    gauges: dict[str, float] = {
        "delegations_total": counts.delegations,
        "delegations_active": counts.active,
        "delegations_revoked": counts.revoked,
    }
    # all tenants' requests together are the operator's to see, who has the first tenant's admin keys
    whole = key.tenant == DEFAULT_TENANT and ADMIN in key.rights
    if whole:
        gauges["verifications_total"] = sum(map(counted.total, ("/v1/verify", "/verify")))
    text = counted.text(gauges, whole=whole)
    media = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
    return Answer(200, text, (media, (b"cache-control", b"no-store")))


ROWS = (
    Row(
        "GET",
        "/healthz",
        healthz,
        "Does the process run?",
        {200: Reply("it does", shapes.answer(status={"type": "string"}))},
    ),
    Row(
        "GET",
        "/readyz",
        readyz,
        "Does everything answer that the service stands on?",
        {200: Reply("it does", _READY), 503: Reply("something does not", _READY)},
    ),
    Row(
        "GET",
        "/metrics",
        metrics,
        "Counts for Prometheus",
        {
            200: Reply(
                "the counts of the key's tenant; this process's requests, too", None, "text/plain"
            )
        },
        right=READ,
        text=(
            "A key with the right `read` sees what its tenant has. What this process was asked, by all tenants, is "
            "shown to keys of the tenant `default` with the rights `read` and `admin`."
        ),
    ),
    Row(
        "GET",
        "/v1/tenant",
        tenant,
        "Which root a tenant's chains begin at",
        {
            200: Reply(
                "what verifiers pin",
                shapes.answer(tenant=shapes.TENANT, root_did=shapes.DID, root_key=shapes.DID_KEY),
            )
        },
        query={"tenant": shapes.TENANT},
        text="Public, as a root's public key is; pin it from a place that you trust, not from here alone.",
    ),
)
