"""A foreign token, checked in a fixed order: size, form, header, signature and claims.

Strict where JWT is loose: canonical base64url, no name twice, one audience, whole seconds. PyJWT and `cryptography`
check RS256, the one algorithm there is; the issuer's keys come through configuration.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import jwt

from kanoniv_auth.core.encoding import MAX_INT, unb64u
from kanoniv_auth.core.errors import OidcRefused, TokenParseError
from kanoniv_auth.core.foreign_json import once, refuse
from kanoniv_server.domain.exchange import LEEWAY, LONGEST_LIFE, OidcToken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

LARGEST = 16384  # characters
_LONGEST_JTI, _LONGEST_KID = 256, 256
# they choose the key, or change what the signature is over: GitHub writes none of them
_REFUSED_HEADERS = ("b64", "crit", "enc", "jku", "jwk", "x5c", "x5u", "zip")
_JWS = jwt.PyJWS(algorithms=["RS256"])


class Keys(Protocol):
    """Where an issuer's public keys come from."""

    async def key(self, kid: str) -> Any:
        """Give the key of a kid. Raises: OidcRefused, StorageError."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A token taken apart, of which nothing is proven yet, but its form."""

    text: str
    kid: str
    issuer: str
    payload: bytes
    claims: dict[str, Any]


async def check(text: str, *, issuers: Mapping[str, Keys], audience: str, now: int) -> OidcToken:
    """Check a token of one of these issuers, for exactly this audience. now: unix seconds.

    Raises: TokenParseError (too_large, parse), OidcRefused (fact failed: the claim or header), StorageError when the
    issuer's keys cannot be had.
    """
    parts = take_apart(text)
    keys = issuers.get(parts.issuer)
    if keys is None:
        _refuse("iss", "its issuer is not one that this service trusts")
    key = await keys.key(parts.kid)
    _check_signature(parts, key)
    _check_audience(parts.claims, audience)
    return _check_times(parts, now)


def take_apart(text: str) -> Parts:
    """Read a token's form, in the order in which each step makes the next one safe.

    Raises: TokenParseError (too_large, parse), OidcRefused for its header or a claim that is no text.
    """
    if len(text) > LARGEST:
        raise TokenParseError("too_large", size=len(text), limit=LARGEST)
    segments = text.split(".")
    if len(segments) != 3 or not all(segments):
        raise TokenParseError("parse", detail="an OIDC token has three parts")
    header, payload = _read(segments[0], "header"), unb64u(segments[1])
    unb64u(segments[2])
    kid = _check_header(header)
    claims = _read(segments[1], "payload")
    issuer = claims.get("iss")
    if type(issuer) is not str:
        _refuse("iss", "no issuer")
    return Parts(text, kid, issuer, payload, claims)


def _read(segment: str, what: str) -> dict[str, Any]:
    try:
        found = _DECODER.decode(unb64u(segment).decode("utf-8"))
    except (ValueError, RecursionError):
        raise TokenParseError("parse", detail=f"the {what} is not strict JSON") from None
    if type(found) is not dict:
        raise TokenParseError("parse", detail=f"the {what} is not a JSON object")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=once, parse_constant=refuse)


def _check_header(header: dict[str, Any]) -> str:
    if header.get("alg") != "RS256":
        _refuse("alg", "it is not signed with RS256")
    if header.get("typ", "JWT") != "JWT":
        _refuse("typ", "its type is not JWT")
    for name in _REFUSED_HEADERS:
        if name in header:
            _refuse(name, f"its header has {name}, which is not taken from a token")
    kid = header.get("kid")
    if type(kid) is not str or not 0 < len(kid) <= _LONGEST_KID:
        _refuse("kid", "its header names no key")
    return kid


def _check_signature(parts: Parts, key: Any) -> None:
    try:
        signed = _JWS.decode(parts.text, key, algorithms=["RS256"])
    except jwt.PyJWTError:
        _refuse("signature", "its signature is not its issuer's")
    # two readers of one text must have read the same
    if signed != parts.payload:
        _refuse("signature", "its signature is over something else")


def _check_audience(claims: dict[str, Any], audience: str) -> None:
    found = claims.get("aud")
    if type(found) is not str or found != audience:
        detail = f"its audience is {_shown(found)}, this exchange takes {audience}"
        _refuse("aud", detail, fix=f"ask the issuer for a token with the audience {audience}")


def _shown(found: object) -> str:
    if type(found) is str:
        return f"{found[:200]!a}"
    return "missing" if found is None else "not one string"


def _check_times(parts: Parts, now: int) -> OidcToken:
    ends, begins, issued = (_seconds(parts.claims, name) for name in ("exp", "nbf", "iat"))
    if now >= ends + LEEWAY:
        _refuse("exp", f"it expired at {ends}, it is {now}")
    for name, at in (("nbf", begins), ("iat", issued)):
        if now < at - LEEWAY:
            _refuse(name, f"it is from the future: {name} is {at}, it is {now}")
    if not issued < ends <= issued + LONGEST_LIFE or begins >= ends:
        _refuse("exp", f"it lives for {ends - issued} seconds, at most {LONGEST_LIFE}")
    jti = parts.claims.get("jti")
    if type(jti) is not str or not 0 < len(jti) <= _LONGEST_JTI or not jti.isprintable():
        _refuse("jti", f"its id is not a text of 1 to {_LONGEST_JTI} characters")
    return OidcToken(parts.issuer, jti, issued, parts.claims)


def _seconds(claims: dict[str, Any], name: str) -> int:
    found = claims.get(name)
    # a bool is an int for isinstance, a float may be no number at all
    if type(found) is not int or not 0 <= found <= MAX_INT:
        _refuse(name, f"{name} is missing, or is not whole seconds")
    return found


def _refuse(failed: str, detail: str, **facts: object) -> NoReturn:
    raise OidcRefused("oidc", failed=failed, detail=detail, **facts)
