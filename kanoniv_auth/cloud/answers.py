"""What is asked of the service, and what its answers say, each field in its form. Whom to trust is api's business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanoniv_auth.core.errors import AuthError, KeyInvalid, ServiceRefused
from kanoniv_auth.core.keys import check_did, did, did_key, parse_did_key
from kanoniv_auth.core.own_revocation import own_revocation
from kanoniv_auth.core.payload import check_name
from kanoniv_auth.core.proof import pop
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.core.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.cloud.client import Client
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.core.revocation_list import RevocationList

_ID_DIGITS = 64
_NOT_SAID = "the list it has signed does not say so"


class Row(Value):
    """A row of the service's ledger. Times: unix seconds; expires_at, revoked_at: None for never, and not yet."""

    __slots__ = ("id", "holder_did", "scopes", "name", "issued_at", "expires_at", "revoked_at")

    id: str
    holder_did: str
    scopes: tuple[str, ...]
    name: str | None
    issued_at: int
    expires_at: int | None
    revoked_at: int | None

    def __init__(self, found: dict[str, Any]) -> None:
        link, holder = found["id"], check_did(found["holder_did"])
        if type(link) is not str or len(link) != _ID_DIGITS or link.strip("0123456789abcdef"):
            raise ValueError("no link id")
        name = None if found["name"] is None else check_name(found["name"])
        if type(found["issued_at"]) is not int or type(found["scopes"]) is not list:
            raise TypeError("another type")
        scopes = parse_scopes(found["scopes"])
        ends = [_moment(found[field]) for field in ("expires_at", "revoked_at")]
        self._fill(link, holder, scopes, name, found["issued_at"], *ends)


def _moment(value: object) -> int | None:
    if value is None or type(value) is int:
        return value
    raise TypeError("no time")


def tenant(client: Client) -> tuple[str, bytes]:
    """The tenant behind the client's key, and its root's public key. Raises: ServiceRefused."""
    found = client.get("/v1/tenant")
    try:
        name, root = check_name(found["tenant"]), parse_did_key(found["root_key"])
        if did(root) != found["root_did"]:
            raise KeyInvalid("bad_key", detail="not the key of its DID")
    except (AuthError, KeyError, TypeError, AttributeError):
        raise client.unusable("it does not say whose root it signs with") from None
    return name, root


def issue(
    client: Client, *, receiver: bytes, scopes: tuple[str, ...], ttl: int | None, name: str | None
) -> str:
    """Have a link issued to a public key; returns the grant, unread. ttl: seconds, None for never.

    Raises: ServiceRefused.
    """
    asked: dict[str, object] = {
        "scopes": list(scopes),
        "ttl": "never" if ttl is None else ttl,
        "to": did_key(receiver),
    }
    if name is not None:
        asked["name"] = name
    grant = client.post("/v1/delegations", asked).get("grant")
    if type(grant) is not str:
        raise client.unusable("it sends no grant")
    return grant


def delegations(
    client: Client, limit: int, before: int | None = None
) -> tuple[list[Row], int | None]:
    """The newest rows of the ledger, and where the next page begins; None after the last.

    before: what the page before gave. Raises: ServiceRefused.
    """
    cursor = {} if before is None else {"cursor": before}
    found = client.get("/v1/delegations", limit=limit, **cursor)
    try:
        return [Row(one) for one in found["delegations"]], _moment(found["next"])
    except (AuthError, KeyError, TypeError, ValueError, AttributeError):
        raise client.unusable("its list of delegations cannot be read") from None


def revoke(client: Client, kind: str, what: bytes) -> RevocationList:
    """Have a link id or a public key revoked; returns the list that says so.

    kind: id or key. Raises: ServiceRefused.
    """
    body = {"ids": [what.hex()]} if kind == "id" else {"keys": [did_key(what)]}
    made = _signed_list(client, body)
    if what not in (made.ids if kind == "id" else made.keys):
        raise client.unusable(_NOT_SAID)
    return made


def revoke_own(
    client: Client,
    chain: Chain,
    key: KeyPair,
    *,
    link: bytes,
    tenant: str,
    public_url: str,
    now: int,
    nonce: bytes,
) -> RevocationList:
    """Have a link revoked that was issued to `key`, which proves to be here; returns the list that says so.

    chain: a live one that `key` holds · link: id · public_url: what the service calls itself · now: unix seconds ·
    nonce: 16 random bytes. Raises: ServiceRefused, KeyInvalid (not the holder), TokenParseError (public_url).
    """
    request = own_revocation((link,))
    proof = pop(
        chain, key, action=request.action, args_sha256=request.args_sha256, audience=public_url,
        now=now, nonce=nonce,
    )  # fmt: skip
    try:
        made = _signed_list(client, {"ids": [link.hex()], "proof": proof, "tenant": tenant})
    except ServiceRefused as error:
        if error.slug == "bad_signature":
            error.facts["fix"] = (
                f"ask at the service's public address, spelled as there: the proof is for {public_url}"
            )
        raise
    # revoked with its key, it need not be named itself
    if link not in made.ids and key.public not in made.keys:
        raise client.unusable(_NOT_SAID)
    return made


def _signed_list(client: Client, body: Mapping[str, object]) -> RevocationList:
    found = client.post("/v1/revocations", body)
    try:
        return read_list(found["list"])
    except (AuthError, KeyError, TypeError, AttributeError):
        raise client.unusable("it sends no revocation list") from None
