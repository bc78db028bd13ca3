"""The claims of an OIDC token as people may see them, and the trust policy that would let them in.

Pure. Only names of a list are shown, never the token; every value is a stranger's text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import PolicyInvalid
from kanoniv_auth.core.github_claims import CONDITIONS, USUAL_EVENTS
from kanoniv_auth.core.policy_reading import read_policy
from kanoniv_ci.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST = ("iss", "aud", "repository_id", "repository_owner_id", "event_name")
# who runs what, and how: not who started it, and not what names one run
_NAMED = ("environment", "job_workflow_ref", "ref", "base_ref")
_OF_ONE_PULL_REQUEST = "refs/pull/"
_SHOWN = 200
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def rows(claims: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values that may be shown: what a policy can ask for."""
    names = [*FIRST, *sorted(CONDITIONS)]
    return [(name, _text(claims[name])) for name in names if claims.get(name) not in (None, "")]


def lines(claims: Mapping[str, object]) -> list[str]:
    """The same for a log, which makes each one line."""
    return [f"claim {name}: {text}" for name, text in rows(claims)]


def table(claims: Mapping[str, object]) -> str:
    """The same for a job summary."""
    shown = [f"| `{name}` | {quote(text)} |" for name, text in rows(claims)]
    return "\n".join(["**What the OIDC token says**", "", "| Claim | Value |", "|---|---|", *shown])


def policy(claims: Mapping[str, object], audience: str, scopes: Sequence[str], ttl: int) -> str:
    """A trust policy for jobs just like this one, to be read before it is used; "" when none can be written.

    audience: the service's address · ttl: seconds
    """
    if claims.get("event_name") not in USUAL_EVENTS:
        return "No trust policy is suggested: runs of this event work on what strangers send."
    fields = {
        "issuer": claims.get("iss"),
        "audience": audience,
        "repository_id": claims.get("repository_id"),
        "repository_owner_id": claims.get("repository_owner_id"),
        "events": [claims.get("event_name")],
        "conditions": {
            name: {"exact": claims[name]}
            for name in _NAMED
            if claims.get(name) and _OF_ONE_PULL_REQUEST not in str(claims[name])
        },
        "scopes": list(scopes),
        "max_ttl": _ttl(ttl),
    }
    try:
        read_policy("job", fields)
    except PolicyInvalid:
        return ""  # a token that is not GitHub's: no policy could ask for what it says
    head = "A trust policy that lets jobs like this in. Read it before you give it to the service:"
    return "\n".join([head, "", "```yaml", *_yaml(fields), "```"])


def _yaml(fields: Mapping[str, object], margin: str = "") -> list[str]:
    told = []
    for name, value in fields.items():
        if isinstance(value, dict) and "exact" not in value:
            told += [f"{margin}{name}:", *_yaml(value, margin + "  ")] if value else []
        elif isinstance(value, dict):
            told.append(f"{margin}{name}: {{exact: {_quoted(value['exact'])}}}")
        elif isinstance(value, list):
            told.append(f"{margin}{name}: [{', '.join(map(_quoted, value))}]")
        else:
            told.append(f"{margin}{name}: {_quoted(value)}")
    return told


def _quoted(value: object) -> str:
    # JSON's strings are YAML's; the policy was read, so there is no control character in them
    return json.dumps(value, ensure_ascii=False)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")


def _ttl(seconds: int) -> str:
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
