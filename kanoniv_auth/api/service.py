"""The delegation service, asked from here: `login`, issue, list, revoke. Its revocation list is `syncing`'s.

The service signs; what it sends is verified here by the roots that this home trusts, as if it came from anybody. An API
key says what may be asked; without one, a holder ends links of its own, by its key.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.agents import registered
from kanoniv_auth.api.delegation import accept
from kanoniv_auth.api.issued import read_issued
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.revoking import holder_key, parse_id
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token, read_links
from kanoniv_auth.cloud import answers
from kanoniv_auth.cloud.client import Client
from kanoniv_auth.cloud.endpoint import check_api_key, check_endpoint
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import (
    AuthError,
    KeyInvalid,
    NoTrustedRoot,
    SignatureInvalid,
    TokenParseError,
    UsageError,
)
from kanoniv_auth.core.keys import KeyPair, did, did_key, parse_did_key
from kanoniv_auth.core.verification import read_parent
from kanoniv_auth.store import agents, keystore, service as stored
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.issued import Issued
    from kanoniv_auth.api.orders import Order
    from kanoniv_auth.cloud.answers import Row
    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_auth.store.home import Home
    from kanoniv_auth.store.service import Credentials


DEFAULT_TENANT = "default"


class Login(Record):
    """Where a home is logged in. root_did, root_key: of the tenant, as the service says · trusted: by this home."""

    __slots__ = ("endpoint", "tenant", "root_did", "root_key", "trusted")

    endpoint: str
    tenant: str
    root_did: str
    root_key: str
    trusted: bool

    def __init__(self, endpoint: str, tenant: str, root: bytes, *, trusted: bool) -> None:
        self._fill(endpoint, tenant, did(root), did_key(root), trusted)


class Ended(Record):
    """What the service has revoked. kind: id or key · what: hex · kept: its list is in force in this home, too.

    already: that very list was here before
    """

    __slots__ = ("kind", "what", "agent_did", "list", "kept", "already")

    kind: str
    what: str
    agent_did: str | None
    list: RevocationList
    kept: bool
    already: bool

    def __init__(  # noqa: PLR0917 - as they stand above
        self,
        kind: str,
        what: bytes,
        agent_did: str | None,
        one: RevocationList,
        kept: bool,
        already: bool,
    ) -> None:
        self._fill(kind, what.hex(), agent_did, one, kept, already)


def login(endpoint: str, api_key: str) -> Login:
    """Ask the service whether the key works, and keep both. Raises: UsageError, ServiceRefused, StorageError."""
    home, address, key = find_home(os.environ), check_endpoint(endpoint), check_api_key(api_key)
    tenant, root = answers.tenant(Client(address, key))
    stored.write(home, stored.Credentials(address, key, tenant))
    audit_log.record(home, "login", result="ok", endpoint=address, tenant=tenant, root=did(root))
    return Login(address, tenant, root, trusted=_trusts(home, root))


def logout() -> bool:
    """Forget the service and the key; False when there was nothing to forget. Raises: StorageError."""
    home = find_home(os.environ)
    removed = stored.remove(home)
    audit_log.record(home, "logout", result="ok", already=not removed)
    return removed


def _trusts(home: Home, root: bytes) -> bool:
    try:
        trusted_roots(home).require(root, int(time.time()))
    except (NoTrustedRoot, SignatureInvalid):
        return False
    return True


def is_known() -> bool:
    """Whether this home asks a service. Raises: KeyPermissions, StorageError."""
    return stored.read(find_home(os.environ)) is not None


def logged_in(home: Home) -> Credentials:
    """The service that a home asks. Raises: UsageError when there is none, KeyPermissions, StorageError."""
    found = stored.read(home)
    if found is None:
        fix = "kanoniv-auth login --endpoint URL"
        raise UsageError("usage", detail="this home is logged in to no service", fix=fix)
    return found


def _client(home: Home) -> Client:
    found = logged_in(home)
    if found.api_key is None:
        detail = f"this home has no API key of the service at {found.endpoint}"
        fix = "kanoniv-auth login --endpoint URL"
        raise UsageError("usage", detail=detail, fix=fix)
    return Client(found.endpoint, found.api_key)


def delegate(order: Order) -> tuple[Issued, str | None, str | None]:
    """Have the service issue what `order` asks for; without `to` for a key made here, which does not leave this home.

    Returns: what was issued, the token that was kept, and its path; both None for a grant to somebody else's key.
    Raises: UsageError, ServiceRefused, and as `accept`.
    """
    home = find_home(os.environ)
    client = _client(home)
    try:
        if order.to is not None:
            return _issue(home, client, order, _receiver(home, order.to)), None, None
        return _delegate_here(home, client, order)
    except AuthError as error:
        scopes = ",".join(order.scopes)
        audit_log.record_denial(
            home, "delegate", error, None, scopes=scopes, endpoint=client.endpoint
        )
        raise


def _delegate_here(home: Home, client: Client, order: Order) -> tuple[Issued, str, str | None]:
    # asked before anything is issued: a grant of a root that is not trusted here would be lost
    _, root = answers.tenant(client)
    trusted_roots(home).require(root, int(time.time()))
    known = None if order.name is None else agents.find_key(home, order.name)
    key = KeyPair.generate(os.urandom(32)) if known is None else known
    made = _issue(home, client, order, key.public)
    now = int(time.time())
    read_parent(made.grant, roots=trusted_roots(home), now=now, revoked=revocations.known(home))
    if order.name is None:
        keystore.save_agent_key(home, key, now)
    elif registered(home, order.name, key.seed) != key:
        detail = f"{order.name} has become another agent meanwhile"
        raise UsageError("usage", detail=detail, fix="run it again: it is then made for that one")
    taken = accept(made.grant, audience=order.audience or None, latest=True)
    return made, taken.text, taken.path


def _issue(home: Home, client: Client, order: Order, receiver: bytes) -> Issued:
    grant = answers.issue(
        client, receiver=receiver, scopes=order.scopes, ttl=order.ttl, name=order.name
    )
    try:
        made = read_issued(grant, order, receiver, int(time.time()))
    except TokenParseError as error:
        raise client.unusable(str(error.facts.get("detail", "it sends no grant"))) from None
    end = made.expires_at
    audit_log.record(
        home,
        "delegate",
        result="ok",
        agent=did(receiver),
        name=order.name,
        scopes=",".join(order.scopes),
        ttl=format_ttl(None if end is None else max(0, end - int(time.time()))),
        id=made.id,
        endpoint=client.endpoint,
    )
    return made


def _receiver(home: Home, to: str) -> bytes:
    """Public key of whom a grant is for: a did:key, or a name registered here."""
    if to.startswith("did:"):
        try:
            return parse_did_key(to)
        except KeyInvalid as error:
            fix = "ask the receiver for the did:key that kanoniv-auth whoami prints"
            raise UsageError("usage", detail=str(error), fix=fix) from None
    key = agents.find_key(home, to)
    if key is None:
        raise agents.unknown(to)
    return key.public


def delegations(limit: int, before: int | None = None) -> tuple[list[Row], int | None]:
    """What the service has issued, newest first, and the `before` of the next page, None after the last.

    Raises: UsageError, ServiceRefused.
    """
    return answers.delegations(_client(find_home(os.environ)), limit, before)


def revoke(
    token: str | None = None,
    *,
    id: str | None = None,  # noqa: A002 - the word of the format
    holder: str | None = None,
    endpoint: str | None = None,
) -> Ended:
    """Have the service revoke; its new list is in force here at once, where its root is trusted.

    token: by the id of its last link, default the current one · id: 64 hex digits · holder: a did:key. Give one.
    endpoint: default the service this home is logged in to. Without an API key of that service: only links that were
    issued to a key of this home, which proves it by the token.
    Raises: UsageError, ServiceRefused, TokenParseError, ListRefused, StorageError; as `prove` for a token that proves
    nothing any more.
    """
    home, whose = find_home(os.environ), None
    at = _asked(home, endpoint)
    if holder is not None:
        kind, what = "key", holder_key(holder)
        whose = did(what)
    elif id is not None:
        kind, what = "id", parse_id(id)
    else:
        token = load_token() if token is None else token
        last = read_links(token)[-1]
        kind, what, whose = "id", last.id, did(last.aud)
    try:
        if at.api_key is not None:
            found = answers.revoke(Client(at.endpoint, at.api_key), kind, what)
        else:
            found = _revoke_own(home, at, kind, what, token)
    except AuthError as error:
        audit_log.record_denial(
            home, "revoke", error, None, target=f"{kind} {what.hex()}", endpoint=at.endpoint
        )
        raise
    # it is revoked there, whatever becomes of the list here
    audit_log.record(
        home, "revoke", result="ok", agent=whose, target=f"{kind} {what.hex()}",
        root=found.root_did, seq=found.seq, endpoint=at.endpoint,
    )  # fmt: skip
    kept, changed = _trusts(home, found.root), True
    if kept:
        _, changed, _ = revocations.take_up(home, found.text)
    return Ended(kind, what, whose, found, kept, not changed)


def _asked(home: Home, endpoint: str | None) -> Credentials:
    """The service that is meant; its API key is shown to the address it was given for, and to no other."""
    if endpoint is None:
        return logged_in(home)
    address, saved = check_endpoint(endpoint), stored.read(home)
    if saved is not None and saved.endpoint == address:
        return saved
    return stored.Credentials(address, None, DEFAULT_TENANT)


def _revoke_own(
    home: Home, at: Credentials, kind: str, what: bytes, token: str | None
) -> RevocationList:
    """Ask as a holder, who proves to be one by its token and key. token: default the current one."""
    if kind != "id":
        detail = "without an API key a holder ends its own links, and no key"
        fix = "kanoniv-auth login --endpoint URL"
        raise UsageError("usage", detail=detail, fix=fix)
    text, now = load_token() if token is None else token, int(time.time())
    chain = read_parent(text, roots=trusted_roots(home), now=now, revoked=None)
    key = keystore.holder_key(home, chain.holder, chain.holder_did)
    return answers.revoke_own(
        Client(at.endpoint),
        chain,
        key,
        link=what,
        tenant=at.tenant,
        public_url=at.public_url or at.endpoint,
        now=now,
        nonce=os.urandom(16),
    )
