"""What the service is asked, and what of its answers is taken: strict JSON of known form, or one error.

Refusals are RFC 9457 problem documents. Whatever else arrives is an error too; nothing is ever taken for a yes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from kanoniv_auth.cloud.endpoint import check_endpoint
from kanoniv_auth.cloud.exchange import SECONDS, NoReplyError, Reply, send
from kanoniv_auth.core.errors import REASONS, ServiceRefused
from kanoniv_auth.core.foreign_json import once, refuse
from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.revocation_list import MAX_LIST

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 1 << 21  # bytes of JSON: more than a page of a thousand delegations
_PROBLEM = "application/problem+json"
_TYPE = "urn:kanoniv:error:"
_UNDERSTOOD = frozenset((400, 403, 409, 422))
# what its refusals are here, where the word is another one
_WORDS = {"malformed": "usage", "invalid": "usage", "too_long": "too_large"}
_LONGEST, _LONGEST_WAIT, _SCOPES = 400, 86400, 64
_LOG_IN = "log in with a key that works: kanoniv-auth login --endpoint URL"
_SEE = "see whether it runs and is a delegation service; kanoniv-auth login --endpoint URL sets another"
_UNSURE = "it may be done all the same: kanoniv-auth cloud list shows what was issued and revoked"


class Client:
    """Speaks with one service. api_key: shown to that address alone, None to ask what everybody may."""

    __slots__ = ("_api_key", "_seconds", "endpoint")

    _api_key: str | None
    _seconds: float
    endpoint: str

    def __init__(
        self, endpoint: str, api_key: str | None = None, *, seconds: float = SECONDS
    ) -> None:
        self.endpoint = check_endpoint(endpoint)
        self._api_key, self._seconds = api_key, seconds

    def __repr__(self) -> str:
        return f"Client({self.endpoint})"

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Ask for a JSON object. Raises: ServiceRefused."""
        return self._object(self._send("GET", path + _query(query), None, {}), (200,))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a JSON object for another. Raises: ServiceRefused."""
        data = json.dumps(body, separators=(",", ":")).encode("ascii")
        headers = {"Content-Type": "application/json"}
        return self._object(self._send("POST", path, data, headers), (200, 201))

    def revocation_list(self, tenant: str, etag: str | None) -> tuple[str | None, str]:
        """Fetch the newest list as text, not checked; None when it is the one that `etag` was given with.

        Returns: also its own tag, "" for none. Raises: ServiceRefused.
        """
        headers = {} if etag is None else {"If-None-Match": f'"{etag}"'}
        path = "/v1/revocations" + _query({"tenant": tenant})
        reply = self._send("GET", path, None, headers, limit=MAX_LIST + 2)
        if reply.status == 304 and etag is not None:
            return None, etag
        if reply.status != 200 or _media(reply) != "text/plain":
            raise self._refusal(reply, "no revocation list")
        try:
            return reply.body.decode("ascii").strip(), _tag(reply.headers.get("etag", ""))
        except UnicodeDecodeError:
            raise self.unusable("its list is not text") from None

    def unusable(self, detail: str, fix: str = _SEE) -> ServiceRefused:
        """Build the error for an answer that says what it should not."""
        return ServiceRefused("service", endpoint=self.endpoint, detail=detail, fix=fix)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int = LARGEST,
    ) -> Reply:
        said = {"Accept": f"application/json, text/plain, {_PROBLEM}", **headers}
        if self._api_key is not None:
            said["Authorization"] = f"Bearer {self._api_key}"
        try:
            return send(
                method,
                self.endpoint + path,
                headers=said,
                body=body,
                limit=limit,
                seconds=self._seconds,
            )
        except NoReplyError as error:
            unsure = method == "POST" and not error.unsent
            raise self.unusable(str(error), _UNSURE if unsure else _SEE) from None

    def _object(self, reply: Reply, wanted: tuple[int, ...]) -> dict[str, Any]:
        if reply.status not in wanted:
            raise self._refusal(reply, "no answer to this")
        if _media(reply) != "application/json":
            raise self.unusable("its answer is not JSON")
        try:
            return parse_object(reply.body)
        except ValueError:
            raise self.unusable("its answer is not strict JSON") from None

    def _refusal(self, reply: Reply, otherwise: str) -> ServiceRefused:
        """Make an error of what is not the answer. otherwise: what to call a 2xx that is none."""
        if 300 <= reply.status < 400:
            where = _short(reply.headers.get("location", "elsewhere"))
            return self.unusable(
                f"it sends to {where} (HTTP {reply.status}), which is not followed: keys go to one address",
                "log in at the address itself: kanoniv-auth login --endpoint URL",
            )
        slug, detail, fix, facts = _problem(reply)
        wait = reply.headers.get("retry-after", "")
        if wait.isascii() and wait.isdigit() and len(wait) < 8 and reply.status in (429, 503):
            facts["retry_after"] = min(int(wait), _LONGEST_WAIT)
            fix = f"wait {facts['retry_after']} s, then run it again"
        elif reply.status == 401:
            fix = _LOG_IN
        if not detail:
            detail = otherwise if reply.status < 300 else f"HTTP {reply.status}"
        return ServiceRefused(
            slug,
            endpoint=self.endpoint,
            detail=detail,
            fix=fix or (_SEE if slug == "service" else ""),
            status=reply.status,
            **facts,
        )


def _problem(reply: Reply) -> tuple[str, str, str, dict[str, object]]:
    """Slug, sentence, fix and facts of a problem document; `service` and nothing for what is none."""
    try:
        found = parse_object(reply.body) if _media(reply) == _PROBLEM else {}
    except ValueError:
        found = {}
    kind, detail, fix = (found.get(name) for name in ("type", "detail", "fix"))
    word = kind.removeprefix(_TYPE) if isinstance(kind, str) and kind.startswith(_TYPE) else ""
    slug = _WORDS.get(word, word)
    if reply.status not in _UNDERSTOOD or slug not in REASONS:
        slug = "service"
    facts: dict[str, object] = {}
    need, have = found.get("need"), found.get("have")
    if slug == "scope" and isinstance(need, str) and isinstance(have, list):
        facts = {"need": _short(need), "have": tuple(_short(one) for one in have[:_SCOPES])}
    return slug, _short(detail), _short(fix), facts


def _short(text: object) -> str:
    """One line of what the service says; surfaces escape it as all text from outside."""
    return redact(text[: 4 * _LONGEST])[:_LONGEST] if isinstance(text, str) else ""


def _media(reply: Reply) -> str:
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower()


def _query(query: Mapping[str, str | int]) -> str:
    return f"?{urlencode(query, quote_via=quote)}" if query else ""


def _tag(header: str) -> str:
    """The inside of an ETag; "" when it is none that can be kept and sent back."""
    text = header.removeprefix("W/")
    inner = text[1:-1]
    fine = len(text) > 2 and text[0] == text[-1] == '"' and len(text) <= 128
    return (
        inner
        if fine and inner.isascii() and inner.isprintable() and not set('"\\ ,') & set(inner)
        else ""
    )


def parse_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object in UTF-8: no name twice, no float, no NaN. Raises: ValueError."""
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=once,
            parse_float=refuse,
            parse_constant=refuse,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if type(found) is not dict:
        raise ValueError("not an object")
    return found
