"""What a job says to the service when it has no key of the service's: the audience it asks for, and its possession.

Shared by the client, which signs, and the service, which checks (docs/explanation/keyless.md). Not the OIDC token
itself: that is RS256, and no business of core's.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import canonical
from kanoniv_auth.core.errors import HolderUnproven, TokenParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

EXCHANGE_TAG = b"kanoniv-auth/2 exchange\0"
_ROOT_KEY = "root-key"


def exchange_audience(public_url: str, agent_did: str) -> str:
    """The one audience that an OIDC token for this key has. agent_did: `did:agent:…` of the key."""
    return f"{public_url.rstrip('/')}:{agent_did}"


def root_key_audience(public_url: str) -> str:
    """The audience of the old route, where the service makes the key. No key's DID is spelled like that."""
    return f"{public_url.rstrip('/')}:{_ROOT_KEY}"


def exchange_message(oidc_token: str, scopes: Iterable[str], ttl: int) -> bytes:
    """The bytes whose signature shows that the asker holds the key, and asks for just this.

    scopes: in the grammar, any order · ttl: seconds. Raises: TokenParseError (parse).
    """
    if not oidc_token.isascii():
        raise TokenParseError("parse", detail="an OIDC token that is not ASCII")
    asked = canonical({"scopes": sorted(set(scopes)), "ttl": ttl})
    return EXCHANGE_TAG + sodium.sha256(oidc_token.encode("ascii")) + sodium.sha256(asked)


def check_possession(public: bytes, signature: bytes, message: bytes) -> None:
    """Check the signature over `exchange_message`. Raises: HolderUnproven."""
    try:
        if len(signature) != sodium.SIGNATURE:
            raise sodium.BadSignature
        sodium.verify(public, signature, message)
    except sodium.BadSignature:
        detail = "`possession` is no signature of this public key over this token, these scopes and this TTL"
        raise HolderUnproven("holder_unproven", detail=detail) from None
