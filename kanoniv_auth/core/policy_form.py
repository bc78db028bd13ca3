"""The form of a trust policy's fields: what each may be, and where it says so when it is not.

The JSON schema beside `kanoniv_ci` says the same; tests hold the two together.
"""

from __future__ import annotations

import re

from kanoniv_auth.core import github_claims
from kanoniv_auth.core.claim_matching import EXACT, GLOB, Matcher, check_text, shown
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import PolicyInvalid, UsageError
from kanoniv_auth.core.scopes import MAX_SCOPES, check_scope

MAX_CONDITIONS, MAX_TTL = 32, 120 * 86400  # the form of a time allows no more either
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
ISSUER = (
    r"(https://[a-z0-9][a-z0-9.-]{0,252}|http://(127\.0\.0\.1|localhost))(:[1-9][0-9]{0,4})?"
    r"(/[A-Za-z0-9._~-]+)*"
)
ID = r"[1-9][0-9]{0,19}"
PROPERTY = rf"{github_claims.PROPERTY}[A-Za-z0-9_$#-]{{1,75}}"
# each unit once, largest first
TTL = r"([1-9][0-9]?d)?([1-9][0-9]?h)?([1-9][0-9]{0,3}m)?([1-9][0-9]{0,4}s)?"
_NUMBER = "the number in quotes, as GitHub's API shows it: names can change hands"


def invalid(key: str, detail: str, fix: str | None = None) -> PolicyInvalid:
    """Build the error for a key of a policy, "" for the policy as a whole."""
    return PolicyInvalid("bad_policy", key=key, detail=detail, **({"fix": fix} if fix else {}))


def within(key: str, error: PolicyInvalid) -> PolicyInvalid:
    """Say where an error of a value happened."""
    return PolicyInvalid("bad_policy", **{"key": key, **error.facts})


def check_name(value: object) -> None:
    """Of a policy: it becomes a file's name and stands in logs."""
    _check("name", value, NAME, "letters, digits, `.`, `_` and `-`, at most 64 of them")


def check_issuer(value: object) -> None:
    """One issuer, whole: an enterprise's own has the same beginning as everybody's."""
    _check("issuer", value, ISSUER, "an https address without `/` at its end")


def check_id(key: str, value: object) -> None:
    """A repository's or an owner's number, as text."""
    _check(key, value, ID, _NUMBER)


def check_audience(value: object) -> None:
    """Any text that can be seen."""
    _text("audience", value)


def check_ttl(value: object) -> None:
    """Whole seconds."""
    if type(value) is not int or not 0 < value <= MAX_TTL:
        raise invalid("max_ttl", f"max_ttl is not 1 second to {format_ttl(MAX_TTL)}", "1h")


def check_scopes(value: object) -> None:
    """1–64 scopes as they stand in a token, sorted."""
    if type(value) is not tuple or not 0 < len(value) <= MAX_SCOPES:
        raise invalid("scopes", f"scopes are 1 to {MAX_SCOPES}", "deploy.staging")
    for scope in value:
        _text("scopes", scope)
        try:
            typed = check_scope(scope)
        except UsageError as error:
            raise invalid("scopes", str(error)) from None
        if typed != scope:
            raise invalid("scopes", f"scope {shown(scope)} is not written as in a token", typed)
    if list(value) != sorted(set(value)):
        raise invalid("scopes", "scopes are sorted, and each stands once")


def check_events(value: object) -> None:
    """Names of events that there are."""
    if type(value) is not frozenset or not value:
        raise invalid("events", "events are one or more names")
    for event in sorted(value, key=str):
        if event not in github_claims.EVENTS:
            raise invalid("events", f"{shown(event)} is no event of GitHub's")


def check_conditions(value: object) -> None:
    """Claims that an answer may hang on, by name, each with a matcher."""
    if type(value) is not tuple or len(value) > MAX_CONDITIONS:
        raise invalid("conditions", f"conditions are at most {MAX_CONDITIONS}")
    for claim, matcher in value:
        check_claim(claim)
        if type(matcher) is not Matcher or matcher.kind not in {EXACT, GLOB}:
            raise invalid(f"conditions.{claim}", "a condition is a matcher")
    if [claim for claim, _ in value] != sorted({claim for claim, _ in value}):
        raise invalid("conditions", "conditions are sorted, and each claim stands once")


def check_claim(claim: object) -> None:
    """A claim that a condition may ask for. Raises: PolicyInvalid, which says why not."""
    where = f"conditions.{claim}"
    if claim in github_claims.REFUSED:
        raise invalid(
            where, f"`{claim}` is not for conditions: {github_claims.REFUSED[str(claim)]}"
        )
    if claim not in github_claims.CONDITIONS and not (
        isinstance(claim, str) and re.fullmatch(PROPERTY, claim)
    ):
        raise invalid(where, f"`{shown(claim)}` is no claim of GitHub's that is known here")


def _check(key: str, value: object, form: str, wanted: str) -> None:
    text = _text(key, value)
    if not re.fullmatch(form, text):
        raise invalid(key, f"{key} {shown(text)} is not {wanted}")


def _text(key: str, value: object) -> str:
    try:
        return check_text(value, key)
    except PolicyInvalid as error:
        raise within(key, error) from None
