"""The stand-in's HTTP half: one request in, judged, answered, judged again, written to the log.

Not the judge (`contract`) and not the memory (`state`). Loopback only. The log line of an exchange is written before
its answer is sent, so a caller who has the answer finds the line.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.github.contract import Answer, Asked, Contract, Operation
from tests.support.github.operations import Operations
from tests.support.github.state import Fault, Login, State

DOCUMENTATION = "https://docs.github.com/rest"


def refusal(status: int, message: str, **headers: str) -> Answer:
    """GitHub's error shape (`basic-error`)."""
    body = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return Answer(status, body, headers)


@dataclass
class Exchange:
    """One request and what became of it; the log line."""

    asked: Asked
    operation: Operation | None
    login: Login | None
    violations: list[str]
    faults: list[Fault]
    answer: Answer | None = None

    def line(self, number: int, started: float) -> str:
        answer = self.answer
        brief = answer.body if answer and answer.status >= 400 else None
        if answer and isinstance(answer.body, dict) and "id" in answer.body:
            brief = {"id": answer.body["id"]}
        return json.dumps(
            {
                "n": number,
                "at": round(started, 3),
                "seconds": round(time.time() - started, 3),
                "method": self.asked.method,
                "path": self.asked.path,
                "query": dict(self.asked.query),
                "operation": self.operation.id if self.operation else None,
                "headers": {
                    name: self._shown(name, value) for name, value in self.asked.headers.items()
                },
                "login": self.login.name if self.login else None,
                "body": _decoded(self.asked.body),
                "status": answer.status if answer else None,
                "answer": brief,
                "armed": [f.operation for f in self.faults],
                "violations": self.violations,
            }
        )

    def _shown(self, name: str, value: str) -> str:
        """Authorization by scheme, length and fingerprint: evidence that it was there, not what it was."""
        if name.lower() != "authorization":
            return value
        scheme, _, secret = value.partition(" ")
        return f"{scheme} ({len(secret)} characters, sha256 {hashlib.sha256(secret.encode()).hexdigest()[:16]})"


class GitHub:
    """The application behind the handler: contract, state, log."""

    def __init__(self, contract: Contract, state: State, log: Path) -> None:
        self.contract, self.state = contract, state
        self._operations = Operations(contract, state)
        self._log = log.open("a", encoding="utf-8")
        self._count = 0

    def handle(self, asked: Asked) -> Answer | None:
        """The answer to one request, or None when the connection is to be dropped."""
        started = time.time()
        operation = self.contract.operation(asked)
        login = self._login(asked)
        faults = self.state.take_faults(operation.id) if operation else []
        exchange = Exchange(asked, operation, login, self._judge(asked, operation), faults)
        answer = self._answer(exchange)
        if operation and answer and not exchange.violations:
            broken = (
                self.contract.answer_faults(asked, operation, answer) if not _raw(faults) else []
            )
            exchange.violations += [f"the stand-in's own answer: {text}" for text in broken]
        exchange.answer = answer
        self._write(exchange, started)
        return answer

    def _login(self, asked: Asked) -> Login | None:
        scheme, _, secret = asked.headers.get("Authorization", "").partition(" ")
        return (
            self.state.logins.get(secret.strip()) if scheme.lower() in ("bearer", "token") else None
        )

    def _judge(self, asked: Asked, operation: Operation | None) -> list[str]:
        if operation is None:
            return [f"{asked.method} {asked.path}: not in GitHub's description"]
        missing = (
            []
            if asked.headers.get("User-Agent")
            else ["no User-Agent: GitHub refuses such requests"]
        )
        return missing + self.contract.request_faults(asked, operation)

    def _answer(self, exchange: Exchange) -> Answer | None:
        operation, faults = exchange.operation, exchange.faults
        for fault in faults:
            time.sleep(fault.delay)
        if operation is None:
            return refusal(404, "Not Found")
        if exchange.violations:
            return Answer(
                422,
                {
                    "message": "Invalid request.\n\n" + "; ".join(exchange.violations),
                    "documentation_url": DOCUMENTATION,
                },
            )
        if any(fault.drop for fault in faults):
            return None
        early = next((f for f in faults if f.status is not None and not f.after), None)
        if early:
            return _armed(early)
        answer = self._work(exchange, operation)
        for fault in faults:
            if fault.barrier:
                self.state.wait_at(fault)
        late = next((f for f in faults if f.status is not None and f.after), None)
        return _armed(late) if late else answer

    def _work(self, exchange: Exchange, operation: Operation) -> Answer:
        if exchange.login is None:
            return refusal(
                401,
                "Bad credentials"
                if "Authorization" in exchange.asked.headers
                else "Requires authentication",
            )
        if exchange.asked.method != "GET" and not exchange.login.writes:
            return refusal(403, "Resource not accessible by integration")
        body = _decoded(exchange.asked.body)
        twin = next((f.twin for f in exchange.faults if f.twin), None)
        return self._operations.answer(operation, exchange.asked, body, exchange.login, twin)

    def _write(self, exchange: Exchange, started: float) -> None:
        with self.state.lock:
            self._count += 1
            self._log.write(exchange.line(self._count, started) + "\n")
            self._log.flush()


def _armed(fault: Fault) -> Answer:
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    if fault.location is not None:
        headers["Location"] = fault.location
    answer = refusal(fault.status or 500, fault.message)
    return Answer(answer.status, fault.text if fault.text is not None else answer.body, headers)


def _raw(faults: list[Fault]) -> bool:
    """A fault that answers outside the description on purpose (HTML from a proxy, a redirect)."""
    return any(f.text is not None or f.location is not None for f in faults)


def _decoded(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def serve(github: GitHub, port: int) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 (port 0 = any free one), not started yet."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "GitHub.com-stand-in"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command, self.path, dict(self.headers.items()), self.rfile.read(length)
            )
            answer = github.handle(asked)
            if answer is None:
                self.close_connection = True
                return
            raw = isinstance(answer.body, str)
            content = answer.body.encode() if raw else answer.encoded
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header(
                    "Content-Type", "text/html" if raw else "application/json; charset=utf-8"
                )
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD" and answer.status != 204:
                self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _any

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
            """Nothing on stderr: the log file is the evidence."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    return Server(("127.0.0.1", port), Handler)
