"""The composition root: settings become a running service. Nothing else knows how the parts are made."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.errors import KeyPermissions, StorageError
from kanoniv_auth.once.memory import MemoryOnce
from kanoniv_auth.once.sqlite import SqliteOnce
from kanoniv_server.domain.tenants import ensure_tenant
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.reach import Reach
from kanoniv_server.roots import Roots
from kanoniv_server.routes.table import rows
from kanoniv_server.signer import ensure_file, from_environment
from kanoniv_server.storage.opening import IN_MEMORY, open_store, postgres_url
from kanoniv_server.web.callers import Callers
from kanoniv_server.web.gate import Gate
from kanoniv_server.web.limits import Limiter, Limits
from kanoniv_server.web.logs import Lines
from kanoniv_server.web.metrics import Metrics
from kanoniv_server.web.problems import clean
from kanoniv_server.web.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from kanoniv_auth.once.port import Once
    from kanoniv_server.domain.ports import Store
    from kanoniv_server.nudges import Nudges
    from kanoniv_server.settings import Settings
    from kanoniv_server.web.service import Probe, Row

_CACHED = 4096  # tokens of each root
_BLOCKING = 16


@asynccontextmanager
async def running(
    settings: Settings, environ: Mapping[str, str], *, stderr: int = 2
) -> AsyncIterator[tuple[Gate, Service, str | None]]:
    """Open everything; the application, what it stands on, and the text of an admin key that was just made.

    Raises: AuthError when something that it needs is not to be had.
    """
    async with AsyncExitStack() as stack:
        log = Lines(asyncio.get_running_loop(), stderr)
        stack.callback(log.close)
        stack.enter_context(_Heard(log))
        prepare(settings)
        once = _once(settings, stack)
        store = await open_store(settings.database_url)
        stack.push_async_callback(store.close)
        roots, key = await first_tenant(settings, environ, store)

        def troubled(trouble: str) -> None:
            log.event("store away" if trouble else "store back", detail=clean(trouble))

        reach = Reach(store, troubled=troubled)
        nudges = _nudges(settings, reach, stack)
        await reach.start()
        stack.push_async_callback(reach.close)
        service = _service(settings, store, once, roots, reach, nudges, log)
        stack.callback(service.blocking.shutdown, wait=False, cancel_futures=True)
        yield Gate(service, rows(_keyless(settings, service, nudges))), service, key


def _keyless(settings: Settings, service: Service, nudges: Nudges | None) -> tuple[Row, ...]:
    """Switch the exchange on, where there are policies and an address to be the audience."""
    if settings.policy_dir is None or settings.public_url is None:
        return ()
    # PyJWT is slow to load, and most services that are started for a moment need none
    from kanoniv_server.oidc.jwks import IssuerKeys  # noqa: PLC0415
    from kanoniv_server.oidc.policies import PolicyFolder  # noqa: PLC0415
    from kanoniv_server.routes import oidc  # noqa: PLC0415

    policies = PolicyFolder(settings.policy_dir)
    service.probes["policies"] = policies.check
    keyless = oidc.Keyless(
        issuers={one: IssuerKeys(one) for one in settings.oidc_issuers},
        policies=policies,
        public_url=settings.public_url,
        shared=None if nudges is None else nudges.count("repository:", oidc.RATE, oidc.BURST),
    )
    return oidc.rows(keyless, old_route=settings.allow_old_root_key_route)


def _service(  # noqa: PLR0917 - the parts, put together in one place
    settings: Settings,
    store: Store,
    once: Once,
    roots: Roots,
    reach: Reach,
    nudges: Nudges | None,
    log: Lines,
) -> Service:
    limits = Limits(
        address=Limiter(settings.open_rate),
        key=Limiter(settings.rate),
        clock=time.monotonic,
        shared=nudges,
    )

    async def alone() -> None:
        """Nobody else is there to be told."""

    probes: dict[str, Probe] = {"database": store.version}
    if nudges is not None:
        probes["redis"] = nudges.ask
    return Service(
        store=store,
        roots=roots,
        once=once,
        reach=reach,
        callers=Callers(store, reach, limits),
        cache=Cache(_CACHED),
        metrics=Metrics(),
        log=log,
        blocking=ThreadPoolExecutor(_BLOCKING, thread_name_prefix="kanoniv-once"),
        probes=probes,
        public_url=settings.public_url,
        clock=lambda: int(time.time()),
        entropy=os.urandom,
        announce=alone if nudges is None else nudges.announce,
        most_at_once=settings.concurrency,
    )


def prepare(settings: Settings) -> None:
    """Make the data directory, for its owner alone. Raises: StorageError, KeyPermissions when others can write it."""
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise StorageError(
            "storage", detail=f"cannot make {folder}: {error.strerror or error}"
        ) from None
    # with the sticky bit, as /tmp has it, nobody replaces another's file
    if mode & 0o002 and not mode & 0o1000:
        at, mode = str(folder), mode & 0o7777
        raise KeyPermissions("key_permissions", what="folder", path=at, mode=mode)


async def first_tenant(
    settings: Settings, environ: Mapping[str, str], store: Store
) -> tuple[Roots, str | None]:
    """Find or make the first tenant, its root and its admin key, whose text is returned when it was made.

    Raises: AuthError.
    """
    given = from_environment(environ)
    roots = Roots(settings.root_key, given)
    known = await store.tenant(DEFAULT_TENANT)
    if known is not None:
        # not ensured: a root key that is lost is not replaced by another
        await roots.signer(known)
        return roots, None
    now = int(time.time())
    signer = given or ensure_file(settings.root_key, entropy=os.urandom(32), now=now)
    roots.keep(DEFAULT_TENANT, signer)
    _, key = await ensure_tenant(
        store, DEFAULT_TENANT, signer=signer, now=now, entropy=os.urandom(32)
    )
    return roots, key


def _once(settings: Settings, stack: AsyncExitStack) -> Once:
    if settings.redis_url is not None:
        # not before it is asked for: a single machine needs no Redis
        from kanoniv_auth.once.redis import RedisOnce  # noqa: PLC0415

        redis = RedisOnce(settings.redis_url)
        stack.callback(redis.close)
        return redis
    if settings.database_url == IN_MEMORY:
        return MemoryOnce()
    url = postgres_url(settings.database_url)
    if url is not None:
        # as above: its driver
        from kanoniv_server.storage.once import PostgresOnce  # noqa: PLC0415

        spent = PostgresOnce(url)
        stack.callback(spent.close)
        return spent
    file = SqliteOnce(str(once_path(settings)))
    stack.callback(file.close)
    return file


def once_path(settings: Settings) -> Path:
    """Tell where it is remembered what was used, without Redis and PostgreSQL."""
    return settings.data_dir / "once.db"


def _nudges(settings: Settings, reach: Reach, stack: AsyncExitStack) -> Nudges | None:
    if settings.redis_url is None:
        return None
    # as above
    from kanoniv_server.nudges import Nudges  # noqa: PLC0415

    nudges = Nudges(settings.redis_url, settings.rate, reach.nudge)
    nudges.start()
    stack.push_async_callback(nudges.close)
    return nudges


class _Heard(logging.Handler):
    """What libraries say, as our own lines: warnings and worse, without values and tracebacks."""

    def __init__(self, log: Lines) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def __enter__(self) -> None:
        logging.getLogger().addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        words = clean(str(record.msg)) if record.args else clean(record.getMessage())
        self._log.event(
            "library", name=record.name, level=record.levelname, detail=words, kind=kind
        )


def listening_line(log: Lines, address: str) -> None:
    """Say where the service listens."""
    log.event("listening", url=address, pid=os.getpid(), python=sys.version.split()[0])
