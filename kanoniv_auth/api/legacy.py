"""Tokens of version 1, for verifiers of the published product (docs/spec/version-1.md §3). Reading: `api.verification`.

The one place where a token is made with a private key in it. The key is made for this token and kept nowhere else.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.delegation import is_cut, record_made
from kanoniv_auth.api.orders import Delegated, Order
from kanoniv_auth.api.roots import signing_root, trusted_roots
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.legacy_v1 import prove_v1
from kanoniv_auth.core.legacy_v1_issue import issue_v1
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.core.token import is_v1
from kanoniv_auth.store import tokens
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.store.home import Home

    Path = str | os.PathLike[str]


def delegate_v1(
    scopes: str | Iterable[str],
    ttl: str | float | None = None,
    *,
    root: KeyPair | Path | None = None,
    parent: str | None = None,
) -> str:
    """Make a version 1 token, which holds its agent's private key: whoever reads it is the agent until it ends.

    For verifiers of the published product alone. Arguments as for `delegate`; parent: a version 1 token. Saved, and
    not as the latest. Raises: AuthError, before anything is stored.
    """
    return place_v1(Order(scopes, ttl), root=root, parent=parent).text


def place_v1(
    order: Order,
    *,
    root: KeyPair | Path | None = None,
    parent: str | None = None,
    dry_run: bool = False,
) -> Delegated:
    """Carry out an order for a version 1 token, as `delegation.place` does for the current version."""
    _refuse_what_it_cannot_say(order)
    home = find_home(os.environ)
    try:
        made = _place(home, order, root, parent, dry_run=dry_run)
    except AuthError as error:
        if not dry_run:
            scopes = ",".join(order.scopes)
            audit_log.record_denial(home, "delegate", error, None, scopes=scopes)
        raise
    if not dry_run:
        record_made(home, "delegate", made)
    return made


def _refuse_what_it_cannot_say(order: Order) -> None:
    if order.name is not None:
        detail = "a version 1 token holds its agent's key, and the key of a named agent is never given away"
        raise UsageError("usage", detail=detail, fix="leave the name out, or the format")
    if order.to is not None:
        detail = "a version 1 token holds its agent's key, so it cannot be made for somebody else's"
        raise UsageError("usage", detail=detail, fix="leave --to out, or --format")
    if order.audience:
        detail = "version 1 has no place for an audience"
        raise UsageError("usage", detail=detail, fix="leave the audience out, or the format")


def _place(
    home: Home,
    order: Order,
    root: KeyPair | Path | None,
    parent: str | None,
    *,
    dry_run: bool,
) -> Delegated:
    now, revoked, held = int(time.time()), revocations.known(home), None
    if parent is None:
        issuer = signing_root(root, home)
        roots = TrustedRoots(keys=(issuer.public,))
    else:
        if not is_v1(parent):
            detail = "version 1 is delegated from a version 1 token, and the parent is none"
            raise UsageError("usage", detail=detail, fix="leave --format out, or --parent")
        roots = trusted_roots(home, root)
        held = prove_v1(parent, roots=roots, audience=None, now=now, revoked=revoked)
        issuer = held.holder
    text = issue_v1(
        issuer,
        KeyPair.generate(os.urandom(32)),
        parent=held,
        scopes=order.scopes,
        now=now,
        ttl=order.ttl,
        entropy=os.urandom(16),
    )
    # what our own reader would refuse is not handed out
    made = prove_v1(text, roots=roots, audience=None, now=now, revoked=revoked)
    path = None
    if not dry_run:
        name = sha256(text.encode("ascii"))
        path = tokens.save(order.home or home, name, text, latest=False)
    return Delegated(
        text, made.chain, is_grant=False, path=path, cut=is_cut(made.chain, order, now)
    )
