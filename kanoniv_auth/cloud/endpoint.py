"""Addresses of services and the form of their API keys: what a person may give. Nothing is asked here."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import TokenParseError, UsageError

API_KEY_PREFIX = "kas_"
_API_KEY_BYTES = 32
_LONGEST = 2048
_FORBIDDEN = frozenset(' "\\?#<>^`{|}@')


def check_endpoint(text: str) -> str:
    """Return the address of a service without a slash at its end: https, or http on this machine alone.

    Raises: UsageError; what may hold a password is not repeated.
    """
    given = text.strip()
    try:
        address = urlsplit(given)
        host, port = address.hostname or "", address.port
    except ValueError:
        raise _bad(given) from None
    plain = given.isascii() and given.isprintable() and not _FORBIDDEN & set(given)
    if not (plain and host) or port == 0 or len(given) > _LONGEST:
        raise _bad(given)
    if address.scheme == "https" or (address.scheme == "http" and _is_loopback(host)):
        return given.rstrip("/")
    raise _bad(given)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(given: str) -> UsageError:
    shown = "this" if "@" in given else repr(given[:200])
    detail = f"{shown} is no address of a service: https is wanted, and http only on this machine"
    return UsageError("usage", detail=detail, fix="give one such as https://auth.example.com")


def check_api_key(text: str) -> str:
    """Return an API key in its one form. Raises: UsageError, which never holds it."""
    given = text.strip()
    try:
        fine = given.startswith(API_KEY_PREFIX)
        fine = fine and len(unb64u(given.removeprefix(API_KEY_PREFIX))) == _API_KEY_BYTES
    except TokenParseError:
        fine = False
    if not fine:
        fix = "give the key that the service printed: kas_ and 43 characters"
        raise UsageError("usage", detail="this is not an API key of a service", fix=fix)
    return given
