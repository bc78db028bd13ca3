"""JSON that others write: any form of it, but nothing that two readers could read differently.

Not canonical JSON, which is `encoding`'s. Without the `json` package, whose import costs half a bare interpreter.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST = 16 << 20
DEEPEST = 64
# longer than any 64-bit integer; reading more digits takes time with their square
_DIGITS = 20
_CONTAINERS = (dict, list)


def read(data: bytes) -> object:
    """Read one JSON text: UTF-8, no key twice in an object, no NaN, no half of a character, no deeper than 64.

    Raises: TokenParseError (parse, too_large).
    """
    if len(data) > LARGEST:
        raise TokenParseError("too_large", size=len(data), limit=LARGEST)
    try:
        text = data.decode("utf-8").strip(" \t\r\n")
        value, end = _scan(text, 0)
    # SystemError: the C scanner's own way to report a syntax error when `json.decoder` was never imported
    except (ValueError, TypeError, StopIteration, RecursionError, SystemError):
        raise TokenParseError("parse", detail="not JSON, or a key twice in one object") from None
    if end != len(text):
        raise TokenParseError("parse", detail="text after the JSON")
    _check(value, halves="\\ud" in text or "\\uD" in text)
    return value


def write(value: object) -> str:
    """Write a value as JSON in ASCII. value: text, int, bool, None, or lists and dicts of these."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        rows = [f"{_quoted(str(key))}:{write(item)}" for key, item in value.items()]
        return "{" + ",".join(rows) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([write(item) for item in value]) + "]"
    msg = f"no JSON is made of {type(value).__name__}"
    raise TypeError(msg)


def _check(value: object, *, halves: bool) -> None:
    """Refuse what is nested too deeply and, where there can be any, half characters."""
    layer = [value]
    # looking for half characters, what the innermost container holds is one layer more
    for _ in range(DEEPEST + halves):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner += item.values()
                if halves:
                    inner += item
            elif isinstance(item, list):
                inner += item
            elif halves and isinstance(item, str):
                _whole(item)
        layer = inner if halves else [item for item in inner if isinstance(item, _CONTAINERS)]
        if not layer:
            return
    raise TokenParseError("parse", detail="JSON that is nested too deeply")


def _whole(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise TokenParseError("parse", detail="half of a character") from None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object for a reader of JSON: two values under one name could be read differently.

    Raises: ValueError.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if number - number != 0.0:  # 1e999
        raise ValueError
    return number


def refuse(text: str) -> object:
    """Take NaN and Infinity for what they are in a reader of JSON: none. Raises: ValueError."""
    raise ValueError(text)


class _Context:
    """What the C scanner asks for."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(once)
    array_hook = None
    parse_float = staticmethod(_number)
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(refuse)


def _make() -> tuple[Callable[[str, int], tuple[object, int]], Callable[[str], str]]:
    try:
        # what `json` itself uses
        from _json import encode_basestring_ascii, make_scanner  # noqa: PLC0415
    except ImportError:  # pragma: no cover - interpreters without the accelerator
        from json import JSONDecoder, encoder  # noqa: PLC0415

        decoder = JSONDecoder(
            object_pairs_hook=once,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=refuse,
        )
        return decoder.scan_once, encoder.py_encode_basestring_ascii  # type: ignore[attr-defined]
    return make_scanner(_Context()), encode_basestring_ascii  # type: ignore[arg-type]


_scan, _quoted = _make()
