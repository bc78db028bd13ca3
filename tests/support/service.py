"""The service for tests: in this process, through ASGI, with keys of every kind; or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.delegation import parse_bundle
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.app import running
from kanoniv_server.domain.keys import new_key
from kanoniv_server.domain.tenants import ensure_tenant
from kanoniv_server.domain.values import RIGHTS, ApiKey, AuditEvent
from kanoniv_server.settings import Settings, read_settings
from kanoniv_server.signer import ensure_file
from kanoniv_server.web.asgi import App
from kanoniv_server.web.service import Service

ROOT = Path(__file__).resolve().parents[2]
URL = "http://service.test"


def settings(folder: Path, **flags: str) -> Settings:
    """Settings of a service in a folder; names of flags with `_`."""
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    return read_settings({"data-dir": str(folder), **given}, {})


@dataclass
class Site:
    """A running service. keys: texts by name; `all` has every right, each right's name has that one alone."""

    app: App
    service: Service
    keys: dict[str, str]
    log: Path
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=True), base_url=URL
        )

    def header(self, key: str = "all") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[key]}"}

    async def get(self, path: str, key: str | None = None, **query: Any) -> httpx.Response:
        headers = {} if key is None else self.header(key)
        return await self.client.get(path, headers=headers, params=query or None)

    async def post(self, path: str, body: object, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else self.header(key)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, headers=headers, content=content)

    async def add_key(
        self, name: str, *rights: str, tenant: str = "default", **more: Any
    ) -> ApiKey:
        now = self.service.clock()
        text, key = new_key(tenant, name, rights, entropy=os.urandom(32), now=now, **more)
        what = Happening("key", "ok", details={"verb": "add"})
        await self.service.store.add_api_key(key, AuditEvent(now, what))
        self.keys[name] = text
        return key

    async def token(self, *scopes: str, key: str = "issue") -> str:
        """A sealed token, made from a bundle as its receiver would."""
        return sealed(await self.bundle(*scopes, key=key))

    async def bundle(self, *scopes: str, key: str = "issue") -> dict[str, Any]:
        answer = await self.post("/v1/delegations", {"scopes": scopes or ["deploy.staging"]}, key)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def lines(self) -> list[dict[str, Any]]:
        """What stands in the log by now."""
        self.service.log._flush()
        end = time.monotonic() + 5
        while self.service.log._waiting and time.monotonic() < end:
            time.sleep(0.005)
        return [json.loads(line) for line in self.log.read_text(encoding="ascii").splitlines()]


def holder(bundle: str) -> tuple[KeyPair, str]:
    """The key and the grant in a bundle."""
    return parse_bundle(bundle)


def sealed(answer: dict[str, Any], audience: str = "") -> str:
    """Seal what POST /v1/delegations answered."""
    key, grant = parse_bundle(answer["bundle"])
    now = int(time.time())
    chain = read_parent(
        grant, roots=TrustedRoots(dids=(answer["root_did"],)), now=now, revoked=None
    )
    return seal(chain, key, now=now, audience=audience)


@asynccontextmanager
async def site(folder: Path, **flags: str) -> AsyncIterator[Site]:
    """Run the service in this process, with two tenants: `default`, and `other` with the key `other`."""
    flags = {"rate": "0", "open_rate": "0", **flags}
    log = folder / "log.jsonl"
    with log.open("ab") as file:
        async with running(settings(folder, **flags), {}, stderr=file.fileno()) as parts:
            app, service, admin = parts
            found = Site(app, service, {} if admin is None else {"all": admin}, log)
            if admin is not None:
                await _furnish(found)
            async with found.client:
                yield found


async def _furnish(found: Site) -> None:
    service, now = found.service, int(time.time())
    for right in sorted(RIGHTS):
        await found.add_key(right, right)
    gone = await found.add_key("revoked", *RIGHTS)
    what = Happening("key", "ok", details={"verb": "revoke"})
    await service.store.revoke_api_key("default", gone.id, AuditEvent(now, what))
    found.keys["unknown"] = "kas_" + "A" * 43
    signer = ensure_file(service.roots.path("other"), entropy=os.urandom(32), now=now)
    _, text = await ensure_tenant(
        service.store, "other", signer=signer, now=now, entropy=os.urandom(32)
    )
    assert text is not None
    found.keys["other"] = text


class Process:
    """`kanoniv-auth-server` as a process. url: where it listens · key: what it printed."""

    def __init__(self, folder: Path, *argv: str, environ: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._argv, self._environ = folder, argv, environ or {}
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> Process:
        env = {name: value for name, value in os.environ.items() if not name.startswith("KANONIV")}
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "kanoniv_server.cli", "--data-dir", str(self.folder / "data"),
                 "--port", "0", *self._argv],
                stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=ROOT,
                env={**env, "PYTHONWARNINGS": "default", **self._environ},
            )  # fmt: skip
        if wait:
            self.url = self._address()
        return self

    def _address(self) -> str:
        assert self.child is not None
        end = time.monotonic() + 60
        while time.monotonic() < end and self.child.poll() is None:
            for line in self.events():
                if line.get("event") == "listening":
                    return str(line["url"])
            time.sleep(0.05)
        raise AssertionError(f"it does not listen: {self.err()}")

    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.err().splitlines() if line.endswith("}")]

    @property
    def key(self) -> str:
        return next(line for line in self.out().splitlines() if line.startswith("kas_"))

    def post(self, path: str, body: object, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.post(self.url + path, json=body, headers=headers, timeout=30)

    def end(self, patience: float = 20) -> int:
        """SIGTERM, and its exit code."""
        assert self.child is not None
        self.child.terminate()
        return self.child.wait(patience)

    def kill(self) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
        if self.child is not None:
            self.child.wait(10)


@contextmanager
def process(folder: Path, *argv: str, environ: dict[str, str] | None = None) -> Iterator[Process]:
    """Run the service as a process, killed at the end if it is still there."""
    found = Process(folder, *argv, environ=environ)
    try:
        yield found.start()
    finally:
        found.kill()
