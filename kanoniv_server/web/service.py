"""What a running process holds, what one request brings, and a row of the table of routes. `app` makes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from kanoniv_server.web import problems
from kanoniv_server.web.kept import Kept
from kanoniv_server.web.problems import Answer, Refusal, refusal

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from kanoniv_auth.core.cache import Cache
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.once.port import Once
    from kanoniv_server.domain.ports import Signer, Store
    from kanoniv_server.domain.values import ApiKey, Counts, Tenant
    from kanoniv_server.reach import Reach
    from kanoniv_server.roots import Roots
    from kanoniv_server.web.callers import Callers
    from kanoniv_server.web.logs import Lines
    from kanoniv_server.web.metrics import Metrics

    # asks one thing the service stands on; raises StorageError when it does not answer
    Probe: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Service:
    """Everything a route may use.

    blocking: threads for what waits, such as `once` · probes: name -> what /readyz asks · clock: unix seconds ·
    entropy: n -> n random bytes · announce: tells other processes that something was revoked
    written: by link id, what `verify` says of a chain · kept: what costs a walk over everything
    """

    store: Store
    roots: Roots
    once: Once
    reach: Reach
    callers: Callers
    cache: Cache
    metrics: Metrics
    log: Lines
    blocking: Executor
    probes: dict[str, Probe]
    public_url: str | None
    clock: Callable[[], int]
    entropy: Callable[[int], bytes]
    announce: Callable[[], Awaitable[None]]
    most_at_once: int = 256
    written: dict[bytes, tuple[Chain, str]] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)


@dataclass(slots=True)
class Call:
    """One request. query: read as its schemas say · body: checked, empty where a route takes none · key: who calls."""

    service: Service
    route: str
    headers: list[tuple[bytes, bytes]]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    key: ApiKey | None
    now: int

    @property
    def caller(self) -> ApiKey:
        """The API key of a route that needs one."""
        if self.key is None:
            raise refusal("unauthorized")
        return self.key

    async def tenant(self) -> Tenant:
        """The tenant whose key this is. Raises: Refusal, StorageError."""
        found = await self.service.reach.tenant(self.caller.tenant)
        if found is None:
            raise refusal("not_found", "this key's tenant is not there")
        return found[0]

    async def counts(self) -> Counts:
        """What that tenant has, as it was counted a moment ago. Raises: Refusal (limited), StorageError."""
        name, store = self.caller.tenant, self.service.store
        return await self.service.kept.get(
            f"counts {name}", partial(store.counts, name, now=self.now)
        )

    async def signer(self) -> Signer:
        """That tenant's root. Raises: as `Roots.signer`."""
        return await self.service.roots.signer(await self.tenant())

    def header(self, name: bytes) -> str:
        """The value of a header, empty when it is not there."""
        for one, value in self.headers:
            if one == name:
                return value.decode("latin-1")
        return ""


Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]
Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a status of a route means, and what it brings: a JSON schema, or a name of another form."""

    text: str
    schema: Schema | None = None
    media: str = "application/json"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One route: what /openapi.json says of it, and what is held against a request before `handler` sees it.

    path: exact · right: of the API key it needs, None when anybody may ask · or_proof: without a key, too; the handler
    then wants a holder's proof in the body · browser: takes the key as a password, too (HTTP Basic) · body: schema of
    the JSON object it takes, None for no body · query: parameters it knows · replies: status -> what it means, next to
    the refusals that every route has · refuse: how a refusal is written
    """

    method: str
    path: str
    handler: Handler
    summary: str
    replies: Mapping[int, Reply]
    right: str | None = None
    or_proof: bool = False
    browser: bool = False
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    refuse: Callable[[Refusal, str], Answer] = problems.problem
    text: str = ""
    tag: str = "service"
    # its limit is this process's alone, so that Redis is not asked for every verification
    everywhere: bool = True
    # the handler holds the body against its schema: it has a quicker way for the usual one
    checks_itself: bool = False
