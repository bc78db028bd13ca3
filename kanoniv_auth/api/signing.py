"""`sign`: a receipt that an action happened, by the key that was allowed to do it. Kept below the home, too."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, current, revocations
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token
from kanoniv_auth.api.verification import own_audience
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.caveats import enforce
from kanoniv_auth.core.encoding import MAX_INT
from kanoniv_auth.core.envelope import make_envelope
from kanoniv_auth.core.errors import AuthError, TokenExpired, TokenParseError, UsageError
from kanoniv_auth.core.scopes import check_scope, require
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import read_parent, verify as core_verify
from kanoniv_auth.store.home import find_home
from kanoniv_auth.store.receipts import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.files import NewFile
    from kanoniv_auth.store.home import Home
    from kanoniv_auth.store.receipts import Stream

_RESERVED = frozenset(("audience", "cost", "resource"))
_streams = Streams()


class Authority(Value):
    """A chain that grants `action` at `now`, its holder's key, and the facts its caveats were held against."""

    __slots__ = ("action", "chain", "holder", "facts", "now", "stream")

    action: str
    chain: Chain
    holder: KeyPair
    facts: Mapping[str, str]
    now: int
    stream: Stream

    def __init__(
        self,
        access: Access,
        chain: Chain,
        holder: KeyPair,
        *,
        audience: str | None,
        now: int,
        stream: Stream,
    ) -> None:
        facts = dict(access.context)
        if audience is not None:
            facts["audience"] = audience
        # a link may be a few seconds from the future (clock skew): no receipt is older than its authority
        moment = max(now, chain.latest_iat)
        if chain.expires_at is not None and chain.expires_at <= moment:
            raise TokenExpired("not_yet_valid", at=chain.latest_iat, now=now)
        self._fill(access.action, chain, holder, facts, moment, stream)


def _access(action: str, context: Mapping[str, str] | None) -> Access:
    clash = sorted(_RESERVED.intersection(context or {}))
    if clash:
        # in a receipt these names stand for facts of their own
        detail = f"{clash[0]} cannot be a context key"
        raise UsageError("usage", detail=detail, fix="name the fact otherwise")
    return Access(check_scope(action), context=context)


def authorise(
    action: str,
    token: str,
    *,
    root_did: str | None = None,
    audience: str | None = None,
    context: Mapping[str, str] | None = None,
    max_staleness: str | float | None = None,
) -> Authority:
    """Verify a presented token for `action` and find the key that will sign the receipt: what `exec` does first.

    Raises: AuthError, also when the holder's key is not in this home.
    """
    home, now, name = find_home(os.environ), int(time.time()), own_audience(audience)
    access = _access(action, context)
    staleness = revocations.checked_staleness(max_staleness)
    verified = core_verify(
        token,
        roots=trusted_roots(home, None, root_did),
        audience=name,
        access=access,
        now=now,
        once=None,
        revoked=revocations.known(home, staleness),
        cache=None,
    )
    holder = current.holder_key(home, verified.chain.holder, verified.agent_did)
    stream = _streams.of(home, holder.public)
    return Authority(access, verified.chain, holder, audience=name, now=now, stream=stream)


def receipt(
    authority: Authority,
    *,
    target: str,
    result: str,
    metadata: Mapping[str, str | int | bool],
    args: bytes = b"",
    reserved: NewFile | None = None,
) -> tuple[str, bytes]:
    """Sign and keep one receipt under an authority; returns the envelope and its id.

    args: what is hashed as the action's arguments · reserved: a file opened before. Raises: UsageError.
    """

    def make(stream: bytes, seq: int, prev: bytes) -> str:
        return _envelope(authority, target, result, metadata, args, (stream, seq, prev))

    try:
        return authority.stream.append(make, reserved)
    except TokenParseError as error:
        raise _unfit(error) from None


def rehearse(
    authority: Authority, *, target: str, metadata: Mapping[str, str | int | bool], args: bytes
) -> None:
    """Make a receipt and throw it away, to know that one will be possible before something happens.

    Raises: UsageError.
    """
    try:
        _envelope(authority, target, "failure", metadata, args, (bytes(16), MAX_INT, bytes(32)))
    except TokenParseError as error:
        raise _unfit(error) from None


def _envelope(  # noqa: PLR0917 - what a receipt says, and its place
    authority: Authority,
    target: str,
    result: str,
    metadata: Mapping[str, str | int | bool],
    args: bytes,
    place: tuple[bytes, int, bytes],
) -> str:
    stream, seq, prev = place
    return make_envelope(
        authority.chain,
        authority.holder,
        action=authority.action,
        target=target,
        args_sha256=sha256(args),
        result=result,
        facts=authority.facts,
        metadata=metadata,
        stream=stream,
        seq=seq,
        prev=prev,
        now=authority.now,
        nonce=os.urandom(16),
    )


def _unfit(error: TokenParseError) -> UsageError:
    fix = "keep context, target, result and metadata short, flat and plain"
    return UsageError("usage", detail=f"this cannot stand in a receipt: {error}", fix=fix)


def sign(
    action: str,
    token: str | None = None,
    *,
    target: str = "",
    result: str = "success",
    metadata: Mapping[str, str | int | bool] | None = None,
) -> str:
    """Sign an execution envelope for an action that the token grants now; returns `kde2.…`.

    token: default the one of the innermost `delegated` or `narrow` block, `$KANONIV_TOKEN`, the one made last; its
    holder's key must be in `$KANONIV_HOME`, or be `narrow`'s · metadata: flat, text to text, integer or bool.
    Raises: AuthError; StorageError (unrecorded) when the receipt is kept and the audit log cannot take it.
    """
    home, name, access = find_home(os.environ), own_audience(None), _access(action, None)
    text = load_token() if token is None else token
    try:
        authority = _signer(home, access, text, name)
        envelope, receipt_id = receipt(
            authority, target=target, result=result, metadata=metadata or {}
        )
    except AuthError as error:
        audit_log.record_denial(home, "sign", error, text, action=access.action, target=target)
        raise
    audit_log.record(
        home,
        "sign",
        result="ok",
        agent=authority.holder.did,
        name=authority.chain.links[-1].name,
        action=access.action,
        target=target,
        outcome=result,
        receipt=receipt_id.hex(),
    )
    return envelope


def _signer(home: Home, access: Access, text: str, name: str | None) -> Authority:
    now, revoked = int(time.time()), revocations.known(home)
    chain = read_parent(text, roots=trusted_roots(home), now=now, revoked=revoked)
    require(chain.granted, access.action, chain.scopes)
    enforce(chain.caveats, access, name, now)
    holder = current.holder_key(home, chain.holder, chain.holder_did)
    stream = _streams.of(home, holder.public)
    return Authority(access, chain, holder, audience=name, now=now, stream=stream)
