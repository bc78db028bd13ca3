"""Which token is meant: the one given, a block's, `$KANONIV_TOKEN`, the one made last; and what is saved."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import current
from kanoniv_auth.api.records import Record
from kanoniv_auth.core.errors import (
    CaveatViolation,
    ChainTooDeep,
    HolderUnproven,
    SignatureInvalid,
    StorageError,
    TokenParseError,
    UsageError,
)
from kanoniv_auth.core.keys import did
from kanoniv_auth.core.payload import ROOT_ID, read_payload, split_link
from kanoniv_auth.core.token import is_v1, parse
from kanoniv_auth.store import tokens
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Link
    from kanoniv_auth.core.legacy_v1_form import SignedLink
    from kanoniv_auth.store.home import Home

_NO_TOKEN = (CaveatViolation, ChainTooDeep, HolderUnproven, SignatureInvalid, TokenParseError)
_FIX = "kanoniv-auth delegate -s SCOPE makes one; or set KANONIV_TOKEN"


class SavedToken(Record):
    """One saved token as its text describes itself: a listing, not a verdict.

    file: path · expires_at: unix seconds, None for no expiry · issued_at: of the last link
    """

    __slots__ = ("file", "agent_did", "scopes", "expires_at", "expired", "chain_depth", "issued_at")

    file: str
    agent_did: str
    scopes: tuple[str, ...]
    expires_at: int | None
    expired: bool
    chain_depth: int
    issued_at: int

    def __init__(
        self,
        file: str,
        agent_did: str,
        scopes: tuple[str, ...],
        *,
        ends: list[int | None],
        issued_at: int,
        now: int,
    ) -> None:
        expires_at = min((end for end in ends if end is not None), default=None)
        expired = expires_at is not None and expires_at <= now
        self._fill(file, agent_did, scopes, expires_at, expired, len(ends), issued_at)


def _describe(path: str, text: str, now: int) -> SavedToken:
    if is_v1(text):
        return _describe_v1(path, text, now)
    links = read_links(text)
    last, ends = links[-1], [link.expires_at for link in links]
    return SavedToken(
        path, did(last.aud), last.scopes, ends=ends, issued_at=last.issued_at, now=now
    )


def _describe_v1(path: str, text: str, now: int) -> SavedToken:
    from kanoniv_auth.core.legacy_v1 import read_grants  # noqa: PLC0415 - `json` and 700 lines

    links = _read_v1(text)
    grants = [read_grants(link.caveats) for link in links]
    return SavedToken(
        path,
        links[-1].delegate_did,
        grants[-1].scopes,
        ends=[None if each.until is None else each.until // 1000 for each in grants],
        issued_at=links[-1].signed_at // 1000,
        now=now,
    )


def _read_v1(text: str) -> tuple[SignedLink, ...]:
    """As `read_links`, of version 1. Raises: also SignatureInvalid, HolderUnproven."""
    from kanoniv_auth.core.legacy_v1_form import read_v1  # noqa: PLC0415 - `json` and 300 lines

    return read_v1(text).links


def read_links(text: str) -> list[Link]:
    """What a token says of itself. Raises: ChainTooDeep, TokenParseError."""
    prev, issuer, links = ROOT_ID, None, []
    for link_text in parse(text).links:
        _, payload = split_link(link_text)
        link = read_payload(payload, prev, issuer)
        links.append(link)
        prev, issuer = link.id, link.aud
    return links


def claimed_holder(text: str | None) -> tuple[str | None, str | None]:
    """The DID and label of whom a token calls its holder, for a log: nothing is proven; None when unreadable."""
    try:
        if is_v1(text):
            return _read_v1(str(text))[-1].delegate_did, None
        last = read_links(text or "")[-1]
    except _NO_TOKEN:
        return None, None
    return did(last.aud), last.name


def list_tokens() -> list[SavedToken]:
    """List the saved tokens, newest last. A file that is no token is left out.

    Raises: UsageError when the folder or a file in it cannot be read.
    """
    return saved_tokens(find_home(os.environ))


def saved_tokens(home: Home) -> list[SavedToken]:
    """As `list_tokens`, for one home."""
    now, found = int(time.time()), []
    for path in tokens.saved(home):
        try:
            found.append(_describe(path, tokens.read_text(path) or "", now))
        except _NO_TOKEN:
            continue  # not ours: the listing is of tokens
    # of two that were issued in the same second the one that was written later is the newer
    return sorted(found, key=lambda row: row.issued_at)


def saved_links(home: Home) -> tuple[list[tuple[str, list[Link]]], tuple[str, ...]]:
    """Every saved token of this format: its text, and what it says of itself; nothing in it is proven.

    Returns: also the paths that cannot be read, which are no reason to stop here.
    """
    found, unread = [], []
    try:
        paths = tokens.saved(home)
    except StorageError:
        return [], (home.tokens,)
    for path in paths:
        try:
            text = tokens.read_text(path) or ""
            found.append((text, read_links(text)))
        except StorageError:
            unread.append(path)
        except (ChainTooDeep, TokenParseError):
            continue  # no token of this format
    return found, tuple(unread)


def load_token(path: str | os.PathLike[str] | None = None) -> str:
    """Read a token: from a file, else a block's (`delegated`), else `$KANONIV_TOKEN`, else the one made last.

    It is not verified here.

    Raises: UsageError when there is none, TokenParseError.
    """
    if path is not None:
        name = os.path.expanduser(os.fspath(path))  # noqa: PTH111 - pathlib is outside the import budget
        text = tokens.read_text(name, named=True)
        if text is None:
            raise no_token(f"there is no token file {name}")
        return text
    presented = current.token()
    if presented is not None:
        return presented
    given = os.environ.get("KANONIV_TOKEN")
    if given is not None:
        # a variable that failed to expand must not mean another token
        if not given.strip():
            raise no_token("KANONIV_TOKEN is set and empty")
        return given.strip()
    home = find_home(os.environ)
    text = tokens.read_text(home.latest)
    if text is None:
        if os.path.lexists(f"{home.tokens}/{tokens.PUBLISHED_LATEST}"):
            fix = "kanoniv-auth migrate takes over this home of version 0.3 and its latest token"
            raise no_token("there is no token of this version", fix)
        raise no_token("there is no token")
    return text


def newest_token(agent_did: str) -> str:
    """Choose the newest saved token of an agent that is alive, else the newest one, to be refused for what it is.

    Raises: UsageError when there is none.
    """
    rows = [row for row in list_tokens() if row.agent_did == agent_did]
    alive = [row for row in rows if not row.expired] or rows
    text = tokens.read_text(alive[-1].file) if alive else None
    if text is None:
        raise no_token(f"there is no saved token of {agent_did}")
    return text


def no_token(detail: str, fix: str = _FIX) -> UsageError:
    """The error for a missing token."""
    return UsageError("no_token", detail=detail, fix=fix)
