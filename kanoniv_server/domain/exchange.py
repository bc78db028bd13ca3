"""Keyless: a workflow's OIDC token for a link to the workflow's own key, as far as a trust policy goes.

The token was checked before (`kanoniv_server.oidc.claims`). Here: whose key it is, what a policy gives, that the token
is used once, and a signed link that the ledger knows. No private key comes in; one goes out on the old route alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.claim_matching import shown
from kanoniv_auth.core.delegation import parse_bundle
from kanoniv_auth.core.durations import DEFAULT_TTL, parse_ttl
from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import (
    AuthError,
    HolderUnproven,
    KeyInvalid,
    PolicyRefused,
    UsageError,
)
from kanoniv_auth.core.exchange import check_possession, exchange_message
from kanoniv_auth.core.keys import did, parse_did_key
from kanoniv_auth.core.payload import NAME_LENGTH, NAME_LETTERS
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.core.trust_policy import decide
from kanoniv_server.domain.delegations import Order, issue
from kanoniv_server.domain.values import ISSUE, AuditEvent, Caller

if TYPE_CHECKING:
    from kanoniv_auth.core.trust_policy import Decision, Policy, Row
    from kanoniv_server.domain.delegations import Issued
    from kanoniv_server.domain.ports import Signer, Store
    from kanoniv_server.domain.values import Tenant

# (namespace, key, seconds) -> True the first time; raises StorageError when it cannot tell
Spend = Callable[[str, bytes, int], Awaitable[bool]]

LEEWAY = 60  # seconds that clocks may differ; a token counts for as long after its end
LONGEST_LIFE = 900  # seconds of a token
# Longer than any token can count, whatever our clock says at the moment: one that runs ahead and is set right would
# else have a token remembered for too short a time.
_REMEMBERED = LONGEST_LIFE + 2 * LEEWAY + 1
# what a refusal may show of a token to whoever sent it; nothing else of it is shown or kept
SHOWN = (
    "iss", "repository", "repository_id", "repository_owner", "repository_owner_id", "repository_visibility",
    "event_name", "ref", "ref_type", "ref_protected", "head_ref", "base_ref", "environment", "workflow_ref",
    "job_workflow_ref", "runner_environment", "run_id", "run_attempt",
)  # fmt: skip
# whose a policy is: another issuer's numbers are other owners'
_WHOSE = ("iss", "repository_owner_id")
_NOTED = ("repository_id", "run_id", "run_attempt", "check_run_id")


@dataclass(frozen=True, slots=True)
class OidcToken:
    """What an issuer has signed, for us and for now. claims: all of them; `SHOWN` may be shown.

    issuer: one that is allowed · jti: its id there · issued_at: unix seconds, the issuer's
    """

    issuer: str
    jti: str
    issued_at: int
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a workflow asks for. public: its key · possession: its signature, 64 bytes · ttl: seconds."""

    oidc_token: str = field(repr=False)
    public: bytes
    possession: bytes = field(repr=False)
    scopes: tuple[str, ...]
    ttl: int

    @classmethod
    def read(
        cls,
        oidc_token: str,
        *,
        public_key: str,
        possession: str,
        scopes: str | list[str],
        ttl: str | int,
    ) -> Ask:
        """Read what was sent. public_key: `did:key:…` · possession: base64url · ttl: `4h` or seconds, never `never`.

        Raises: UsageError, TokenParseError (parse).
        """
        seconds = parse_ttl(ttl, None)
        if seconds is None:
            raise UsageError("usage", detail="what is given without a key ends", fix="15m")
        try:
            public = parse_did_key(public_key)
        except KeyInvalid as error:
            fix = "send the did:key of the job's own Ed25519 key"
            raise UsageError("usage", detail=f"public_key: {error}", fix=fix) from None
        return cls(
            oidc_token,
            public,
            unb64u(possession),
            parse_scopes(scopes),
            seconds,
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an exchange is made: one tenant, what it trusts, and what is needed to sign, write down and use up."""

    tenant: Tenant
    policies: tuple[Policy, ...]
    signer: Signer
    store: Store
    spend: Spend


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a workflow gets. seed: of a key made for it, base64, on the old route alone · policy: what let it in."""

    grant: str
    issued: Issued = field(repr=False)
    policy: str
    seed: str | None = field(default=None, repr=False)


async def exchange(
    ask: Ask, token: OidcToken, desk: Desk, *, now: int, entropy: bytes
) -> Exchanged:
    """Give a workflow's key a link from the tenant's root: exactly what it asks for, or nothing.

    now: unix seconds · entropy: `delegations.ENTROPY` random bytes.
    Raises: HolderUnproven (holder_unproven; replayed), PolicyRefused, Revoked (the key), TokenParseError,
    StorageError.
    """
    try:
        message = exchange_message(ask.oidc_token, ask.scopes, ask.ttl)
        check_possession(ask.public, ask.possession, message)
        decision = _decide(desk.policies, token, ask.scopes, ask.ttl)
        await _use_up(token, desk.spend)
    except (HolderUnproven, PolicyRefused) as error:
        await _record_refusal(error, token, desk, now, did(ask.public))
        raise
    issued = await _issue(decision, ask.public, token, desk, now=now, entropy=entropy)
    return Exchanged(issued.text, issued, decision.policy)


async def hand_out(token: OidcToken, desk: Desk, *, now: int, entropy: bytes) -> Exchanged:
    """Serve the old contract: a key made here, and its link with all that the first fitting policy gives, 4 h at most.

    It is nobody's root: whoever takes it for one makes tokens that no verifier trusts. Raises: as `exchange`.
    """
    try:
        decision = _decide_all(desk.policies, token)
        await _use_up(token, desk.spend)
    except (HolderUnproven, PolicyRefused) as error:
        await _record_refusal(error, token, desk, now, "")
        raise
    issued = await _issue(decision, None, token, desk, now=now, entropy=entropy)
    key, grant = parse_bundle(issued.text)
    return Exchanged(grant, issued, decision.policy, key.secret_text())


def is_strange(token: OidcToken, policies: tuple[Policy, ...]) -> bool:
    """Tell whether no policy is for the owner of the token's repository."""
    whose = (token.issuer, token.claims.get("repository_owner_id"))
    return all((one.issuer, one.repository_owner_id) != whose for one in policies)


def seen(token: OidcToken) -> dict[str, str]:
    """The claims that may be shown to whoever sent them, cut."""
    return {name: shown(token.claims[name]) for name in SHOWN if name in token.claims}


def failed(error: PolicyRefused) -> list[dict[str, str]]:
    """Which condition of which policy did not hold; not what it wants."""
    rows: tuple[Row, ...] = error.facts["rows"]  # type: ignore[assignment]
    return [
        {"policy": row.policy, "claim": row.claim, "why": row.why} for row in rows if not row.holds
    ]


def label(claims: Mapping[str, object]) -> str:
    """Name a link after its run: the repository's name and the run's id, `[A-Za-z0-9._-]{1,64}`."""
    name, run = (
        "".join([c for c in str(claims.get(key, "")).rpartition("/")[2] if c in NAME_LETTERS])
        for key in ("repository", "run_id")
    )
    tail = f"-{run[:20]}" if run else ""
    return (name[: NAME_LENGTH - len(tail)] + tail).lstrip("-") or "oidc"


def _decide(
    policies: tuple[Policy, ...], token: OidcToken, scopes: tuple[str, ...], ttl: int
) -> Decision:
    try:
        return decide(policies, token.claims, scopes, ttl)
    except PolicyRefused as error:
        raise _told(error.facts["rows"], token) from None  # type: ignore[arg-type]


def _decide_all(policies: tuple[Policy, ...], token: OidcToken) -> Decision:
    """Give the first fitting policy's all. Raises: PolicyRefused."""
    rows: list[Row] = []
    for policy in sorted(policies, key=lambda one: one.name):
        try:
            return decide((policy,), token.claims, policy.scopes, min(policy.max_ttl, DEFAULT_TTL))
        except PolicyRefused as error:
            rows += error.facts["rows"]  # type: ignore[arg-type]
    raise _told(tuple(rows), token)


def _told(rows: tuple[Row, ...], token: OidcToken) -> PolicyRefused:
    """Make the refusal for outside: a policy is named to its own owner's workflows, and to nobody else.

    Anybody on the internet has a token of GitHub's; that there is a policy for someone else is not for them.
    """
    strange = {row.policy for row in rows if row.claim in _WHOSE and not row.holds}
    told = tuple(row for row in rows if row.policy not in strange)
    wrong: dict[str, list[str]] = {}
    for row in told:
        if not row.holds:
            wrong.setdefault(row.policy, []).append(f"{row.claim} ({row.why})")
    if wrong:
        detail = "; ".join(f"{name}: {', '.join(what)}" for name, what in wrong.items())
    else:
        detail = (
            f"no policy is for repository_owner_id {shown(token.claims.get('repository_owner_id'))}"
        )
    return PolicyRefused("policy", rows=told, detail=detail)


async def _use_up(token: OidcToken, spend: Spend) -> None:
    """Use the token up. Raises: HolderUnproven (replayed), StorageError."""
    if not await spend(f"jti:{token.issuer}", token.jti.encode("utf-8"), _REMEMBERED):
        fix = "ask the runner for a new OIDC token for each exchange"
        raise HolderUnproven("replayed", fix=fix)


async def _issue(
    decision: Decision,
    to: bytes | None,
    token: OidcToken,
    desk: Desk,
    *,
    now: int,
    entropy: bytes,
) -> Issued:
    by = f"oidc:repo:{shown(token.claims.get('repository_id'))}"
    return await issue(
        Order(decision.scopes, decision.ttl, to, label(token.claims)),
        caller=Caller(by, frozenset((ISSUE,)), decision.scopes, decision.ttl),
        tenant=desk.tenant,
        signer=desk.signer,
        store=desk.store,
        now=now,
        entropy=entropy,
        noted={"policy": decision.policy, **_noted(token)},
    )


def _noted(token: OidcToken) -> dict[str, str]:
    claims = {name: shown(token.claims[name]) for name in _NOTED if name in token.claims}
    return {"issuer": token.issuer, "jti": shown(token.jti), **claims}


async def _record_refusal(
    error: AuthError, token: OidcToken, desk: Desk, now: int, agent: str
) -> None:
    """Write down who was refused: an issuer has signed for it, so it is not just anybody's noise."""
    details = {"code": error.reason.code, "why": str(error), **_noted(token)}
    what = Happening("exchange", "denied", agent=agent, details=details)
    await desk.store.audit_append(desk.tenant.name, AuditEvent(now, what))
