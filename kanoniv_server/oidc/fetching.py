"""One GET to a configured issuer: bounded in time and size, without redirects. The address is never a token's."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, TypeAlias

from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import StorageError, TokenParseError

if TYPE_CHECKING:
    from typing import Any

JWKS_PATH = "/.well-known/jwks"
PATIENCE = 2.0  # seconds, for everything from the name look-up to the last byte
LARGEST = 256 * 1024
_MOST_KEYS, _LONGEST_KID = 64, 256
_SMALLEST, _BIGGEST = 2048, 8192  # bits of the modulus
_EXPONENT = b"\x01\x00\x01"

# kid -> (n, e) in base64url, of a usable RSA key
Numbers: TypeAlias = dict[str, tuple[str, str]]


def fetch(issuer: str) -> Numbers:
    """Get the usable keys of an issuer: RS256, 2048–8192 bits, exponent 65537, a kid of its own. Blocks.

    Raises: StorageError (storage) whatever goes wrong.
    """
    end = time.monotonic() + PATIENCE
    try:
        with _opener().open(issuer + JWKS_PATH, timeout=PATIENCE) as answer:
            if answer.status != http.HTTPStatus.OK:
                raise away(issuer, f"HTTP {answer.status}")
            data = _read(answer, end, issuer)
    except urllib.error.HTTPError as error:
        with error:
            raise away(issuer, f"HTTP {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise away(issuer, f"{type(error).__name__}") from None
    keys = usable(data)
    if not keys:
        raise away(issuer, "an answer without a usable key")
    return keys


def away(issuer: str, why: str) -> StorageError:
    """The one refusal for keys that cannot be had."""
    detail = f"the keys of {issuer} cannot be had: {why}"
    fix = "see whether this machine reaches the issuer; then ask for a new OIDC token and try again"
    return StorageError("storage", detail=detail, fix=fix)


def usable(data: bytes) -> Numbers:
    """Read a JWKS document; what is no key for RS256 is as if it were not there, and so is a kid of two that are."""
    try:
        # as a float a number has no length that Python refuses, and none is looked at
        found = json.loads(data, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    rows = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(rows, list) or len(rows) > _MOST_KEYS:
        return {}
    keys: Numbers = {}
    ambiguous: set[str] = set()
    for row in rows:
        kid = row.get("kid") if isinstance(row, dict) else None
        if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
            continue
        numbers = _numbers(row)
        if numbers is None:
            continue
        if keys.setdefault(kid, numbers) != numbers:
            ambiguous.add(kid)
    return {kid: numbers for kid, numbers in keys.items() if kid not in ambiguous}


def _numbers(row: dict[str, Any]) -> tuple[str, str] | None:
    if row.get("kty") != "RSA" or row.get("alg", "RS256") != "RS256":
        return None
    uses = row.get("key_ops", ["verify"])
    if row.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        return None
    n, e = row.get("n"), row.get("e")
    if not isinstance(n, str) or not isinstance(e, str):
        return None
    try:
        modulus, exponent = int.from_bytes(unb64u(n), "big"), unb64u(e)
    except TokenParseError:
        return None
    # an exponent of 1 signs for everybody, small ones have a history, huge ones are work for us
    if exponent != _EXPONENT or not _SMALLEST <= modulus.bit_length() <= _BIGGEST:
        return None
    return (n, e) if modulus % 2 else None


def _read(answer: http.client.HTTPResponse, end: float, issuer: str) -> bytes:
    parts, size = [], 0
    while part := answer.read1(65536):
        size += len(part)
        if size > LARGEST:
            raise away(issuer, f"an answer of more than {LARGEST} bytes")
        if time.monotonic() > end:
            raise away(issuer, f"no whole answer in {PATIENCE:g} seconds")
        parts.append(part)
    return b"".join(parts)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Go nowhere else: the redirect itself becomes the error."""


def _opener() -> urllib.request.OpenerDirector:
    # what build_opener adds besides speaks file: and ftp:; a proxy never stands between this machine and itself
    opener = urllib.request.OpenerDirector()
    proxies = {kind: url for kind, url in urllib.request.getproxies().items() if kind == "https"}
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        _Stay(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
