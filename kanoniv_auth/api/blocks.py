"""`with delegated(token):` and `with narrow([…]):` whose token is meant inside a block, and for how much of it.

A block belongs to the thread or task that entered it: a task started inside begins with it and goes on with it, a new
thread begins outside of all (`contextvars.copy_context().run` takes them along). Inside a generator, what stands
between two `yield` belongs to whoever asks for the next value: enter the block around the loop, not in the generator.
Where one does, and its loop is left early, the block is open until the generator is closed, which of an async one
somebody has to wait for: `async with contextlib.aclosing(…)`. A block that another task or thread leaves is over where
it was entered; tasks that were started inside it are then refused, for what is outside of it may be more.
"""

from __future__ import annotations

import os
import time
from contextvars import ContextVar

from kanoniv_auth.api import audit_log, current, revocations
from kanoniv_auth.api.current import Presented
from kanoniv_auth.api.orders import checked_audience
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import load_token, no_token
from kanoniv_auth.api.verification import own_audience, prove
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.core.verification import prove as core_prove
from kanoniv_auth.store.agents import check_name
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from kanoniv_auth.api.verification import Verification
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.store.home import Home

_stack: ContextVar[tuple[Presented, ...]] = current.keep_in(
    ContextVar("kanoniv_auth.delegated", default=())
)


class _Block:
    """Entered once. Leaving takes this block, and no other, out of where it was entered."""

    __slots__ = ("_mine", "_used")

    def __init__(self) -> None:
        self._mine: Presented | None = None
        self._used = False

    def _start(self) -> None:
        if self._used:
            msg = "a block is entered once: make another one"
            raise RuntimeError(msg)
        self._used = True

    def _enter(self, presented: Presented) -> None:
        presented.enter()
        self._mine = presented

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._mine is not None:
            self._mine.leave()
        self._mine = None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)


class DelegatedBlock(_Block):
    """What `delegated` returns."""

    __slots__ = ("_audience", "_root_did", "_token")

    def __init__(self, token: str, root_did: str | None, audience: str | None) -> None:
        super().__init__()
        self._token, self._root_did, self._audience = token, root_did, audience

    def __enter__(self) -> Verification:
        self._start()
        found = prove(self._token, root_did=self._root_did, audience=self._audience)
        self._enter(Presented(self._token, None))
        return found

    async def __aenter__(self) -> Verification:
        return self.__enter__()


def delegated(
    token: str, *, root_did: str | None = None, audience: str | None = None
) -> DelegatedBlock:
    """Make `token` the one that `verify`, `sign`, `narrow` and `load_token` mean inside a `with` or `async with`.

    The token is proven on entry (`as` gives whose it is and until when), and again by every verify inside.
    In an async generator, the block is open until that is closed: loop over it inside `contextlib.aclosing`.
    root_did, audience: of this proof, as for `verify`. Raises: AuthError, on entry.
    """
    return DelegatedBlock(_given(token, "delegated"), root_did, audience)


def _given(token: object, to: str) -> str:
    if isinstance(token, str) and token:
        return token
    # a variable that is not set must not mean another token
    raise no_token(f"{to} was given no token")


class NarrowBlock(_Block):
    """What `narrow` returns."""

    __slots__ = ("_audience", "_name", "_parent", "_scopes", "_ttl")

    def __init__(
        self,
        scopes: tuple[str, ...],
        ttl: int | None,
        parent: str | None,
        audience: str | None,
        name: str | None,
    ) -> None:
        super().__init__()
        self._scopes, self._ttl, self._parent = scopes, ttl, parent
        self._audience, self._name = audience, name

    def __enter__(self) -> str:
        self._start()
        presented = self._mint()
        self._enter(presented)
        return presented.token

    async def __aenter__(self) -> str:
        return self.__enter__()

    def _mint(self) -> Presented:
        home = find_home(os.environ)
        parent = load_token() if self._parent is None else self._parent
        scopes, ttl = ",".join(self._scopes), self._ttl
        try:
            chain, presented = self._narrowed(home, parent)
        except AuthError as error:
            audit_log.record_denial(home, "delegate", error, parent, scopes=scopes)
            raise
        audit_log.record(
            home,
            "delegate",
            result="ok",
            agent=chain.holder_did,
            name=self._name,
            scopes=scopes,
            id=chain.id.hex(),
            ttl=format_ttl(ttl),
            kept=False,
        )
        return presented

    def _narrowed(self, home: Home, parent: str) -> tuple[Chain, Presented]:
        now = int(time.time())
        verified = core_prove(
            parent,
            roots=trusted_roots(home),
            audience=own_audience(None),
            now=now,
            once=None,
            revoked=revocations.known(home),
            cache=None,
        )
        held, key = verified.chain, KeyPair.generate(os.urandom(32))
        chain = issue(
            current.holder_key(home, held.holder, held.holder_did),
            key.public,
            parent=held,
            scopes=self._scopes,
            now=now,
            ttl=self._ttl,
            entropy=os.urandom(16),
            name=self._name,
        )
        # what was for one verifier stays for that one
        audience = verified.audience if self._audience is None else self._audience
        return chain, Presented(seal(chain, key, now=now, audience=audience), key)


def narrow(
    scopes: str | Iterable[str],
    ttl: str | float | None = None,
    *,
    parent: str | None = None,
    audience: str | None = None,
    name: str | None = None,
) -> NarrowBlock:
    """Go on with less: inside the `with` or `async with`, a token of a part of one's authority is the one that counts.

    It is made for a fresh key that is held in memory alone and goes with the block; `as` gives the token.
    scopes, ttl: as for `delegate`; never more and never longer than the parent's · parent: the token to delegate from,
    default the one that `verify` would mean here; its holder's key must be at hand · audience: the one verifier it is
    for, default the parent's · name: a label. The audit log gets a line, as for `delegate`.
    Raises: AuthError, for what is no order at once, else on entry.
    """
    return NarrowBlock(
        parse_scopes(scopes),
        parse_ttl(ttl),
        None if parent is None else _given(parent, "narrow"),
        None if audience is None else checked_audience(audience),
        None if name is None else check_name(name),
    )
