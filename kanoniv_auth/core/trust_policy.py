"""Trust policies: which workflows may have which scopes, for how long. Pure: claims in, a decision out.

A Policy can't be built from what is not valid, and only a Policy matches. The token that the claims come from was
checked before: signature, issuer, audience, time, one use. Files are read by core/policy_reading.py; the form, key by
key, is docs/reference/trust-policy.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kanoniv_auth.core.claim_matching import EXACT, flaw_of, shown
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import PolicyRefused
from kanoniv_auth.core.github_claims import USUAL_EVENTS
from kanoniv_auth.core.policy_form import (
    check_audience,
    check_conditions,
    check_events,
    check_id,
    check_issuer,
    check_name,
    check_scopes,
    check_ttl,
)
from kanoniv_auth.core.scopes import covers, parse_scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanoniv_auth.core.claim_matching import Matcher

_HOLDER = re.compile(r":did:agent:[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, valid.

    name: its place among others is by this · audience: the service's address, None for any · events: the event
    names that count · conditions: claims, sorted by name · scopes: the most it gives · max_ttl: seconds.
    Raises: PolicyInvalid (bad_policy; fact `key` says where).
    """

    name: str
    issuer: str
    repository_id: str
    repository_owner_id: str
    scopes: tuple[str, ...]
    max_ttl: int
    audience: str | None = None
    events: frozenset[str] = USUAL_EVENTS
    conditions: tuple[tuple[str, Matcher], ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        check_issuer(self.issuer)
        check_id("repository_id", self.repository_id)
        check_id("repository_owner_id", self.repository_owner_id)
        if self.audience is not None:
            check_audience(self.audience)
        check_scopes(self.scopes)
        check_ttl(self.max_ttl)
        check_events(self.events)
        check_conditions(self.conditions)


@dataclass(frozen=True, slots=True)
class Row:
    """One condition, asked of one token. seen: None when the claim is absent · why: "" when it holds."""

    policy: str
    claim: str
    wanted: str
    seen: str | None
    why: str

    @property
    def holds(self) -> bool:
        """The verdict."""
        return not self.why


@dataclass(frozen=True, slots=True)
class Decision:
    """What a token gets. scopes: as asked, sorted · ttl: seconds, as asked · rows: every condition of every policy."""

    policy: str
    scopes: tuple[str, ...]
    ttl: int
    rows: tuple[Row, ...]


def decide(
    policies: Iterable[Policy], claims: Mapping[str, object], scopes: Sequence[str], ttl: int
) -> Decision:
    """Find the first policy, by name, that gives all of it to this token.

    claims: of a token that was verified · ttl: whole seconds.
    Raises: PolicyRefused (policy; facts rows, detail), UsageError for scopes or a ttl outside their grammar.
    """
    asked = parse_scopes(scopes)
    seconds = parse_ttl(ttl, None)
    if type(ttl) is not int or seconds is None:
        raise TypeError("ttl is whole seconds")
    rows: list[Row] = []
    first = None
    ordered = sorted(policies, key=lambda policy: policy.name)
    for policy in ordered:
        found = [*explain(policy, claims), *_asked_rows(policy, asked, seconds)]
        rows += found
        if first is None and all(row.holds for row in found):
            first = policy
    if first is None:
        raise PolicyRefused("policy", rows=tuple(rows), detail=summary(rows))
    return Decision(first.name, asked, seconds, tuple(rows))


def explain(policy: Policy, claims: Mapping[str, object]) -> list[Row]:
    """Ask every condition of one policy, whatever the others say."""
    wanted: list[tuple[str, Matcher | _OneOf | _Audience]] = [
        ("iss", _OneOf((policy.issuer,))),
        ("repository_id", _OneOf((policy.repository_id,))),
        ("repository_owner_id", _OneOf((policy.repository_owner_id,))),
        ("event_name", _OneOf(tuple(sorted(policy.events)))),
        *policy.conditions,
    ]
    if policy.audience is not None:
        wanted.insert(1, ("aud", _Audience(policy.audience)))
    return [_row(policy.name, claim, matcher, claims) for claim, matcher in wanted]


@dataclass(frozen=True, slots=True)
class _OneOf:
    """Texts of a policy's own keys, which were checked with it: a Matcher would check them for every token again."""

    values: tuple[str, ...]

    def fits(self, text: str) -> bool:
        return text in self.values

    def __str__(self) -> str:
        return f"{EXACT} {' or '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class _Audience:
    """A service's address, as it is or followed by the DID of the key that asks: `<address>:did:agent:<32 hex>`."""

    address: str

    def fits(self, text: str) -> bool:
        tail = text.removeprefix(self.address)
        return text == self.address or (tail != text and bool(_HOLDER.fullmatch(tail)))

    def __str__(self) -> str:
        return f"exact {shown(self.address)}, or with the asking key's DID"


def _row(
    policy: str, claim: str, matcher: Matcher | _OneOf | _Audience, claims: Mapping[str, object]
) -> Row:
    if claim not in claims:
        return Row(policy, claim, str(matcher), None, "absent")
    value = claims[claim]
    why = flaw_of(value)
    if not why and not (isinstance(value, str) and matcher.fits(value)):
        why = "another value"
    return Row(policy, claim, str(matcher), shown(value), why)


def _asked_rows(policy: Policy, asked: tuple[str, ...], ttl: int) -> list[Row]:
    beyond = [scope for scope in asked if not covers(policy.scopes, scope)]
    why = f"more than it gives: {', '.join(beyond)}" if beyond else ""
    long = "" if ttl <= policy.max_ttl else "longer than it gives"
    return [
        Row(policy.name, "scopes", f"within {', '.join(policy.scopes)}", ", ".join(asked), why),
        Row(policy.name, "ttl", f"at most {format_ttl(policy.max_ttl)}", format_ttl(ttl), long),
    ]


def summary(rows: Iterable[Row]) -> str:
    """Say in one line what did not hold, policy by policy; not what was wanted, which is the owner's to tell."""
    failed: dict[str, list[str]] = {}
    for row in rows:
        found = failed.setdefault(row.policy, [])
        if row.why:
            found.append(f"{row.claim} is {row.seen or 'absent'}")
    if not failed:
        return "there is no policy"
    return "; ".join([f"{name}: {', '.join(found)}" for name, found in failed.items()][:8])
