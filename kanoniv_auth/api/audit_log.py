"""What happened in this home: `record` for every command that decides or changes something."""

from __future__ import annotations

import time

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import AuthError, StorageError
from kanoniv_auth.store import audit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home


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
        audit.append(home, what, int(time.time()))
    except AuthError as error:
        failed = _unrecorded(error)
        if required:
            raise failed from None
        return failed
    return None


def _unrecorded(error: AuthError) -> StorageError:
    fix = error.facts.get("fix")
    if error.slug == "log_broken":
        fix = "look at it with kanoniv-auth audit-log verify; then keep audit.* as evidence and move them away"
    elif error.slug == "key_permissions":
        fix = f"chmod 600 {error.facts['path']}"
    fallback = "look at machine.key in KANONIV_HOME"
    return StorageError("unrecorded", detail=str(error), fix=str(fix or fallback))
