"""Scopes: dotted paths that cover their children by whole segments (docs/spec/token.md §1.3).

`seg(.seg){0,15}`; seg = 1–200 of `[A-Za-z0-9_-]` or `%` + two lowercase hex digits of a byte outside that set.
Nothing is repaired, folded or normalised: what is not in the grammar is refused.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import ScopeViolation, TokenParseError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

MAX_SEGMENTS, MAX_SEGMENT, MAX_SCOPES = 16, 200, 64
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_PLAIN = _LETTERS + b"."
_HEX = "0123456789abcdef"


def scope(*segments: str) -> str:
    """Build a scope from outside values (repository, branch, tool): the one encoder.

    Every UTF-8 byte outside `[A-Za-z0-9_-]` becomes `%xx`, so a dot in a branch name starts no new segment.
    Raises: UsageError for no segments, an empty one, or one that is too long.
    """
    encoded = ".".join([_encode(segment) for segment in segments])
    return check_scope(encoded)


def _encode(segment: object) -> str:
    if not isinstance(segment, str) or not segment:
        raise UsageError(
            "usage", detail="a scope is made from segments that are text and not empty"
        )
    try:
        data = segment.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("usage", detail="a scope segment that is not Unicode") from None
    return "".join([chr(byte) if byte in _LETTERS else f"%{byte:02x}" for byte in data])


def _flaw(text: object) -> str | None:
    """Say what is wrong with a scope, None when nothing is."""
    if not isinstance(text, str) or not text.isascii():
        return "a scope is ASCII"
    segments = text.split(".")
    if len(segments) > MAX_SEGMENTS:
        return f"{len(segments)} segments, at most {MAX_SEGMENTS}"
    for segment in segments:
        if not 0 < len(segment) <= MAX_SEGMENT:
            return (
                "an empty segment"
                if not segment
                else f"a segment of {len(segment)} characters, at most {MAX_SEGMENT}"
            )
    if not text.encode("ascii").translate(None, _PLAIN):
        return None
    return _escape_flaw(text)


def _escape_flaw(text: str) -> str | None:
    head, *rest = text.split("%")
    parts = [head]
    for part in rest:
        digits = part[:2]
        # an escape of a byte that needs none would be a second spelling of the same scope
        if len(digits) < 2 or digits.strip(_HEX) or int(digits, 16) in _LETTERS:
            return "`%` must be followed by two lowercase hex digits of a byte outside A-Za-z0-9_-"
        parts.append(part[2:])
    if any(part.encode("ascii").translate(None, _PLAIN) for part in parts):
        return "characters outside A-Za-z0-9_- . %"
    return None


def check_wire(text: str) -> str:
    """Return a scope as it stands in a token. Raises: TokenParseError (parse)."""
    if _flaw(text) is None:
        return text
    raise TokenParseError("parse", detail="a scope that is not in the grammar")


def check_scope(text: object) -> str:
    """Return a scope that a person typed; here alone `read:payments` is taken for `read.payments`.

    Raises: UsageError (usage); the fix is the encoded form when there is one.
    """
    if not isinstance(text, str):
        raise UsageError("usage", detail=f"a scope is text, not {type(text).__name__}", fix=None)
    typed = text.strip().replace(":", ".")
    flaw = _flaw(typed)
    if flaw is None:
        return typed
    try:
        fix = ".".join([_encode(segment) for segment in typed.split(".")])
    except UsageError:
        fix = None
    raise UsageError("usage", detail=f"scope {text!r}: {flaw}", fix=None if _flaw(fix) else fix)


def parse_scopes(value: str | Iterable[str]) -> tuple[str, ...]:
    """Read a list of scopes: text separated by commas or newlines, or an iterable of scopes.

    Returns: 1–64 scopes, sorted and unique.
    Raises: UsageError.
    """
    if isinstance(value, str):
        items = [item for item in value.replace("\n", ",").split(",") if item.strip()]
    else:
        items = list(value)
    scopes = tuple(sorted({check_scope(item) for item in items}))
    if not 0 < len(scopes) <= MAX_SCOPES:
        found = f"{len(scopes)} scopes" if scopes else "no scopes"
        raise UsageError(
            "usage", detail=f"{found}, at least 1 and at most {MAX_SCOPES}", fix="deploy.staging"
        )
    return scopes


def covers(granted: Container[str], action: str) -> bool:
    """Tell whether a granted scope is `action` or one of its parents by whole segments.

    `action` must be in the grammar already; at most 16 look-ups.
    """
    if action in granted:
        return True
    end = action.rfind(".")
    while end > 0:
        if action[:end] in granted:
            return True
        end = action.rfind(".", 0, end)
    return False


def require(granted: Container[str], action: str, have: tuple[str, ...]) -> None:
    """Refuse an action that is malformed or not covered (`have`: what is granted, for the error).

    Raises: ScopeViolation (scope).
    """
    # a member of a verified set is in the grammar already
    if action in granted or (_flaw(action) is None and covers(granted, action)):
        return
    raise ScopeViolation("scope", need=action, have=have)
