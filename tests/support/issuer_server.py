"""The OIDC issuer's process: `python -m tests.support.issuer_server [--host H] [--port N]`; the test's end is `issuer`.

It offers what GitHub's does: `/.well-known/jwks` with RSA keys that rotate, and, for a bearer of the request token,
`/token?api-version=2.0&audience=…`, which the runner calls ACTIONS_ID_TOKEN_REQUEST_URL. Prints one JSON line when it
listens, then takes commands on stdin, one JSON object a line, and answers each with a line; it ends when stdin ends.

    {"do": "sign", "header": TEXT, "payload": TEXT, "kid": …}   RS256 over exactly these texts; kid null: the newest key
    {"do": "rotate", "keep": true}            a new key signs; the old ones stay published, or do not
    {"do": "key", "kid": …, "bits": 1024, "published": true}    one more key, of any size
    {"do": "publish", "jwk": {…}}             one more entry of the JWKS, whatever it is
    {"do": "serve", "as": "well|dead|junk|redirect|big|error|empty|flood", "seconds": 0, "to": URL}   how it answers
    {"do": "claims", "claims": {…}}           what the next tokens of /token say; null takes a claim away
    {"do": "fetches"} {"do": "keys"} {"do": "reset"}
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.issuer import github_claims

JWKS = "/.well-known/jwks"


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64u(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Keys, and how the endpoint answers. Every field is read and changed under `lock`."""

    def __init__(self, first: rsa.RSAPrivateKey) -> None:
        self.lock = threading.RLock()
        self.first = first
        self.request_token = secrets.token_urlsafe(24)
        self.url = ""
        self.reset()

    def reset(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {"key-1": self.first}
        self.published: list[Any] = [self.jwk("key-1")]
        self.newest, self.made = "key-1", 1
        self.mode: dict[str, Any] = {"as": "well", "seconds": 0}
        self.overrides: dict[str, Any] = {}
        self.fetches = 0

    def jwk(self, kid: str) -> dict[str, str]:
        public = self.keys[kid].public_key().public_numbers()
        fields = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid}
        return {**fields, "n": number(public.n), "e": number(public.e)}

    def add(self, kid: str | None = None, bits: int = 2048, *, published: bool = True) -> str:
        self.made += 1
        name = kid or f"key-{self.made}"
        self.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        if published:
            self.published.append(self.jwk(name))
        return name

    def rotate(self, *, keep: bool = True) -> str:
        if not keep:
            self.published.clear()
        self.newest = self.add()
        return self.newest

    def sign(self, header: str, payload: str, kid: str | None = None) -> str:
        text = f"{b64u(header.encode())}.{b64u(payload.encode())}"
        key = self.keys[kid or self.newest]
        return f"{text}.{b64u(key.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"

    def token(self, audience: str) -> str:
        claims = github_claims(self.url, audience, int(time.time()), **self.overrides)
        header = {"typ": "JWT", "alg": "RS256", "kid": self.newest, "x5t": self.newest}
        return self.sign(json.dumps(header), json.dumps(claims))

    def pem(self, kid: str) -> str:
        public = self.keys[kid].public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def obey(self, command: dict[str, Any]) -> Any:
        what = command.pop("do")
        with self.lock:
            match what:
                case "sign":
                    return {"token": self.sign(**command)}
                case "rotate":
                    return {"kid": self.rotate(**command)}
                case "key":
                    return {"kid": self.add(**command)}
                case "publish":
                    self.published.append(command["jwk"])
                case "serve":
                    self.mode = command
                case "claims":
                    self.overrides = command["claims"]
                case "fetches":
                    return {"fetches": self.fetches}
                case "keys":
                    keys = {kid: self.pem(kid) for kid in self.keys}
                    return {"newest": self.newest, "pem": keys, "jwks": self.published}
                case "reset":
                    self.reset()
                case _:
                    return {"error": f"unknown command {what!r}"}
        return {"ok": True}


class Handler(BaseHTTPRequestHandler):
    issuer: Issuer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == JWKS:
            self.jwks()
        elif address.path == "/.well-known/openid-configuration":
            base = self.issuer.url
            self.answer(200, json.dumps({"issuer": base, "jwks_uri": base + JWKS}).encode())
        elif address.path == "/token":
            self.token(parse_qs(address.query))
        else:
            self.answer(404, b"{}")

    def token(self, query: dict[str, list[str]]) -> None:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or given != self.issuer.request_token:
            self.answer(401, b'{"message":"not authorized"}')
        elif query.get("api-version") != ["2.0"]:
            self.answer(400, b'{"message":"api-version is missing"}')
        else:
            # without an audience GitHub takes the owner's address
            audience = query.get("audience", ["https://github.com/octo-org"])[0]
            with self.issuer.lock:
                value = self.issuer.token(audience)
            self.answer(200, json.dumps({"count": len(value), "value": value}).encode())

    def jwks(self) -> None:
        with self.issuer.lock:
            self.issuer.fetches += 1
            mode = dict(self.issuer.mode)
            body = json.dumps({"keys": self.issuer.published}).encode()
        time.sleep(mode.get("seconds", 0))
        match mode["as"]:
            case "well":
                self.answer(200, body)
            case "dead":
                self.close_connection = True
                self.connection.close()
            case "junk":
                self.answer(200, b"<html>not a key in sight</html>")
            case "redirect":
                self.answer(302, b"", Location=mode["to"])
            case "big":
                self.answer(200, body[:-1] + b" " * 10_000_000 + b"}")
            case "flood":  # no length, no end: one byte at a time
                self.drip(body)
            case "empty":
                self.answer(200, b'{"keys":[]}')
            case _:
                self.answer(503, b"{}")

    def drip(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            self.wfile.flush()
            time.sleep(0.05)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # whoever asked has gone: that is what the tests of time limits do


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.issuer_server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    issuer = Issuer(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    server = Server((options.host, options.port), type("Bound", (Handler,), {"issuer": issuer}))
    issuer.url = f"http://{options.host}:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said: Any = {"url": issuer.url, "request_token": issuer.request_token}
    while True:
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return 0
        try:
            said = issuer.obey(json.loads(line))
        except (TypeError, KeyError, ValueError) as error:
            said = {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.exit(main())
