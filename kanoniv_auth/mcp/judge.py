"""Whether a call is granted: by its own proof, else by the token that is here now; and the record of it.

Which of the two decides never depends on whether it is a good one: a bad proof, or a bad token, refuses.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING

from kanoniv_auth.api import audit_log, revocations, sessions
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.api.tokens import claimed_holder, no_token
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.errors import AuthError, TokenParseError
from kanoniv_auth.core.scopes import covers
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import prove, verify
from kanoniv_auth.mcp.guard import STRICT, WARN, Verdict
from kanoniv_auth.mcp.proof import verify_proof
from kanoniv_auth.once.memory import MemoryOnce
from kanoniv_auth.store import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.mcp.guard import Call
    from kanoniv_auth.store.home import Home

_EVENT = "mcp"
_ROOTS_SECONDS = 1.0
_LONGEST = 1024  # characters of what a peer says, kept for the log: more than a record holds
_AFTER_PROOF = frozenset(("scope", "caveat", "unknown_caveat"))


class Sources(Value):
    """Where a call's token comes from when it brings no proof, in this order; what is here but bad is not passed over.

    token: of the environment, None when it has none · token_file: a path · session: the coding session's id
    """

    __slots__ = ("token", "token_file", "session")

    token: str | None
    token_file: str | None
    session: str | None

    def __init__(
        self, token: str | None = None, token_file: str | None = None, session: str | None = None
    ) -> None:
        self._fill(token, token_file, session)

    def read(self, home: Home) -> str:
        """The token, its file read anew. Raises: UsageError (no_token), TokenParseError, StorageError."""
        if self.token is not None:
            # a variable that failed to expand must not mean another token
            if not self.token.strip():
                raise no_token("KANONIV_TOKEN is set and empty")
            return self.token.strip()
        if self.token_file is not None:
            # no pipe, as elsewhere: it is read at each call, and who opens one may wait for ever
            path = os.path.expanduser(self.token_file)  # noqa: PTH111 - as in `api.tokens`
            found = tokens.read_text(path)
            if found is None:
                raise no_token(f"there is no token file {path}")
            return found
        text = None if self.session is None else sessions.load(home, self.session)
        if text is None:
            text = tokens.read_text(home.latest)
        if text is None:
            raise no_token("there is no token")
        return text


class Names(Value):
    """audience: this proxy's own name, as it was given, None without · server: the name of what it guards."""

    __slots__ = ("audience", "server")

    audience: str | None
    server: str | None

    def __init__(self, audience: str | None = None, server: str | None = None) -> None:
        self._fill(audience, server)


class Desk:
    """Decides for one proxy. say: a line for people · mode: what becomes of a call that is not granted.

    roots: None for those of the home, a second old at most · put: takes records · require_audit: recorded before it
    goes on, or refused · counts: verdicts so far
    """

    def __init__(
        self,
        home: Home,
        sources: Sources,
        names: Names,
        *,
        mode: str,
        roots: TrustedRoots | None,
        put: Callable[[Happening], None],
        require_audit: bool,
        say: Callable[[str], None],
    ) -> None:
        self._home, self._sources, self._names, self._mode = home, sources, names, mode
        self._roots, self._put, self._required, self._say = roots, put, require_audit, say
        self._cache, self._once = Cache(64), MemoryOnce()
        self._read: TrustedRoots | None = None
        self._stale_at = 0.0
        self.counts: Counter[str] = Counter()

    def decide(self, call: Call) -> Verdict:
        """Decide, record, and tell a person what is not granted."""
        token: object = None
        chain: Chain | None = None
        error: AuthError | None = None
        try:
            token = call.proofs[0] if call.proofs else self._sources.read(self._home)
            chain = self._proven(token, call)
        except AuthError as refusal:
            error = refusal
        except Exception as flaw:  # noqa: BLE001 - what nobody thought of must not end the proxy, nor go unrecorded
            error = TokenParseError("parse", detail=f"{type(flaw).__name__}: {flaw}"[:_LONGEST])
        refused = error is not None and self._mode == STRICT
        result = "allowed" if error is None else "denied" if refused else "forwarded"
        happened = self._told(call, result, chain, token, error)
        if self._required:
            failed = audit_log.record_all(self._home, (happened,))
            if failed is not None:
                error, refused, result = failed, True, "denied"
        else:
            self._put(happened)
        self.counts[result] += 1
        if refused or (error is not None and self._mode == WARN):
            word = "DENIED" if refused else "WARNING"
            self._say(f"{word}: {call.tool}: {error}")
        return Verdict(error, refused=refused)

    def _proven(self, token: object, call: Call) -> Chain:
        now, roots = int(time.time()), self._trusted()
        revoked = revocations.known(self._home)
        if call.proofs:
            return verify_proof(
                token,
                call,
                roots=roots,
                names=(self._names.audience, self._names.server),
                now=now,
                once=self._spend,
                revoked=revoked,
                cache=self._cache,
            )
        verified = verify(
            str(token),
            roots=roots,
            audience=self._names.audience,
            access=Access(call.scope),
            now=now,
            once=None,
            revoked=revoked,
            cache=self._cache,
        )
        return verified.chain

    def _trusted(self) -> TrustedRoots:
        if self._roots is not None:
            return self._roots
        # read for each call, they were half of what a decision costs
        now = time.monotonic()
        if self._read is None or now >= self._stale_at:
            self._read, self._stale_at = trusted_roots(self._home), now + _ROOTS_SECONDS
        return self._read

    def _spend(self, key: bytes, seconds: int) -> bool:
        return self._once.spend("pop", key, seconds)

    def _told(
        self,
        call: Call,
        result: str,
        chain: Chain | None,
        token: object,
        error: AuthError | None,
    ) -> Happening:
        """What the audit log is to say of a decision."""
        text = token if isinstance(token, str) else None
        agent, name = (None, None) if chain is not None or text is None else claimed_holder(text)
        if chain is not None:
            agent, name = chain.holder_did, chain.links[-1].name
        details: dict[str, str | int | bool] = {
            "tool": call.tool,
            "scope": call.scope,
            "mode": self._mode,
            **({"call": call.id[:_LONGEST]} if call.id else {}),
            **({"proof": True} if call.proofs else {}),
            **({"code": error.slug} if error is not None else {}),
        }
        proven = error is None or error.slug in _AFTER_PROOF
        claimed = agent is not None and not proven
        return Happening(
            _EVENT, result, agent=agent or "", name=name or "", claimed=claimed, details=details
        )

    def unread(self, tool: str, detail: str) -> None:
        """Record what was refused before it could be asked what it needs."""
        self.counts["denied"] += 1
        tool, detail = tool[:_LONGEST], detail[:_LONGEST]
        self._say(f"DENIED: {tool or 'a line'}: {detail}")
        details = {"tool": tool, "mode": self._mode, "code": "parse", "detail": detail}
        self._put(Happening(_EVENT, "denied", details=details))

    def visible(self) -> Callable[[str], bool]:
        """Which scopes the token that is here now has; none without a good one."""
        try:
            verified = prove(
                self._sources.read(self._home),
                roots=self._trusted(),
                audience=self._names.audience,
                now=int(time.time()),
                once=None,
                revoked=revocations.known(self._home),
                cache=self._cache,
            )
        except AuthError as error:
            self._say(f"tools/list shows nothing: {error}")
            return lambda _: False
        granted = verified.chain.granted
        return lambda scope: covers(granted, scope)
