"""A stand-in for the service, and for the runner's token endpoint, that answers whatever a scenario wants.

Not the service: that one is run for real in test_keyless_real.py. This one does what the real one never would.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kanoniv_auth.core import sodium
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.encoding import b64u, unb64u
from kanoniv_auth.core.exchange import check_possession, exchange_message
from kanoniv_auth.core.keys import KeyPair, parse_did_key
from tests.action.step import Job, Outcome
from tests.support.issuer import github_claims

REQUEST_TOKEN = "the-runner-s-request-token-0123456789"
SERVICE_ROOT = KeyPair.from_seed(bytes(range(32)))


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered. seconds: of silence before · drip: seconds between bytes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    drip: float = 0


Answers = Callable[[Heard], Reply]


@dataclass
class Standin:
    """A server on this machine. heard: every request, in order · answers: how it replies."""

    url: str
    answers: Answers
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def serving(answers: Answers) -> Iterator[Standin]:
    """Serve until the end."""
    found = Standin("", answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, body)
            found.heard.append(heard)
            reply = found.answers(heard)
            time.sleep(reply.seconds)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            for at in range(0, len(reply.body), 1 if reply.drip else max(1, len(reply.body))):
                self.wfile.write(reply.body[at : at + 1] if reply.drip else reply.body)
                self.wfile.flush()
                time.sleep(reply.drip)

        do_GET = do_POST = handle_one

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # whoever asked has gone

    server = Server(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def grant(
    heard: Heard,
    *,
    root: KeyPair = SERVICE_ROOT,
    to: bytes | None = None,
    scopes: tuple[str, ...] | None = None,
    ttl: int | None = -1,
    at: int | None = None,
    **fields: object,
) -> Reply:
    """Grant as an honest service does, but for what a scenario says otherwise. ttl: None without an end."""
    asked = heard.json
    public = parse_did_key(asked["public_key"])
    message = exchange_message(asked["oidc_token"], asked["scopes"], asked["ttl"])
    check_possession(public, unb64u(asked["possession"]), message)
    chain = issue(
        root,
        to or public,
        parent=None,
        scopes=scopes or tuple(sorted(asked["scopes"])),
        now=int(time.time()) if at is None else at,
        ttl=asked["ttl"] if ttl == -1 else ttl,
        entropy=sodium.sha256(heard.body)[:16],
    )
    document = {"grant": chain.text, "root_did": root.did, "policy": "deploy", **fields}
    return Reply(body=json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def jwt(claims: dict[str, Any] | bytes) -> str:
    """A token of the right form, which nobody has signed."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return ".".join((b64u(b'{"alg":"RS256","kid":"x"}'), b64u(payload), b64u(b"s" * 256)))


def token_for(audience: str, **claims: Any) -> str:
    """What GitHub's endpoint would put into `value`, unsigned."""
    issuer = "https://token.actions.githubusercontent.com"
    return jwt(github_claims(issuer, audience, int(time.time()), **claims))


def problem(status: int, code: str, detail: str, fix: str, **headers: str) -> Reply:
    """A refusal as the service writes it."""
    document = {"type": "urn:kanoniv:error:x", "status": status, "code": code, "detail": detail}
    body = json.dumps({**document, "fix": fix}).encode()
    return Reply(status, body, {"Content-Type": "application/problem+json", **headers})


def exchanges(heard: list[Heard]) -> list[Heard]:
    """The requests to the service among all."""
    return [one for one in heard if one.path == "/v1/auth/oidc/exchange"]


def tokens(heard: list[Heard]) -> list[Heard]:
    """The requests to the runner's token endpoint among all."""
    return [one for one in heard if one.path.startswith("/token?")]


def audience_of(heard: Heard) -> str:
    """The audience that was asked for."""
    (audience,) = parse_qs(urlsplit(heard.path).query)["audience"]
    return audience


def github(heard: Heard) -> Reply:
    """The runner's token endpoint as it should be; each token has an id of its own."""
    assert heard.headers["authorization"] == f"bearer {REQUEST_TOKEN}"
    return Reply(body=json.dumps({"value": token_for(audience_of(heard))}).encode())


@dataclass
class Scene:
    """A job in keyless mode, and one server that is both the token endpoint and the service."""

    job: Job
    server: Standin
    service: Answers = grant
    endpoint: Answers = github

    def answer(self, heard: Heard) -> Reply:
        return (self.endpoint if heard.path.startswith("/token?") else self.service)(heard)

    def mint(self, **inputs: str) -> Outcome:
        given = {"oidc": "true", "endpoint": self.server.url, "root_key": "", "ttl": "15m"}
        return self.job.mint(**{**given, "max_attempts": "1", **inputs})

    def nothing_left(self, outcome: Outcome) -> None:
        """Whatever went wrong, nothing was exported, and no token is in the log or the summary."""
        assert outcome.env == {}
        assert (outcome.outputs["token"], outcome.outputs["home"]) == ("", "")
        assert outcome.outputs["mode"] == "oidc"
        assert sorted(path.name for path in self.job.session.iterdir()) == ["report.json"]
        said = "\n".join(outcome.lines) + outcome.summary + outcome.stderr
        for secret in self.secrets():
            assert secret not in said

    def secrets(self) -> set[str]:
        """What was handed out or sent, and must never be seen."""
        sent = [one.json["oidc_token"] for one in exchanges(self.server.heard) if one.body]
        return {REQUEST_TOKEN, *sent, *[part for one in sent for part in one.split(".")[1:]]}


def scene(job: Job, server: Standin) -> Scene:
    """Put the job before the server; its runner gives it the permission for OIDC."""
    job.environ |= {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{server.url}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }
    found = Scene(job, server)
    server.answers = found.answer
    return found
