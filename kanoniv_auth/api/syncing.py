"""`revocations sync`: the signed list of a delegation service is fetched, and taken up like any other."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.service import DEFAULT_TENANT, logged_in
from kanoniv_auth.cloud.client import Client
from kanoniv_auth.cloud.endpoint import check_endpoint
from kanoniv_auth.core.errors import AuthError, ListRefused
from kanoniv_auth.store import etags, files, service as stored
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_auth.store.home import Home


class Synced(Record):
    """A list that was fetched. changed: it is new here · dropped: as `take_up` has it · fetched: False after a 304."""

    __slots__ = ("endpoint", "list", "changed", "dropped", "fetched")

    endpoint: str
    list: RevocationList
    changed: bool
    dropped: int
    fetched: bool

    def __init__(
        self, endpoint: str, one: RevocationList, *, changed: bool, dropped: int, fetched: bool
    ) -> None:
        self._fill(endpoint, one, changed, dropped, fetched)


def sync(
    endpoint: str | None = None, *, tenant: str | None = None, max_staleness: int | None = None
) -> Synced:
    """Fetch the service's revocation list and take it up as `revocations import` does: of a trusted root, never older.

    endpoint: default the service this home is logged in to · tenant: default the login's, else `default` ·
    max_staleness: seconds; a list that was signed longer ago is kept and refused (stale).
    Raises: UsageError, ServiceRefused, and as `take_up`.
    """
    home = find_home(os.environ)
    saved = logged_in(home) if endpoint is None else stored.read(home)
    address = (
        saved.endpoint if saved is not None and endpoint is None else check_endpoint(endpoint or "")
    )
    if tenant is None:
        mine = saved is not None and saved.endpoint == address
        tenant = saved.tenant if saved is not None and mine else DEFAULT_TENANT
    try:
        made = _sync(home, address, tenant)
        if max_staleness is not None:
            _require_recent(made.list, int(time.time()), max_staleness)
    except AuthError as error:
        audit_log.record_denial(home, "revocations", error, None, verb="sync", endpoint=address)
        raise
    audit_log.record(
        home, "revocations", result="ok", verb="sync", root=made.list.root_did, seq=made.list.seq,
        dropped=made.dropped, already=not made.changed, endpoint=address,
    )  # fmt: skip
    return made


def _sync(home: Home, address: str, tenant: str) -> Synced:
    known = etags.find(home, address, tenant)
    # public: the key is shown to nobody who does not need it
    text, etag = Client(address).revocation_list(tenant, None if known is None else known[1])
    if text is None and known is not None:
        # what was trusted when it was fetched may be trusted no more
        trusted_roots(home).require(known[0].root, int(time.time()))
        return Synced(address, known[0], changed=False, dropped=0, fetched=False)
    found, changed, dropped = revocations.take_up(home, text or "")
    if etag:
        with files.Lock(home.lock):
            etags.keep(home, found, address, tenant, etag)
    return Synced(address, found, changed=changed, dropped=dropped, fetched=True)


def _require_recent(found: RevocationList, now: int, max_staleness: int) -> None:
    if found.issued_at < now - max_staleness:
        detail = f"issued at {found.issued_at}, wanted since {now - max_staleness}"
        raise ListRefused("stale", root_did=found.root_did, detail=detail)
