"""The job's own OIDC token from GitHub: is one to be had, get one for an audience, look at what came.

Nothing is trusted here: who checks the token is the service. What is checked spares a riddle, and a token for
somebody else.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.web import Unanswered, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Ask = Callable[[str, Mapping[str, str], "bytes | None"], bytes]

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
LONGEST = 16384
_JWT = re.compile(r"[A-Za-z0-9_-]{2,}(\.[A-Za-z0-9_-]{2,}){2}")
_HEADER = re.compile(r"[!-~]{1,16384}")
# the whole block, because a job's own block takes everything away that it does not name
PERMISSIONS = """permissions:
  contents: read
  id-token: write # an OIDC token for this job"""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Where this job asks for an OIDC token, and with what."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """An OIDC token and what it says, unchecked."""

    token: str = field(repr=False)
    claims: Mapping[str, object]


def request_of(environ: Mapping[str, str]) -> TokenRequest:
    """What the runner gave this job. Raises: Refusal (KAN-OIDC-004: nothing; KAN-OIDC-005: something unusable)."""
    url, token = environ.get(URL, ""), environ.get(TOKEN, "")
    if not url and not token:
        more = f"Add this to the job; a block of its own resets all others.\n\n```yaml\n{PERMISSIONS}\n```"
        raise Refusal([problem("KAN-OIDC-004")], more)
    for name, fine in ((URL, is_safe(url)), (TOKEN, bool(_HEADER.fullmatch(token)))):
        if not fine:
            what = "malformed" if environ.get(name) else "not set"
            raise _broken(f"{name} is {what}")
    return TokenRequest(url, token)


def address(url: str, audience: str) -> str:
    """Put an audience into the query that is there already; an audience that stands in it goes."""
    parts = urlsplit(url)
    kept = [
        part for part in parts.query.split("&") if part and part.partition("=")[0] != "audience"
    ]
    query = "&".join([*kept, f"audience={quote(audience, safe='')}"])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def fetch(request: TokenRequest, audience: str, ask: Ask, mask: Callable[[str], None]) -> Identity:
    """Get a fresh token. mask: hides a secret from here on.

    Raises: Unanswered; Refusal (KAN-OIDC-005, KAN-OIDC-006).
    """
    headers = {
        "Authorization": f"bearer {request.token}",
        "Accept": "application/json",
    }
    token = _value(ask(address(request.url, audience), headers, None))
    mask(token)
    claims = _claims(token)
    if claims.get("aud") != audience:
        raise Refusal([problem("KAN-OIDC-006", wanted=audience, found=_short(claims.get("aud")))])
    return Identity(token, claims)


def unavailable(error: Unanswered) -> Refusal:
    """Say that GitHub gave none, in the end."""
    return _broken(error.detail)


def _value(data: bytes) -> str:
    try:
        found = json.loads(data)
        token = found["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _broken("the answer holds no token") from None
    if type(token) is not str or len(token) > LONGEST or _JWT.fullmatch(token) is None:
        raise _broken("the answer holds something that is no token")
    return token


def _claims(token: str) -> dict[str, object]:
    try:
        found = json.loads(unb64u(token.split(".")[1]))
    except (ValueError, TokenParseError, RecursionError):
        found = None
    if type(found) is not dict:
        raise _broken("its token cannot be read")
    return found


def _short(value: object) -> str:
    return value[:200] if isinstance(value, str) else f"not text but {type(value).__name__}"


def _broken(detail: str) -> Refusal:
    return Refusal([problem("KAN-OIDC-005", detail=detail)])
