"""`prove` for one tool call: a token's holder shows that it wants this call, now. Not the check: `mcp.proof`."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, current, revocations
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.jcs import args_sha256
from kanoniv_auth.core.proof import NONCE, POP_WINDOW, pop
from kanoniv_auth.core.scopes import check_scope, require
from kanoniv_auth.core.value import Value
from kanoniv_auth.core.verification import read_parent
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class CallProof(Value):
    """A proof of one call. text: secret until it was used · until: unix seconds."""

    __slots__ = ("text", "action", "agent_did", "audience", "args_sha256", "until")

    text: str
    action: str
    agent_did: str
    audience: str
    args_sha256: bytes
    until: int

    def __init__(  # noqa: PLR0917 - its fields
        self, text: str, action: str, agent_did: str, audience: str, args: bytes, until: int
    ) -> None:
        self._fill(text, action, agent_did, audience, args, until)


def prove_call(
    action: str, arguments: Mapping[str, object], token: str, *, audience: str = ""
) -> CallProof:
    """Sign one call with the key of a token's holder, which must be in this home: good for a minute, once.

    action: the scope it needs · arguments: parsed JSON · audience: the verifier's name, "" for one without.
    Raises: AuthError, for a token that does not grant it, too.
    """
    home, now, scope = find_home(os.environ), int(time.time()), check_scope(action)
    args = args_sha256(arguments)
    try:
        revoked = revocations.known(home)
        chain = read_parent(token, roots=trusted_roots(home), now=now, revoked=revoked)
        require(chain.granted, scope, chain.scopes)
        holder = current.holder_key(home, chain.holder, chain.holder_did)
        text = pop(
            chain,
            holder,
            action=scope,
            args_sha256=args,
            audience=audience,
            now=now,
            nonce=os.urandom(NONCE),
        )
    except AuthError as error:
        audit_log.record_denial(home, "prove", error, token, scope=scope, target=audience)
        raise
    audit_log.record(
        home, "prove", result="ok", agent=chain.holder_did, name=chain.links[-1].name,
        scope=scope, target=audience, args=args.hex(),
    )  # fmt: skip
    return CallProof(text, scope, chain.holder_did, audience, args, now + POP_WINDOW)
