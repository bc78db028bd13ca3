"""`kanoniv-ci policy check`: are these trust policies valid, and what would they say to these claims?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_auth.cloud.policy_file import load
from kanoniv_auth.core.claim_matching import shown
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import PolicyInvalid, PolicyRefused, UsageError
from kanoniv_auth.core.foreign_json import once
from kanoniv_auth.core.trust_policy import Decision, Row, decide, explain, summary
from kanoniv_ci.faults import FIXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanoniv_auth.core.trust_policy import Policy

DEFAULT_PATH = ".github/kanoniv"
LARGEST = 1 << 16
_HEAD = ("POLICY", "CLAIM", "WANTED", "SEEN", "VERDICT")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. exit: 0 valid or allowed, 1 refused, 2 unusable · text, errors: for people · facts: for JSON."""

    exit: int
    code: str
    message: str
    text: str = ""
    errors: tuple[str, ...] = ()
    fix: str | None = None
    facts: dict[str, object] = field(default_factory=dict)


def check(paths: Sequence[str], claims: str | None, scopes: str | None, ttl: str | None) -> Answer:
    """Check policies. paths: files and folders · claims: the text of a JSON object, None when none was named.

    Raises: StorageError, UsageError.
    """
    if claims is None and (scopes is not None or ttl is not None):
        raise _usage("--scopes and --ttl say what a workflow asks for: name its --claims, too")
    if ttl is not None and scopes is None:
        raise _usage("--ttl says for how long: say for which --scopes, too")
    policies, errors = load(paths)
    if errors:
        return _invalid(errors)
    if not policies:
        raise UsageError(
            "usage",
            detail=f"no *.yaml in {', '.join(map(shown, paths))}",
            fix="name a file or a folder",
        )
    if claims is None:
        return _valid(policies)
    return _asked(policies, read_claims(claims), scopes, ttl)


def read_claims(text: str) -> Mapping[str, object]:
    """Read claims as JSON. Raises: UsageError."""
    if len(text) > LARGEST:
        raise _usage(f"the claims are longer than {LARGEST} characters")
    try:
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _usage(f"the claims are not JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise _usage("the claims are not a JSON object")
    return found


def _usage(detail: str) -> UsageError:
    return UsageError("usage", detail=detail, fix="kanoniv-ci policy check --help")


def _invalid(errors: Sequence[PolicyInvalid]) -> Answer:
    lines: list[str] = []
    for error in errors:
        lines.append(f"error: {_line(str(error))} [{error.slug}]")
        if error.facts.get("fix"):
            lines.append(f"fix: {_line(str(error.facts['fix']))}")
    problems = [
        {"file": str(e.facts["file"]), "detail": str(e.facts["detail"]), "fix": e.facts.get("fix")}
        for e in errors
    ]
    message = f"{len(errors)} of the policies cannot be used"
    return Answer(
        2, "bad_policy", message, "", tuple(lines), FIXES["bad_policy"], {"problems": problems}
    )


def _valid(policies: Sequence[Policy]) -> Answer:
    lines, open_ones = [], []
    for policy in policies:
        gives = f"{', '.join(policy.scopes)} for at most {format_ttl(policy.max_ttl)}"
        asks = ", ".join([claim for claim, _ in policy.conditions]) or "nothing more"
        lines.append(f"valid: {policy.name} gives {gives}; asks for {asks}")
        if not policy.conditions:
            open_ones.append(
                f"note: {policy.name} has no conditions: any branch and workflow of the repository gets this"
            )
    names = [policy.name for policy in policies]
    return Answer(
        0,
        "ok",
        f"{len(policies)} valid",
        "\n".join(lines),
        tuple(open_ones),
        None,
        {"policies": names},
    )


def _asked(
    policies: Sequence[Policy], claims: Mapping[str, object], scopes: str | None, ttl: str | None
) -> Answer:
    try:
        found = _decision(policies, claims, scopes, ttl)
    except PolicyRefused as error:
        rows = [row for row in _rows_of(error) if ttl is not None or row.claim != "ttl"]
        lines = (f"error: {_line(str(error))} [policy]", f"fix: {FIXES['policy']}")
        facts: dict[str, object] = {"policy": None, "conditions": _conditions(rows)}
        return Answer(1, "policy", str(error), _table(rows), lines, FIXES["policy"], facts)
    rows = [row for row in found.rows if ttl is not None or row.claim != "ttl"]
    facts = {"policy": found.policy, "conditions": _conditions(rows)}
    said = f"allowed by {found.policy}"
    if scopes is not None:
        facts |= {"scopes": list(found.scopes), "ttl": None if ttl is None else found.ttl}
        said += f": {', '.join(found.scopes)}"
        said += "" if ttl is None else f" for {format_ttl(found.ttl)}"
    return Answer(0, "ok", said, f"{_table(rows)}\n\n{said}", (), None, facts)


def _decision(
    policies: Sequence[Policy], claims: Mapping[str, object], scopes: str | None, ttl: str | None
) -> Decision:
    """Raises: PolicyRefused."""
    if scopes is not None:
        # a time that was not named is none that could be too long
        seconds = parse_ttl(ttl, 1)
        if seconds is None:
            raise _usage("--ttl never: a policy's time always ends")
        return decide(policies, claims, [scope for scope in scopes.split(",") if scope], seconds)
    rows: list[Row] = []
    first = None
    for policy in policies:
        asked = explain(policy, claims)
        rows += asked
        if first is None and all(row.holds for row in asked):
            first = policy.name
    if first is None:
        raise PolicyRefused("policy", rows=tuple(rows), detail=summary(rows))
    return Decision(first, (), 0, tuple(rows))


def _rows_of(error: PolicyRefused) -> tuple[Row, ...]:
    rows = error.facts["rows"]
    assert isinstance(rows, tuple)  # noqa: S101 - whoever raises it gives them
    return rows


def _conditions(rows: Sequence[Row]) -> list[dict[str, object]]:
    return [
        {
            "policy": row.policy,
            "claim": row.claim,
            "wanted": row.wanted,
            "seen": row.seen,
            "holds": row.holds,
            "why": row.why,
        }
        for row in rows
    ]


def _table(rows: Sequence[Row]) -> str:
    cells = [
        (
            row.policy,
            row.claim,
            row.wanted,
            row.seen or "-",
            "holds" if row.holds else f"NO: {row.why}",
        )
        for row in rows
    ]
    table = [_HEAD, *[tuple(map(_line, line)) for line in cells]]
    widths = [max(len(line[at]) for line in table) for at in range(len(_HEAD))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in table
    )


def _line(text: str) -> str:
    """Foreign text on one line, nothing in it that moves the cursor."""
    return "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])
