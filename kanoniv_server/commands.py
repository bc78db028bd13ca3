"""What the commands of `kanoniv-auth-server` do, over settings that are checked already."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import StorageError, UsageError
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_server import checking, listening
from kanoniv_server.app import first_tenant, listening_line, prepare, running
from kanoniv_server.domain.keys import checked_name, new_key
from kanoniv_server.domain.tenants import ensure_tenant
from kanoniv_server.domain.values import AuditEvent
from kanoniv_server.routes.direct import PATH, Direct
from kanoniv_server.signer import ensure_file
from kanoniv_server.storage.opening import open_store

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from kanoniv_server.domain.ports import Store
    from kanoniv_server.settings import Settings

DENIED = 1
# New objects, and rounds, before the collector looks at the young, the older and the oldest. It looks at every object
# once in each, however often it comes: often is as much work, in pauses of 5 ms and not of 50 (docs/bench-server.md).
_COLLECTED = (700, 2, 5000)
# from here on Python collects in another way, and these numbers mean something else
_OTHERWISE = (3, 14)
_SHOWN = ("id", "label", "rights", "scopes", "max_ttl", "created_at", "revoked_at")
_SHOWN_ONCE = "it is shown this once, and kept by nobody"


def serve(settings: Settings, _: Namespace, environ: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT. Raises: AuthError when it cannot start."""
    return listening.run(_serve(settings, environ))


async def _serve(settings: Settings, environ: Mapping[str, str]) -> int:
    reserved = _reserve(settings.admin_key_file)
    async with running(settings, environ) as (app, service, key):
        _hand_out(key, reserved, settings.admin_key_file)

        def heard(address: str) -> None:
            listening_line(service.log, address)

        direct = (PATH.encode("ascii"), Direct(service).answer)
        server = listening.server(app, settings, heard, direct)
        _collect_in_small_steps()
        try:
            await server.serve()
        except SystemExit:
            # uvicorn's way to say that it could not listen; its reason stands in the log
            detail = f"cannot listen on {settings.host}:{settings.port}"
            fix = "choose another --port, or end what listens there"
            raise StorageError("storage", detail=detail, fix=fix) from None
        service.log.event("stopped")
    return 0


def _collect_in_small_steps() -> None:
    # what is there now stays there: the collector need not look at it again
    gc.collect()
    gc.freeze()
    # what caches hold is no garbage, and most of what is new goes there: nobody should wait while it is looked through
    if sys.version_info < _OTHERWISE:
        gc.set_threshold(*_COLLECTED)


def _reserve(path: Path | None) -> int | None:
    """Open the file for the admin key before there is one. None: it is there already, or not wanted."""
    if path is None:
        return None
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return None
    except OSError as error:
        detail = f"cannot write {path}: {error.strerror or error}"
        raise StorageError("storage", detail=detail) from None


def _hand_out(key: str | None, reserved: int | None, path: Path | None) -> None:
    if reserved is not None and path is not None:
        if key is None:
            path.unlink(missing_ok=True)
        else:
            os.write(reserved, f"{key}\n".encode("ascii"))
            os.fsync(reserved)
        os.close(reserved)
        if key is not None:
            return
    if key is not None:
        _print(f"admin API key of tenant default; {_SHOWN_ONCE}:", key)


def check(settings: Settings, _: Namespace, environ: Mapping[str, str]) -> int:
    """Print what was found: 0 when the service can run so, 2 when it cannot."""
    found = listening.run(checking.findings(settings, environ))
    for one in found:
        _print(one.line)
    bad = sum(one.is_error for one in found)
    _print(f"{bad} to mend" if bad else "this configuration works")
    return 2 if bad else 0


