"""One request and its answer: bounded in time and size, without redirects, cookies or caches. Not what they mean."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from kanoniv_auth import __version__
from kanoniv_auth.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 20.0
_CHUNK = 65536
_AGENT = f"kanoniv-auth/{__version__}"


class Reply(Value):
    """status: HTTP's · headers: by name in lower case, the first of each · body: whole."""

    __slots__ = ("status", "headers", "body")

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._fill(status, headers, body)


class NoReplyError(Exception):
    """There is no answer, or none that was taken; its text says why. unsent: the service has not seen the request."""

    def __init__(self, detail: str, *, unsent: bool = False) -> None:
        super().__init__(detail)
        self.unsent = unsent


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    limit: int,
    seconds: float = SECONDS,
) -> Reply:
    """Send one request and take its answer, of any status.

    limit: bytes of the body · seconds: for all of it, from the look-up of the name to the last byte.
    Raises: NoReplyError.
    """
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - `endpoint` has seen it
    for name, value in {"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers}.items():
        # unredirected, as all of them: a proxy is told none
        request.add_unredirected_header(name, value)
    attempt = _Attempt(request, limit, seconds)
    # what drips a byte a second never runs into a time-out of a socket, and looking up a name has none at all
    thread = threading.Thread(target=attempt.run, daemon=True)
    thread.start()
    thread.join(seconds)
    attempt.given_up = True
    if attempt.reply is not None:
        return attempt.reply
    if attempt.error is None:
        raise NoReplyError(f"no whole answer within {seconds:g} seconds")
    raise _told(attempt.error, seconds) from None


class _Attempt:
    """A request on its way, in a thread of its own."""

    def __init__(self, request: urllib.request.Request, limit: int, seconds: float) -> None:
        self._request, self._limit, self._seconds = request, limit, seconds
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self.given_up = False

    def run(self) -> None:
        try:
            with _opener().open(self._request, timeout=self._seconds) as answer:
                self.reply = self._take(answer)
        except Exception as error:  # noqa: BLE001 - the one who waits is told
            self.error = error

    def _take(self, answer: http.client.HTTPResponse) -> Reply:
        parts, size = [], 0
        while not self.given_up and (part := answer.read1(_CHUNK)):
            parts.append(part)
            size += len(part)
            if size > self._limit:
                raise NoReplyError(f"an answer of more than {self._limit} bytes")
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            headers.setdefault(name.lower(), value)
        length = headers.get("content-length")
        if length is not None and answer.status not in (204, 304) and length != str(size):
            raise NoReplyError("the answer was cut off")
        return Reply(answer.status, headers, b"".join(parts))


def _opener() -> urllib.request.OpenerDirector:
    """Without what follows redirects or makes errors of statuses, and without file: and ftp:."""
    opener = urllib.request.OpenerDirector()
    # a proxy sees nothing of https but the name; what is plain goes to this machine itself, and to no proxy
    proxies = {kind: url for kind, url in urllib.request.getproxies().items() if kind == "https"}
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _told(error: Exception, seconds: float) -> NoReplyError:
    """Say what went wrong; never what the other side sent."""
    cause: object = error
    while isinstance(cause, urllib.error.URLError) and isinstance(cause.reason, Exception):
        cause = cause.reason
    if isinstance(cause, NoReplyError):
        return cause
    if isinstance(cause, TimeoutError):
        return NoReplyError(f"no answer within {seconds:g} seconds")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NoReplyError(f"its certificate is not trusted: {cause.verify_message}", unsent=True)
    if isinstance(cause, ssl.SSLError):
        return NoReplyError("it does not speak TLS as it should", unsent=True)
    if isinstance(cause, http.client.HTTPException):
        return NoReplyError(f"it does not speak HTTP as it should ({type(cause).__name__})")
    if isinstance(cause, OSError):
        unsent = isinstance(error, urllib.error.URLError) and not isinstance(
            cause, ConnectionResetError
        )
        return NoReplyError(f"it cannot be reached: {cause.strerror or cause}", unsent=unsent)
    return NoReplyError(f"its answer cannot be read ({type(cause).__name__})")
