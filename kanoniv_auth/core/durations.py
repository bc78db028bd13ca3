"""The one TTL parser and the one way to print a duration. Not a clock: seconds in, seconds out."""

from __future__ import annotations

from kanoniv_auth.core.encoding import MAX_INT
from kanoniv_auth.core.errors import UsageError

DEFAULT_TTL = 4 * 3600
MAX_TTL = 10 * 366 * 86400
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def parse_ttl(ttl: str | float | None, default: int | None = DEFAULT_TTL) -> int | None:
    """Read a time to live: `30s 15m 4h 1d 1h30m`, a bare number of seconds, or `never`.

    Returns: whole seconds ≥ 1, or None for `never`, which must be said; None and "" give `default`.
    Raises: UsageError.
    """
    if ttl is None:
        return default
    if isinstance(ttl, str):
        text = ttl.strip().lower()
        if text == "":
            return default
        return None if text == "never" else _bounded(_seconds(text, ttl), ttl)
    if type(ttl) is int or (type(ttl) is float and abs(ttl) < MAX_INT):  # NaN compares false
        return _bounded(int(ttl), ttl)
    raise _unreadable(ttl)


def _seconds(text: str, given: object) -> int:
    total, digits, units = 0, "", "dhms"
    for letter in text:
        if letter in "0123456789":
            digits += letter
        # each unit once, largest first: 1h30m is a duration, 30m1h and 1m1m are typing errors
        elif digits and len(digits) <= len(str(MAX_TTL)) and letter in units:
            total += int(digits) * _UNITS[letter]
            digits, units = "", units[units.index(letter) + 1 :]
        else:
            raise _unreadable(given)
    # a bare number is seconds; after a unit it would be a guess
    if digits and (units != "dhms" or len(digits) > len(str(MAX_TTL))):
        raise _unreadable(given)
    return total + int(digits or 0)


def _bounded(seconds: int, given: object) -> int:
    if 1 <= seconds <= MAX_TTL:
        return seconds
    raise UsageError(
        "usage",
        detail=f"TTL {given!r} is not between 1 second and 10 years",
        fix="give a time such as 4h",
    )


def _unreadable(given: object) -> UsageError:
    detail = f"TTL {given!r} is not a duration such as 30s, 15m, 4h, 1d, 1h30m or never"
    return UsageError("usage", detail=detail, fix="give a time such as 4h")


def format_ttl(seconds: int | None) -> str:
    """Print whole seconds as people write them: `4h`, `1h30m`, `59s`; None is `no expiry`."""
    if seconds is None:
        return "no expiry"
    parts = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"
