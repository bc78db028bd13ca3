"""Refusals as HTTP answers: RFC 9457 `application/problem+json`, and the published product's `{ok, error}`.

Which slug means which status stands here, once. What a server says of itself (paths, addresses, the database's own
words) goes to its log and not to whoever asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import REASONS, AuthError
from kanoniv_auth.core.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "urn:kanoniv:error:"
MEDIA = b"application/problem+json"
JSON = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
LONGEST = 400
# what a refusal of the core means here; all others are 403: understood, checked, and refused
_STATUS = {
    "parse": 400,
    "too_large": 400,
    "unknown_version": 400,
    "no_token": 400,
    "usage": 422,
    "no_root_key": 503,
    "no_trusted_root": 503,
    "key_permissions": 503,
    "bad_key": 503,
    "log_broken": 503,
    "bad_policy": 503,
    "oidc": 401,
    "storage": 503,
    "unrecorded": 503,
}
_OWN = "the service cannot do this at the moment"
# what only HTTP can refuse: slug -> status, title, fix
PLAIN: dict[str, tuple[int, str, str]] = {
    "malformed": (400, "the request is not what this route takes", "see /openapi.json"),
    "unauthorized": (401, "an API key that works is needed", "send Authorization: Bearer kas_…"),
    "forbidden": (403, "this API key may not do this", "use a key of this tenant with the right"),
    "not_found": (404, "there is nothing here", "see /openapi.json for what there is"),
    "method": (405, "this route does not take this method", "see the Allow header"),
    "too_slow": (408, "the request did not arrive in time", "send it at once"),
    "too_long": (413, "the request is too long", "ask for less at a time"),
    "invalid": (422, "a field of the request cannot be used", "see /openapi.json"),
    "limited": (429, "too many requests", "wait for as long as Retry-After says"),
    "long_head": (431, "the head of the request is too long", "send fewer or shorter headers"),
    "defect": (500, "a defect of the service", "tell its operator the request id"),
    "busy": (503, "the service has no room for this now", "wait for as long as Retry-After says"),
}
# made once: `json.dumps` makes one for each answer
_encoded = json.JSONEncoder(separators=(",", ":")).encode
_RETRY_SOON = (b"retry-after", b"1")
_PHRASES = {408: b"Request Timeout", 431: b"Request Header Fields Too Large", 503: b"Busy"}
_ASK = (b"www-authenticate", b'Bearer realm="kanoniv"')
ASK_BROWSER = (b"www-authenticate", b'Basic realm="kanoniv", charset="UTF-8"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. headers: lower case, without content-length."""

    status: int
    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refusal(Exception):
    """The request goes no further. slug, title, code, detail, fix: what is said · private: for the log alone."""

    def __init__(
        self,
        status: int,
        slug: str,
        *,
        code: str,
        title: str,
        detail: str,
        fix: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        private: str = "",
    ) -> None:
        super().__init__(slug)
        self.status, self.slug, self.code, self.title = status, slug, code, title
        self.detail, self.fix, self.headers, self.private = detail, fix, headers, private
        # members beyond those of RFC 9457, by name
        self.extra: Mapping[str, object] = {}


def refusal(
    slug: str, detail: str = "", *, headers: tuple[tuple[bytes, bytes], ...] = (), private: str = ""
) -> Refusal:
    """Make one of what only HTTP refuses."""
    status, title, fix = PLAIN[slug]
    if slug == "unauthorized":
        headers = (*headers, _ASK)
    if slug == "busy":
        headers = (*headers, _RETRY_SOON)
    return Refusal(
        status,
        slug,
        code=f"KAN-HTTP-{status}",
        title=title,
        detail=clean(detail or title),
        fix=fix,
        headers=headers,
        private=private,
    )


def limited(seconds: float) -> Refusal:
    """Refuse because of the rate. seconds: until it would do."""
    wait = str(max(1, int(seconds) + 1)).encode("ascii")
    return refusal("limited", headers=((b"retry-after", wait),))


def of(error: AuthError) -> Refusal:
    """Say a refusal of the core or the domain over HTTP."""
    reason = REASONS[error.slug]
    status = _STATUS.get(error.slug, 403)
    title = reason.text.partition("{")[0].strip(" :") or error.slug.replace("_", " ")
    if status == 503:
        return Refusal(
            status,
            error.slug,
            code=reason.code,
            title=_OWN,
            detail=_OWN,
            fix="try again; if it stays so, its operator finds the reason in the log",
            headers=(_RETRY_SOON,),
            private=clean(str(error)),
        )
    refused = Refusal(
        status,
        error.slug,
        code=reason.code,
        title=title,
        detail=clean(str(error)),
        fix=clean(str(error.facts.get("fix") or "")),
        headers=(_ASK,) if status == 401 else (),
    )
    have = error.facts.get("have")
    if error.slug == "scope" and isinstance(have, tuple):
        # of the token or the key that was shown, to whoever has shown it
        shown = [clean(str(one)) for one in have]
        refused.extra = {"need": clean(str(error.facts["need"])), "have": shown}
    return refused


def clean(text: str) -> str:
    """Take tokens and keys out of a sentence, and hold it to one short line."""
    # cut first: what is cut in the middle of a token would else be no token any more
    shown = redact(text[: 4 * LONGEST])
    line = "".join([one if one.isprintable() else " " for one in shown])
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def problem(refused: Refusal, request_id: str) -> Answer:
    """Write a refusal as RFC 9457 has it."""
    document: dict[str, object] = {
        "type": TYPE + refused.slug,
        "title": refused.title,
        "status": refused.status,
        "code": refused.code,
        "detail": refused.detail,
        "instance": f"urn:kanoniv:request:{request_id}",
    }
    if refused.fix:
        document["fix"] = refused.fix
    document.update(refused.extra)
    headers = ((b"content-type", MEDIA), (b"cache-control", b"no-store"), *refused.headers)
    return Answer(refused.status, _json(document), headers)


def bare(status: int, slug: str) -> bytes:
    """Write a whole HTTP answer, the last of its connection, to what is no request yet."""
    answer = problem(refusal(slug), "-")
    head = b"HTTP/1.1 %d %s\r\n" % (status, _PHRASES[status])
    lines = b"".join([b"%s: %s\r\n" % one for one in answer.headers])
    return b"%s%scontent-length: %d\r\nconnection: close\r\n\r\n%s" % (
        head,
        lines,
        len(answer.body),
        answer.body,
    )


def envelope(refused: Refusal, _: str) -> Answer:
    """Write a refusal as the published product did: what is wrong with a request is 400, whatever it is.

    It knew no keys that may do only some things: that is 403.
    """
    same = refused.slug == "forbidden" or refused.status not in {403, 404, 422}
    status = refused.status if same else 400
    text = refused.detail
    if refused.slug == "unauthorized":
        text = "Unauthorized. Set Authorization: Bearer <api-key>"
    return Answer(status, _json({"ok": False, "error": text}), (*JSON, *refused.headers))


def json_answer(
    document: Mapping[str, object] | list[object],
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """Write an answer that is not to be kept by anybody between."""
    return Answer(status, _json(document), (*JSON, *headers))


def _json(document: object) -> bytes:
    return _encoded(document).encode("ascii")
