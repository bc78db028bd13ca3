r"""Any JSON value as one byte string: RFC 8785 (JCS), for the hash of a tool call's arguments. docs/spec/mcp-proof.md.

Not what tokens are made of: `encoding.canonical` has no floats and no escapes, and refuses what needs them.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.sodium import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_EXACT = 2**53 - 1  # beyond it, readers that have only doubles see other integers
_LONGEST, _SHORTEST = 21, -6
_ESCAPES = {
    **{byte: f"\\u{byte:04x}" for byte in range(0x20)},
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0C: "\\f",
    0x0D: "\\r",
    0x22: '\\"',
    0x5C: "\\\\",
}


def args_sha256(arguments: Mapping[str, object]) -> bytes:
    """Hash a call's arguments, 32 bytes. Raises: TokenParseError (parse) as `jcs`."""
    return sha256(jcs(arguments))


def jcs(value: object) -> bytes:
    """Write a JSON value in its one form; a number's spelling (`1`, `1.0`, `1e0`) does not count, its value does.

    Raises: TokenParseError (parse) for an integer that not every reader has exactly, NaN, infinities, text that is
    not Unicode, keys that are no text, and nesting that is too deep.
    """
    try:
        return _write(value).encode("utf-8")
    except UnicodeEncodeError:
        raise _unfit("text that is not Unicode") from None
    except RecursionError:
        raise _unfit("nesting that is too deep") from None


def _write(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return str(value)
        raise _unfit("an integer beyond ±(2^53 − 1): send it as text")
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item) for item in value]) + "]"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise _unfit("a key that is no text")
        # by UTF-16 code units, as JavaScript sorts
        names = sorted(value, key=_units)
        return "{" + ",".join([f"{_text(name)}:{_write(value[name])}" for name in names]) + "}"
    raise _unfit("a value that JSON does not have")


def _units(name: str) -> bytes:
    return name.encode("utf-16-be")


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float) -> str:
    """Write a double as ECMAScript does: the shortest digits that read back as the same double, `1e+21` and beyond."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN alone is not itself
        raise _unfit("a number that JSON does not have")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # repr() finds the same digits; only the place of the point differs
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """Digits with the point after the first `point` of them."""
    if len(digits) <= point <= _LONGEST:
        return digits.ljust(point, "0")
    if 0 < point <= _LONGEST:
        return f"{digits[:point]}.{digits[point:]}"
    if _SHORTEST < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"


def _unfit(detail: str) -> TokenParseError:
    return TokenParseError("parse", detail=detail)
