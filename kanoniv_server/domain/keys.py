"""API keys: `kas_` and 43 characters, shown once; what is kept is a SHA-256. Not who may do what with one."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import b64u, unb64u
from kanoniv_auth.core.errors import HolderUnproven, TokenParseError, UsageError
from kanoniv_auth.core.payload import check_name
from kanoniv_server.domain.values import RIGHTS, ApiKey, Caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_server.domain.ports import Store

PREFIX = "kas_"
_BYTES = 32
_LENGTH = len(PREFIX) + 43


def new_key(
    tenant: str,
    label: str,
    rights: Iterable[str],
    *,
    entropy: bytes,
    now: int,
    scopes: tuple[str, ...] | None = None,
    max_ttl: int | None = None,
) -> tuple[str, ApiKey]:
    """Make an API key: its text, which is secret, and what is kept of it.

    entropy: 32 random bytes · scopes: in the grammar, None for any · max_ttl: seconds. Raises: UsageError.
    """
    given = frozenset(rights)
    if not given or not given <= RIGHTS:
        detail = f"an API key has rights of {', '.join(sorted(RIGHTS))}"
        raise UsageError("usage", detail=detail, fix="issue,revoke,read")
    if scopes == () or (max_ttl is not None and max_ttl < 1) or len(entropy) != _BYTES:
        raise UsageError("usage", detail="an API key needs a scope, a second and 32 random bytes")
    text = PREFIX + b64u(entropy)
    kept = digest(text)
    return text, ApiKey(
        kept.hex()[:16], tenant, checked_name(label), kept, given, scopes, max_ttl, now
    )


def checked_name(text: str) -> str:
    """Return a label or a tenant's name: `[A-Za-z0-9._-]{1,64}`. Raises: UsageError."""
    try:
        return check_name(text)
    except TokenParseError as error:
        detail = f"name {text[:80]!r}: {error.facts['detail']}"
        raise UsageError("usage", detail=detail, fix="use 1 to 64 of A-Z a-z 0-9 . _ -") from None


def digest(text: str) -> bytes:
    """Hash an API key's text; what is not in the one form of a key is refused first.

    Raises: HolderUnproven; the text is never in the error.
    """
    try:
        if not text.startswith(PREFIX) or len(text) != _LENGTH:
            raise TokenParseError("parse", detail="not the form of a key")
        unb64u(text.removeprefix(PREFIX))
    except TokenParseError:
        raise HolderUnproven("holder_unproven", detail="this is not an API key") from None
    return sodium.sha256(text.encode("ascii"))


async def authenticate(store: Store, text: str) -> ApiKey:
    """Find the key behind a text that was presented. Raises: HolderUnproven, StorageError."""
    asked = digest(text)
    found = await store.api_key(asked)
    if found is None or found.revoked_at is not None or not compare_digest(found.digest, asked):
        raise HolderUnproven("holder_unproven", detail="this API key is unknown, or was revoked")
    return found


def caller(key: ApiKey) -> Caller:
    """Tell how far an API key goes."""
    return Caller(f"key:{key.id}", key.rights, key.scopes, key.max_ttl)
