"""/v1/auth/oidc: a workflow's OIDC token for a grant to its own key; and the old route, which makes the key."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from kanoniv_auth.core.errors import OidcRefused, PolicyRefused
from kanoniv_auth.core.exchange import exchange_audience, root_key_audience
from kanoniv_auth.core.keys import did
from kanoniv_server.domain.delegations import ENTROPY
from kanoniv_server.domain.exchange import Ask, Desk, exchange, failed, hand_out, is_strange, seen
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.oidc.claims import check
from kanoniv_server.oidc.clock import Floor
from kanoniv_server.routes import shapes
from kanoniv_server.web.limits import Limiter
from kanoniv_server.web.problems import json_answer, limited, of, refusal
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_server.domain.exchange import Exchanged, OidcToken
    from kanoniv_server.oidc.claims import Keys
    from kanoniv_server.oidc.policies import PolicyFolder
    from kanoniv_server.web.limits import Shared
    from kanoniv_server.web.problems import Answer, Refusal
    from kanoniv_server.web.service import Call

# of one repository: a matrix of jobs starts at once
RATE, BURST = 2.0, 60.0
# of all repositories together whose owners no policy is for: each is written down, and anybody has any number of them
_STRANGERS, _AT_ONCE = 0.5, 30.0

_TOKEN: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 60000,
    "description": "the JWT that the runner's endpoint gave for this audience; it counts once",
}
_EXCHANGE: dict[str, Any] = {
    "type": "object",
    "required": ["oidc_token", "public_key", "possession", "scopes", "ttl"],
    "properties": {
        "oidc_token": _TOKEN,
        "public_key": shapes.DID_KEY,
        "possession": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{86}$",
            "description": "signature of the key over token, scopes and TTL, in base64url",
        },
        "scopes": shapes.SCOPES,
        "ttl": shapes.TTL,
        "tenant": shapes.TENANT,
    },
}
_OLD: dict[str, Any] = {
    "type": "object",
    "required": ["oidc_token"],
    "properties": {"oidc_token": _TOKEN, "tenant": shapes.TENANT},
}
_GRANT: dict[str, Any] = {
    "grant": {"type": "string", "description": "kd2.…: for the holder of the key, who accepts it"},
    "id": shapes.LINK_ID,
    "agent_did": shapes.DID,
    "root_did": shapes.DID,
    "scopes": {"type": "array", "items": {"type": "string"}},
    "expires_at": shapes.SECONDS,
    "policy": {"type": "string", "description": "the trust policy that gave it"},
}


class Keyless:
    """Both routes, and what they keep between requests.

    issuers: whose tokens count, with their keys · public_url: what audiences begin with · shared: the count of a
    repository's exchanges in all processes
    """

    def __init__(
        self,
        *,
        issuers: Mapping[str, Keys],
        policies: PolicyFolder,
        public_url: str,
        shared: Shared | None = None,
    ) -> None:
        self._issuers, self._policies, self._public_url = issuers, policies, public_url
        self._floor, self._shared = Floor(), shared
        self._limiter, self._strangers = Limiter(RATE, BURST), Limiter(_STRANGERS, _AT_ONCE)

    async def exchange(self, call: Call) -> Answer:
        """Give a link to the key that asks. Raises: AuthError, Refusal."""
        body = call.body
        ask = Ask.read(
            body["oidc_token"],
            public_key=body["public_key"],
            possession=body["possession"],
            scopes=body["scopes"],
            ttl=body["ttl"],
        )
        token = await self._check(call, exchange_audience(self._public_url, did(ask.public)))
        desk = await self._desk(call, token)
        try:
            made = await exchange(
                ask, token, desk, now=call.now, entropy=call.service.entropy(ENTROPY)
            )
        except PolicyRefused as error:
            raise _explained(error, token) from None
        return json_answer({**_document(made, desk), "root_key": desk.tenant.root_key})

    async def root_key(self, call: Call) -> Answer:
        """Make a key, and give it with its link. Raises: AuthError, Refusal."""
        token = await self._check(call, root_key_audience(self._public_url))
        desk = await self._desk(call, token)
        try:
            made = await hand_out(token, desk, now=call.now, entropy=call.service.entropy(ENTROPY))
        except PolicyRefused as error:
            raise _explained(error, token) from None
        # an Action of before takes the key as `root_key`; newer ones need its link as `parent_token`
        keys = {"root_key": made.seed, "parent_token": made.grant}
        return json_answer({**_document(made, desk), **keys})

    async def _check(self, call: Call, audience: str) -> OidcToken:
        try:
            token = await check(
                call.body["oidc_token"], issuers=self._issuers, audience=audience, now=call.now
            )
        except OidcRefused as error:
            refused = of(error)
            why = {"policy": "", "claim": str(error.facts["failed"]), "why": refused.detail}
            refused.extra = {"failed": [why]}
            raise refused from None
        self._floor.check(token, call.now)
        name = f"{token.issuer} {token.claims.get('repository_id')!s:.40}"
        wait = self._limiter.spend(name, time.monotonic())
        if not wait and self._shared is not None:
            wait = await self._shared.spend(name)
        if wait:
            raise limited(wait)
        return token

    async def _desk(self, call: Call, token: OidcToken) -> Desk:
        name, service = call.body.get("tenant", DEFAULT_TENANT), call.service
        found = await service.reach.tenant(name)
        if found is None:
            raise refusal("not_found", "there is no such tenant")
        tenant = found[0]
        policies = await self._policies.of(name)
        wait = self._strangers.spend(name, time.monotonic()) if is_strange(token, policies) else 0
        if wait:
            raise limited(wait)

        async def spend(namespace: str, key: bytes, ttl: int) -> bool:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                service.blocking, service.once.spend, namespace, key, ttl
            )

        return Desk(
            tenant,
            policies,
            await service.roots.signer(tenant),
            service.store,
            spend,
        )


def _explained(error: PolicyRefused, token: OidcToken) -> Refusal:
    refused = of(error)
    refused.extra = {"claims": seen(token), "failed": failed(error)}
    return refused


def _document(made: Exchanged, desk: Desk) -> dict[str, object]:
    chain = made.issued.chain
    return {
        "grant": made.grant,
        "id": chain.id.hex(),
        "agent_did": chain.holder_did,
        "root_did": desk.tenant.root_did,
        "scopes": chain.scopes,
        "expires_at": chain.expires_at,
        "policy": made.policy,
    }


def rows(keyless: Keyless, *, old_route: bool) -> tuple[Row, ...]:
    """Give the rows. old_route: also the one that makes the key."""
    new = Row(
        "POST",
        "/v1/auth/oidc/exchange",
        keyless.exchange,
        "Exchange a workflow's OIDC token for a grant to its own key",
        {
            200: Reply(
                "it is signed, and written down", shapes.answer(**_GRANT, root_key=shapes.DID_KEY)
            )
        },
        text=(
            "No API key is needed: the token says which workflow asks, the audience which key it may ask for, "
            "`possession` that the key is the caller's, and a trust policy what it gets. Nothing is cut: what a policy "
            "does not give whole is refused, with the claims that were seen."
        ),
        tag="keyless",
        body=_EXCHANGE,
    )
    return (new, _old_row(keyless)) if old_route else (new,)


def _old_row(keyless: Keyless) -> Row:
    key = {"type": "string", "description": "SECRET: base64 of an ephemeral key's seed, no root's"}
    return Row(
        "POST",
        "/v1/auth/oidc/root-key",
        keyless.root_key,
        "Exchange a workflow's OIDC token for a key made for it, and the key's link",
        {
            200: Reply(
                "made for this caller, and not kept",
                shapes.answer(
                    **_GRANT,
                    root_key=key,
                    parent_token={"type": "string", "description": "the grant"},
                ),
            )
        },
        text="For clients of before. Its audience is its own; a token for the other route is refused here.",
        tag="keyless",
        body=_OLD,
    )
