"""From what a policy's file says (keys, lists, texts) to a Policy, or an error that says where. Not a YAML parser."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kanoniv_auth.core.claim_matching import EXACT, GLOB, Matcher, shown
from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.errors import PolicyInvalid
from kanoniv_auth.core.policy_form import TTL, check_claim, invalid, within
from kanoniv_auth.core.trust_policy import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEYS = (
    "issuer",
    "audience",
    "repository_id",
    "repository_owner_id",
    "events",
    "conditions",
    "scopes",
    "max_ttl",
)
REQUIRED = ("issuer", "repository_id", "repository_owner_id", "scopes", "max_ttl")
_EXAMPLES = {"events": "push, workflow_dispatch", "scopes": "deploy.staging"}


def read_policy(name: str, data: object) -> Policy:
    """Make a policy from what a file says. name: of the file, without its ending.

    Raises: PolicyInvalid (bad_policy; fact `key`: where, such as `conditions.ref`).
    """
    fields = _mapping("", data, "a policy")
    for key in fields:
        if key not in KEYS:
            raise invalid(key, f"`{shown(key)}` is no key of a policy", f"use {', '.join(KEYS)}")
    for key in REQUIRED:
        if key not in fields:
            raise invalid("", f"`{key}` is missing", f"add `{key}:`")
    # whatever their types: Policy checks each
    given: dict[str, Any] = {
        key: fields[key]
        for key in ("issuer", "repository_id", "repository_owner_id", "audience")
        if key in fields
    }
    if "audience" in given and given["audience"] is None:
        raise invalid("audience", "audience is text, not nothing")
    if "events" in fields:
        given["events"] = frozenset(_list("events", fields["events"]))
    conditions = _mapping("conditions", fields.get("conditions", {}), "conditions")
    return Policy(
        name,
        **given,
        conditions=tuple(sorted((c, _matcher(c, conditions[c])) for c in conditions)),
        scopes=tuple(sorted(_list("scopes", fields["scopes"]))),
        max_ttl=_seconds(fields["max_ttl"]),
    )


def _matcher(claim: str, data: object) -> Matcher:
    check_claim(claim)
    where = f"conditions.{claim}"
    fix = f"write `{claim}: {{exact: …}}` or `{claim}: {{glob: …}}`"
    if isinstance(data, str):
        raise invalid(where, f"`{shown(claim)}` does not say how to compare", fix)
    fields = _mapping(where, data, f"`{shown(claim)}`")
    if len(fields) != 1 or not {EXACT, GLOB} >= set(fields):
        raise invalid(where, f"`{shown(claim)}` has one of `exact` and `glob`", fix)
    ((kind, value),) = fields.items()
    values: Any = tuple(value) if isinstance(value, list) else (value,)  # Matcher checks each
    try:
        return Matcher(kind, values)
    except PolicyInvalid as error:
        raise within(where, error) from None


def _seconds(value: object) -> int:
    fix = "1h"
    if isinstance(value, str) and value and re.fullmatch(TTL, value):
        return parse_ttl(value) or 0
    if type(value) is int:
        return value
    raise invalid("max_ttl", "max_ttl is a time such as 30m, 4h or 1h30m, or whole seconds", fix)


def _mapping(where: str, data: object, what: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise invalid(where, f"{what}: keys with values are wanted")
    return data


def _list(key: str, data: object) -> list[str]:
    if not isinstance(data, list) or not data or not all(isinstance(one, str) for one in data):
        raise invalid(key, f"{key} is a list of texts", f"write `{key}: [{_EXAMPLES[key]}]`")
    if len(set(data)) < len(data):
        raise invalid(key, f"{key} names something twice")
    return data