def tenant(settings: Settings, arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Make a tenant, or list them. Raises: AuthError."""
    if arguments.verb == "list":
        return listening.run(_list_tenants(settings, as_json=arguments.json))
    return listening.run(_add_tenant(settings, arguments.name, environ))


async def _opened(settings: Settings) -> Store:
    prepare(settings)
    return await open_store(settings.database_url)


async def _list_tenants(settings: Settings, *, as_json: bool) -> int:
    store = await _opened(settings)
    try:
        found = await store.tenants()
    finally:
        await store.close()
    if as_json:
        _say_rows(
            "tenant", "tenants", [_fields(one, "name", "root_did", "created_at") for one in found]
        )
        return 0
    for one in found:
        _print(f"{one.name}\t{one.root_did}\t{_when(one.created_at)}")
    return 0


async def _add_tenant(settings: Settings, name: str, environ: Mapping[str, str]) -> int:
    # before anything is made: it becomes a part of a file's name
    checked_name(name)
    store = await _opened(settings)
    try:
        roots, key = await first_tenant(settings, environ, store)
        if key is not None:
            _print(f"admin API key of tenant default; {_SHOWN_ONCE}:", key)
        if await store.tenant(name) is not None:
            sys.stderr.write(f"there is a tenant {name!r} already\n" if key is None else "")
            return 0 if key is not None else DENIED
        now = int(time.time())
        signer = ensure_file(roots.path(name), entropy=os.urandom(32), now=now)
        made, key = await ensure_tenant(store, name, signer=signer, now=now, entropy=os.urandom(32))
        _print(f"tenant {made.name}, root {made.root_did}, its key in {roots.path(name)}")
        if key is not None:
            _print(f"admin API key; {_SHOWN_ONCE}:", key)
    finally:
        await store.close()
    return 0


def key(settings: Settings, arguments: Namespace, _: Mapping[str, str]) -> int:
    """Make, list or revoke API keys. Raises: AuthError."""
    verbs = {"add": _add_key, "list": _list_keys, "revoke": _revoke_key}
    return listening.run(_with_tenant(settings, arguments, verbs[arguments.verb]))


async def _with_tenant(settings: Settings, arguments: Namespace, verb: object) -> int:
    store = await _opened(settings)
    try:
        if await store.tenant(arguments.tenant) is None:
            raise UsageError(
                "usage",
                detail=f"there is no tenant {arguments.tenant!r}",
                fix="kanoniv-auth-server tenant list",
            )
        return int(await verb(store, arguments))  # type: ignore[operator]
    finally:
        await store.close()


async def _add_key(store: Store, arguments: Namespace) -> int:
    now = int(time.time())
    text, made = new_key(
        arguments.tenant,
        arguments.label,
        [one.strip() for one in arguments.rights.split(",") if one.strip()],
        entropy=os.urandom(32),
        now=now,
        scopes=None if arguments.scopes is None else parse_scopes(arguments.scopes),
        max_ttl=None if arguments.max_ttl is None else parse_ttl(arguments.max_ttl),
    )
    details = {"key": made.id, "rights": ",".join(sorted(made.rights))}
    what = Happening("key", "ok", name=made.label, details={"verb": "add", **details})
    await store.add_api_key(made, AuditEvent(now, what))
    _print(f"API key {made.id} of tenant {made.tenant}; {_SHOWN_ONCE}:", text)
    return 0


async def _list_keys(store: Store, arguments: Namespace) -> int:
    found = await store.api_keys(arguments.tenant)
    if arguments.json:
        _say_rows(
            "API key",
            "keys",
            [{**_fields(one, *_SHOWN), "rights": sorted(one.rights)} for one in found],
        )
        return 0
    for one in found:
        state = "works" if one.revoked_at is None else f"revoked {_when(one.revoked_at)}"
        scopes = "any scope" if one.scopes is None else ",".join(one.scopes)
        ttl = "any TTL" if one.max_ttl is None else f"TTL up to {format_ttl(one.max_ttl)}"
        _print(
            "\t".join(
                (
                    one.id,
                    one.label,
                    ",".join(sorted(one.rights)),
                    scopes,
                    ttl,
                    _when(one.created_at),
                )
            )
            + f"\t{state}"
        )
    return 0


async def _revoke_key(store: Store, arguments: Namespace) -> int:
    what = Happening("key", "ok", details={"verb": "revoke", "key": arguments.id})
    event = AuditEvent(int(time.time()), what)
    if await store.revoke_api_key(arguments.tenant, arguments.id, event):
        _print(f"API key {arguments.id} works no more; processes that run know in half a second")
        return 0
    sys.stderr.write(f"no key {arguments.id!r} of tenant {arguments.tenant} works\n")
    return DENIED


def _fields(one: object, *names: str) -> dict[str, object]:
    return {name: getattr(one, name) for name in names}


def _say_rows(one: str, name: str, rows: list[dict[str, object]]) -> None:
    say_json(
        ok=True,
        code="ok",
        message=f"{len(rows)} {one}(s)",
        fix=None,
        count=len(rows),
        **{name: rows},
    )


def say_json(**fields: object) -> None:
    """Print one object, in one line."""
    _print(json.dumps(fields))


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _print(*lines: str) -> None:
    sys.stdout.write("".join([f"{line}\n" for line in lines]))
    sys.stdout.flush()


COMMANDS = {"serve": serve, "check": check, "tenant": tenant, "key": key}
