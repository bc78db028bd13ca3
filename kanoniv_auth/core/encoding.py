"""Strict base64url, canonical JSON, and escaped text: docs/spec/token.md §1.1, §1.2 and §3.1.

Each has exactly one accepted form: decoding re-encodes and compares, so no two byte strings mean the same
thing. There is no lenient decoder; `keys` alone first
takes padding and the other alphabet off a key that was pasted.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from kanoniv_auth.core.errors import TokenParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_INT = 2**53
_TO_URL = bytes.maketrans(b"+/", b"-_")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_OTHERS = bytes(set(range(256)) - set(_ALPHABET))
# "!" is in no alphabet: what must not be decoded becomes what cannot be
_FROM_URL = bytes.maketrans(_OTHERS + b"-_", b"!" * len(_OTHERS) + b"+/")
_LAST = ("", "", _ALPHABET[::16].decode("ascii"), _ALPHABET[::4].decode("ascii"))
_PADDING = (b"", b"", b"==", b"=")


def b64u(data: bytes) -> str:
    """Encode as base64url without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """Decode base64url: no padding, strict alphabet, unused bits zero. Raises: TokenParseError (parse)."""
    tail = len(text) % 4
    try:
        data = a2b_base64(text.encode("ascii").translate(_FROM_URL) + _PADDING[tail])
    except ValueError:
        raise TokenParseError("parse", detail="not base64url") from None
    # a2b_base64 skips what is in no alphabet and then comes out short; and one last character
    # carries 6 bits of which 4 or 2 belong to no byte: only their zero form is canonical
    if len(data) != len(text) * 3 // 4 or tail == 1 or (tail and text[-1] not in _LAST[tail]):
        raise TokenParseError("parse", detail="not base64url, or not its canonical form")
    return data


def canonical(value: object) -> bytes:
    r"""Encode as canonical JSON: sorted keys, no white space, no escapes, integers 0…2^53.

    value: str (bytes 0x20–0x7e without `"` and `\`), int, bool, or list/tuple/dict of these.
    Raises: TokenParseError (parse) for a value outside the canonical form.
    """
    return _encode(value).encode("ascii")


def _encode(value: object) -> str:
    kind = type(value)
    if kind is str:
        return f'"{plain(value)}"'  # type: ignore[arg-type]
    if kind is int:
        if 0 <= value <= MAX_INT:  # type: ignore[operator]
            return str(value)
        raise TokenParseError("parse", detail="an integer outside 0…2^53")
    if kind is list or kind is tuple:
        if value:
            return "[" + ",".join([_encode(item) for item in value]) + "]"  # type: ignore[attr-defined]
        raise TokenParseError("parse", detail="an empty list")
    if kind is dict:
        rows = sorted(value.items())  # type: ignore[attr-defined]
        return "{" + ",".join([f'"{plain(key)}":{_encode(item)}' for key, item in rows]) + "}"
    if kind is bool:
        return "true" if value else "false"
    raise TokenParseError("parse", detail="a value that canonical JSON does not have")


def plain(text: str) -> str:
    r"""Return text that needs no escape in JSON: bytes 0x20–0x7e without `"` and `\`.

    Raises: TokenParseError (parse).
    """
    # isprintable() on ASCII is exactly 0x20–0x7e
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    raise TokenParseError("parse", detail="a string with characters that would need an escape")


def _refuse(text: str) -> object:
    raise ValueError(text)


class _Context:
    """What the C scanner asks for: numbers with a point, NaN and Infinity are refused at once."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = staticmethod(_refuse)
    parse_constant = staticmethod(_refuse)
    parse_int = int


def _make_scan() -> Callable[[str, int], tuple[object, int]]:
    try:
        # the scanner that `json` itself uses, without the 8 ms that importing `json` costs
        from _json import make_scanner  # noqa: PLC0415
    except ImportError:  # pragma: no cover - interpreters without the accelerator
        from json import JSONDecoder  # noqa: PLC0415

        decoder = JSONDecoder(parse_float=_refuse, parse_constant=_refuse)
        return decoder.scan_once  # type: ignore[attr-defined, no-any-return]
    return make_scanner(_Context())  # type: ignore[arg-type]


_scan = _make_scan()


def scan(data: bytes) -> object:
    """Read one JSON value without floats; whoever calls re-encodes it and compares the bytes.

    Raises: TokenParseError (parse).
    """
    try:
        value, end = _scan(data.decode("ascii"), 0)
    # SystemError: the C scanner's own way to report a syntax error when `json.decoder` was never imported
    except (ValueError, TypeError, StopIteration, RecursionError, SystemError):
        raise TokenParseError("parse", detail="not JSON") from None
    if end != len(data):
        raise TokenParseError("parse", detail="bytes after the JSON")
    return value


def uncanonical(data: bytes) -> object:
    """Decode canonical JSON; anything that does not re-encode to the same bytes is refused.

    Duplicate keys, white space, escapes, floats and other key orders all fail that comparison.
    Raises: TokenParseError (parse).
    """
    value = scan(data)
    try:
        again = canonical(value)
    except RecursionError:
        raise TokenParseError("parse", detail="JSON that is nested too deeply") from None
    if again != data:
        raise TokenParseError("parse", detail="JSON that is not canonical")
    return value


def escape(text: str) -> str:
    """Write any Unicode text in canonical JSON's characters: other UTF-8 bytes, and `%`, as `%` + two lowercase hex.

    Raises: TokenParseError (parse) for lone surrogates.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise TokenParseError("parse", detail="text that is not Unicode") from None
    return "".join(
        [
            chr(byte) if 0x20 <= byte <= 0x7E and byte not in b'%"\\' else f"%{byte:02x}"
            for byte in data
        ]
    )


def unescape(text: str) -> str:
    """Undo `escape`, strictly. Raises: TokenParseError (parse)."""
    head, *rest = text.split("%")
    try:
        data = head.encode("ascii") + b"".join(
            bytes.fromhex(part[:2]) + part[2:].encode("ascii") for part in rest
        )
        plain_text = data.decode("utf-8")
    except ValueError:
        raise TokenParseError("parse", detail="text that is not escaped") from None
    if escape(plain_text) != text:
        raise TokenParseError("parse", detail="escaped text that is not canonical")
    return plain_text
