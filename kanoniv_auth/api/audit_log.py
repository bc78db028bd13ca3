"""What happened in this home: `record` for every command that decides or changes something."""

from __future__ import annotations

import time

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import DENIED, AuthError, StorageError, TokenParseError, UsageError
from kanoniv_auth.core.token import is_v1
from kanoniv_auth.store import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanoniv_auth.store.home import Home

# the last step of verifying: by then the holder is proven
_AFTER_PROOF = frozenset(("scope", "caveat", "unknown_caveat"))
# of version 1, caveats are read before it is looked at whose key came along
_AFTER_PROOF_V1 = frozenset(("scope", "caveat"))


def record(
    home: Home,
    event: str,
    *,
    result: str,
    agent: str | None = None,
    name: str | None = None,
    claimed: bool = False,
    required: bool = True,
    **details: str | int | bool,
) -> StorageError | None:
    """Write one record into the home's audit log, durable when this returns.

    event, result: one word · agent: DID · name: label · claimed: the DID was read from a token that proved nothing ·
    details: at most twelve, flat; text is escaped, cut at 256 bytes, and tokens in it are not kept.
    Returns: None, or what went wrong when it is not required. Raises: StorageError (unrecorded) when it is.
    """
    what = Happening(
        event, result, agent=agent or "", name=name or "", claimed=claimed, details=details
    )
    try:
        audit.append(home, what, max(0, int(time.time())))
    except AuthError as error:
        failed = _unrecorded(error)
        if required:
            raise failed from None
        return failed
    return None


def record_all(home: Home, every: Sequence[Happening]) -> StorageError | None:
    """Write some records in one step, durable when this returns; what went wrong, None when nothing did."""
    try:
        audit.append_all(home, every, max(0, int(time.time())))
    except AuthError as error:
        return _unrecorded(error)
    return None


def record_denial(
    home: Home,
    event: str,
    error: AuthError,
    token: str | None,
    *,
    proves: bool = False,
    required: bool = False,
    **details: str | int | bool,
) -> None:
    """Record that something was refused; where that fails, the error gets the facts recorded (False) and note.

    token: whose holder is named, as claimed unless proven · proves: what refused checks a holder's proof, and scopes
    and caveats after it. Raises: StorageError when required.
    """
    if isinstance(error, UsageError):
        return  # a typing error is no decision
    if not proves and error.reason.exit != DENIED and not isinstance(error, TokenParseError):
        return  # neither is a key or a folder that cannot be used to make something
    from kanoniv_auth.api.tokens import claimed_holder  # noqa: PLC0415 - a denial alone needs it

    agent, name = claimed_holder(token)
    after_proof = _AFTER_PROOF_V1 if is_v1(token) else _AFTER_PROOF
    claimed = agent is not None and not (proves and error.slug in after_proof)
    failed = record(
        home,
        event,
        result="denied",
        agent=agent,
        name=name,
        claimed=claimed,
        required=required,
        code=error.slug,
        **details,
    )
    if failed is not None:
        error.facts.update(not_recorded(failed))


def not_recorded(failed: StorageError) -> dict[str, object]:
    """What `--json` and the people's note say of a decision that stands and is not in the log."""
    return {"recorded": False, "note": f"not recorded: {failed.facts['detail']}"}


def _unrecorded(error: AuthError) -> StorageError:
    fix, facts = error.facts.get("fix"), {}
    if error.slug == "log_broken":
        fix = "look at it with kanoniv-auth audit-log verify; then keep audit.* as evidence and move them away"
    elif error.slug == "key_permissions":
        fix = f"chmod 600 {error.facts['path']}"
        facts = {name: error.facts[name] for name in ("path", "mode")}
    fallback = "look at machine.key in KANONIV_HOME"
    return StorageError("unrecorded", detail=str(error), fix=str(fix or fallback), **facts)
