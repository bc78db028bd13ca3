"""A server that does to a client what nobody should: raw bytes over a loopback socket, and what it was asked."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Script = Callable[[socket.socket, threading.Event], None]


class Wire:
    """Answers every connection by `script`, one after another. asked: heads and bodies of requests."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.asked: list[bytes] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with plain:
                plain.settimeout(20)
                try:
                    with self._wrapped(plain) as connection:
                        self.asked.append(_read(connection))
                        self.script(connection, self.over)
                except OSError:
                    pass  # the client has left

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        return plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)


def _read(connection: socket.socket) -> bytes:
    data = b""
    # what begins with 0x16 speaks TLS, and waits for an answer in kind
    while b"\r\n\r\n" not in data and not data.startswith(b"\x16"):
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def wire(script: Script | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    def fixed(connection: socket.socket, _: threading.Event) -> None:
        assert isinstance(script, bytes)
        connection.sendall(script)

    found = Wire(fixed if isinstance(script, bytes) else script, tls)
    found._thread.start()
    try:
        yield found
    finally:
        found.over.set()
        found._listener.shutdown(socket.SHUT_RDWR)
        found._listener.close()
        found._thread.join(25)
        assert not found._thread.is_alive()


def answer(status: str, media: str, body: bytes | str, **headers: str) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    rows = {"content-type": media, "content-length": str(len(data)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in rows.items())
    return f"HTTP/1.1 {status}\r\n{head}connection: close\r\n\r\n".encode() + data


def as_json(document: Any, status: str = "200 OK", **headers: str) -> bytes:
    return answer(status, "application/json", json.dumps(document), **headers)


def problem(
    status: str,
    slug: str,
    detail: str = "said",
    facts: Mapping[str, object] | None = None,
    **headers: str,
) -> bytes:
    named = {"type": f"urn:kanoniv:error:{slug}", "title": "t", "status": int(status[:3])}
    document = {**named, "code": "KAN-X", "detail": detail, **(facts or {})}
    return answer(status, "application/problem+json", json.dumps(document), **headers)


def stalls(first: bytes) -> Script:
    """Say something, then nothing."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        over.wait(20)

    return script


def drips(first: bytes, drop: bytes) -> Script:
    """Say something, then a little again and again: no single wait is long."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(0.05):
            connection.sendall(drop)

    return script


def floods(connection: socket.socket, over: threading.Event) -> None:
    """A body without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    while not over.is_set():
        connection.sendall(b" " * 65536)


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the certificate to trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.fromtimestamp(time.time(), timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"
