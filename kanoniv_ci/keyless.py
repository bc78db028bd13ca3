"""Keyless mode in its order: a key made here, an OIDC token for it, the service's grant, everything verified.

The one module of the mint step that uses the network. Each attempt takes a new OIDC token: one counts once.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

from kanoniv_auth.core.exchange import exchange_audience
from kanoniv_auth.core.keys import KeyPair
from kanoniv_ci import claims as shown_claims, exchange, masks, oidc, web
from kanoniv_ci.faults import Refusal
from kanoniv_ci.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanoniv_ci.inputs import ActionInputs, KeylessInputs
    from kanoniv_ci.minting import Minted
    from kanoniv_ci.workflow import Console

T = TypeVar("T")
DID = "{did}"
# the alarm of the step is the last resort: before it rings there is time to say what was waited for
_SHARE = 0.9


class Keyless:
    """One exchange and what it needs.

    environ: the runner's, with what GitHub gives for OIDC · entropy: that many fresh random bytes.
    Raises: Refusal (KAN-OIDC-004, KAN-OIDC-005) when this job gets no OIDC token.
    """

    def __init__(
        self,
        inputs: ActionInputs,
        keyless: KeylessInputs,
        environ: Mapping[str, str],
        entropy: Callable[[int], bytes],
        console: Console,
    ) -> None:
        self._inputs, self._keyless, self._console = inputs, keyless, console
        self._until = time.monotonic() + inputs.timeout_seconds * _SHARE
        self._request = oidc.request_of(environ)
        self._agent = KeyPair.generate(entropy(32))
        for secret in masks.of_key(self._agent):
            console.mask(secret)
        self._asked = exchange.Asked(
            keyless.endpoint, inputs.scopes, keyless.ttl, inputs.expected_root_did
        )
        self._identity: oidc.Identity | None = None

    def mint(self) -> Minted:
        """Exchange, verify. Raises: Refusal, with the claims that were seen when the service refuses them."""
        try:
            minted = self._retry(self._exchange)
        except web.Unanswered as error:
            if self._identity is None:
                raise oidc.unavailable(error) from None
            refusal = exchange.refused(error.status, error.detail, error.body, self._asked)
            for line in exchange.failed(error.body):
                self._console.say(line)
            told = 400 <= error.status < 500 or self._keyless.debug_claims
            raise Refusal(refusal.problems, self.claims() if told else "") from None
        except Refusal as refusal:
            # what was seen may say why, whoever made the trouble
            if self._identity is None or refusal.more:
                raise
            raise Refusal(refusal.problems, self.claims()) from None
        missing = sorted(set(self._inputs.scopes) - set(minted.verified.scopes))
        if missing:
            self._console.warning(f"the service did not grant {', '.join(missing)}", "kanoniv-auth")
        return minted

    def look(self) -> None:
        """Get an OIDC token for its claims alone; it goes nowhere. Raises: Refusal."""
        try:
            self._retry(self._fetch)
        except web.Unanswered as error:
            raise oidc.unavailable(error) from None

    def claims(self) -> str:
        """Show what the last token said: lines in the log, and a block for the summary."""
        if self._identity is None:
            return ""
        seen = self._identity.claims
        for line in shown_claims.lines(seen):
            self._console.say(line)
        address = self._audience().removesuffix(f":{self._agent.did}")
        policy = shown_claims.policy(seen, address, self._inputs.scopes, self._keyless.ttl)
        return f"{shown_claims.table(seen)}\n\n{policy}"

    def _audience(self) -> str:
        keyless = self._keyless
        if keyless.audience:
            return keyless.audience.replace(DID, self._agent.did)
        return exchange_audience(keyless.endpoint, self._agent.did)

    def _fetch(self) -> oidc.Identity:
        self._identity = None
        self._identity = oidc.fetch(self._request, self._audience(), self._ask, self._console.mask)
        return self._identity

    def _exchange(self) -> Minted:
        identity = self._fetch()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        if self._keyless.api_key:
            headers["Authorization"] = f"Bearer {self._keyless.api_key}"
        body = exchange.body(identity.token, self._agent, self._asked)
        data = self._ask(self._keyless.endpoint + exchange.ROUTE, headers, body)
        return exchange.accept(data, self._agent, self._asked, int(time.time()))

    def _ask(self, url: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        return web.ask(url, headers, body, until=self._until, clock=time.monotonic)

    def _retry(self, call: Callable[[], T]) -> T:
        retry = Retry(
            attempts=self._keyless.max_attempts,
            deadline=self._until,
            clock=time.monotonic,
            sleep=time.sleep,
            jitter=random.random,  # spreads retries, guards nothing
            told=self._console.say,
        )
        return retry.call(call, (web.Unanswered,), _status)


def _status(error: Exception) -> tuple[int, str]:
    return (error.status, error.after) if isinstance(error, web.Unanswered) else (0, "")
