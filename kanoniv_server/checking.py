"""`kanoniv-auth-server check`: what is wrong with a configuration, before anybody relies on it.

It makes nothing that is not there; tables that are there are brought up to date, as at any start.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from shlex import quote
from typing import TYPE_CHECKING

from kanoniv_auth.cloud.policy_file import load
from kanoniv_auth.core.errors import AuthError, NoRootKey, PolicyInvalid
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.oidc.policies import PolicyFolder
from kanoniv_server.signer import from_environment, from_file
from kanoniv_server.storage.opening import IN_MEMORY, open_store, sqlite_path
from kanoniv_server.web.problems import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kanoniv_auth.core.trust_policy import Policy
    from kanoniv_server.domain.ports import Store
    from kanoniv_server.settings import Settings
    from kanoniv_server.signer import LocalSigner

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. level: ok, warning or error."""

    level: str
    what: str
    detail: str
    fix: str = ""

    @property
    def is_error(self) -> bool:
        """Whether the service would not start, or not do what it is configured for."""
        return self.level == "error"

    @property
    def line(self) -> str:
        """All of it in one line."""
        fix = f". Fix: {self.fix}" if self.fix else ""
        return f"{self.level:7} {self.what}: {self.detail}{fix}"


async def findings(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything, whatever was found before."""
    found = [*_folder(settings.data_dir), *_address(settings), *_public(settings)]
    signer, about = _root(settings, environ)
    found.append(about)
    found.extend(await _database(settings, signer))
    found.append(await _redis(settings))
    found.extend(await _policies(settings))
    return found


def _folder(path: Path) -> Iterator[Finding]:
    fix = f"chmod 700 {quote(str(path))}"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield Finding("ok", "data directory", f"{path} will be made at the first start")
        return
    except OSError as error:
        yield Finding("error", "data directory", f"{path}: {error.strerror}", "make it readable")
        return
    if mode & 0o022 and not mode & 0o1000:
        level = "error" if mode & 0o002 else "warning"
        yield Finding(level, "data directory", f"others can write in {path}", fix)
    elif not os.access(path, os.W_OK | os.X_OK):
        yield Finding("error", "data directory", f"{path} is not writable for this user", fix)
    else:
        yield Finding("ok", "data directory", str(path))


def _root(settings: Settings, environ: Mapping[str, str]) -> tuple[LocalSigner | None, Finding]:
    path = settings.root_key
    try:
        signer = from_environment(environ) or from_file(path)
    except NoRootKey:
        return None, Finding("ok", "root key", f"{path} will be made at the first start")
    except AuthError as error:
        fix = f"chmod 600 {quote(str(path))}" if error.slug == "key_permissions" else ""
        return None, Finding("error", "root key", clean(str(error)), fix)
    return signer, Finding("ok", "root key", repr(signer))


async def _database(settings: Settings, signer: LocalSigner | None) -> list[Finding]:
    if settings.database_url == IN_MEMORY:
        text = "memory: is gone with the process, revocations and all"
        return [Finding("warning", "database", text, "give --database-url")]
    try:
        path = sqlite_path(settings.database_url)
        if path is not None and not path.exists():
            return [_new_file(path)]
        # an existing one is brought up to date, as any start does
        store = await asyncio.wait_for(open_store(settings.database_url), 60)
    except (asyncio.TimeoutError, TimeoutError):
        return [Finding("error", "database", "no answer", "see whether it runs")]
    except AuthError as error:
        fix = str(error.facts.get("fix") or "")
        return [Finding("error", "database", clean(str(error)), fix)]
    try:
        return [Finding("ok", "database", "it answers"), *await _tenant(store, signer)]
    finally:
        await store.close()


def _new_file(path: Path) -> Finding:
    if path.parent.is_dir() and not os.access(path.parent, os.W_OK | os.X_OK):
        return Finding(
            "error", "database", f"{path.parent} is not writable", "give a folder that is"
        )
    return Finding("ok", "database", f"{path} will be made at the first start")


async def _tenant(store: Store, signer: LocalSigner | None) -> list[Finding]:
    try:
        tenant = await store.tenant(DEFAULT_TENANT)
    except AuthError as error:
        return [Finding("error", "tenant", clean(str(error)))]
    if tenant is None:
        return [Finding("ok", "tenant", "default will be made at the first start")]
    if signer is None:
        fix = "give the --root-key file that was used before"
        return [Finding("error", "tenant", f"its root key is missing: {tenant.root_did}", fix)]
    if signer.root != tenant.root:
        text = f"its root is {tenant.root_did}, and this root key is another one"
        return [Finding("error", "tenant", text, "give the --root-key file that was used before")]
    return [Finding("ok", "tenant", f"default, root {tenant.root_did}")]


async def _redis(settings: Settings) -> Finding:
    url = settings.redis_url
    if url is None:
        if settings.database_url.startswith("postgres"):
            text = "none; PostgreSQL keeps what counts once, and each process counts rates alone"
            return Finding("ok", "redis", text)
        return Finding("ok", "redis", "none, which is right for one machine")
    # a machine without Redis has no use for its client
    from kanoniv_server.nudges import Nudges  # noqa: PLC0415

    try:
        nudges = Nudges(url, 0, lambda: None)
        try:
            await asyncio.wait_for(nudges.ask(), _PATIENCE)
        finally:
            await nudges.close()
    except (asyncio.TimeoutError, TimeoutError):
        return Finding("error", "redis", "no answer", "see whether it runs")
    except AuthError as error:
        return Finding("error", "redis", clean(str(error)), str(error.facts.get("fix") or ""))
    return Finding("ok", "redis", "it answers")


def _address(settings: Settings) -> Iterator[Finding]:
    host = settings.host
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        text = f"{host} is reached by others, and this service speaks plain HTTP"
        yield Finding(
            "warning", "address", text, "put TLS in front, and set --trusted-proxies to it"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not settings.port:
        return
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, settings.port))
    except OSError as error:
        why = f"cannot listen on {host}:{settings.port}: {error.strerror or error}"
        yield Finding(
            "warning", "address", why, "end what listens there, if it is not this service"
        )
    else:
        yield Finding("ok", "address", f"{host}:{settings.port} is free")


def _public(settings: Settings) -> Iterator[Finding]:
    wants = settings.policy_dir is not None or settings.allow_old_root_key_route
    if settings.public_url is None and wants:
        text = "missing, and OIDC tokens have to name it"
        yield Finding("error", "public URL", text, "give --public-url https://…")
    elif settings.public_url is not None:
        yield Finding("ok", "public URL", settings.public_url)


async def _policies(settings: Settings) -> list[Finding]:
    path = settings.policy_dir
    if path is None:
        return []
    policies: list[Policy] = []
    try:
        policies, errors = load([str(path)])
        flaws: list[AuthError] = list(errors)
        if not errors:
            # also those of other tenants, and who may write them
            await PolicyFolder(path).check()
    except PolicyInvalid as error:
        flaws = [error]
    except AuthError as error:
        return [Finding("error", "policies", clean(str(error)), "give a folder of *.yaml")]
    found = []
    for flaw in flaws:
        fix = str(flaw.facts.get("fix") or "correct it: until then nobody is let in")
        found.append(Finding("error", "policies", clean(str(flaw)), clean(fix)))
    if not found and policies:
        found.append(Finding("ok", "policies", f"{len(policies)} in {path}"))
    elif not found:
        text = f"no *.yaml in {path}, so OIDC lets nobody in"
        found.append(Finding("error", "policies", text))
    return found
