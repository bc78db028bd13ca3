"""`revoke`: the root says that a token, or every token of a key, no longer counts. And its lists, in and out."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import audit_log
from kanoniv_auth.api.records import Record
from kanoniv_auth.api.revocations import take_up
from kanoniv_auth.api.roots import signing_root
from kanoniv_auth.api.tokens import load_token, saved_links
from kanoniv_auth.core.errors import (
    AuthError,
    KeyInvalid,
    KeyPermissions,
    SignatureInvalid,
    StorageError,
    TokenParseError,
    UsageError,
)
from kanoniv_auth.core.keys import check_did, did, parse_did_key
from kanoniv_auth.core.revocation_list import RevocationList, make_list, read_list
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import is_v1, parse
from kanoniv_auth.core.verification import read_chain
from kanoniv_auth.store import agents, files, keystore, revocations, roots as stored
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Link
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.home import Home

    Path = str | os.PathLike[str]
    Saved = list[tuple[str, list[Link]]]

_ID_DIGITS = 64


class Revocation(Record):
    """What is revoked now. kind: `id` (one token, and all below it) or `key` (every token of a key) · what: hex.

    agent_did: whose, None for a bare id · root_dids: whose lists say so · seq: number of the first of these lists ·
    already: they said so before · not_by: other roots that granted to this key as well, by what is saved here: for
    them it is not revoked · unread: paths below tokens/ that could not be read for that
    """

    __slots__ = ("kind", "what", "agent_did", "root_dids", "seq", "already", "not_by", "unread")

    kind: str
    what: str
    agent_did: str | None
    root_dids: tuple[str, ...]
    seq: int
    already: bool
    not_by: tuple[str, ...]
    unread: tuple[str, ...]

    def __init__(  # noqa: PLR0917 - as they stand above
        self,
        kind: str,
        what: bytes,
        agent_did: str | None,
        said: list[tuple[RevocationList, bool]],
        not_by: tuple[str, ...],
        unread: tuple[str, ...],
    ) -> None:
        dids = tuple(one.root_did for one, _ in said)
        already = not any(new for _, new in said)
        self._fill(kind, what.hex(), agent_did, dids, said[0][0].seq, already, not_by, unread)


def revoke(
    token: str | None = None,
    *,
    id: str | None = None,  # noqa: A002 - the word of the format
    agent: str | None = None,
    holder: str | None = None,
    root: KeyPair | Path | None = None,
) -> Revocation:
    """Put a token, or the key of an agent, on its root's signed list; every later `verify` of this home refuses it.

    token: default the current one, by the id of its last link, so that all below it goes as well · id: a link's id,
    64 hex digits · agent: a registered name, holder: a did:key: every token of that key · root: the signing key,
    its path or text. Give one of the first four.
    Raises: UsageError, also when the root key is not the token's root; key errors, StorageError.
    """
    if sum(value is not None for value in (token, id, agent, holder)) > 1:
        msg = "token, id, agent and holder each name what to revoke: give one"
        raise TypeError(msg)
    home, now = find_home(os.environ), int(time.time())
    signers = _signers(home, root, now)
    saved, unread = saved_links(home)
    if id is None and agent is None and holder is None:
        text = load_token() if token is None else token
        kind, what, whose, signers = _by_token(text, signers, now)
    elif id is not None:
        kind, what, whose = "id", parse_id(id), None
    else:
        kind = "key"
        what = _agent_key(home, agent, saved) if agent is not None else holder_key(str(holder))
        whose = did(what)
        _refuse_root(what, signers)
    others = tuple(sorted(_roots_of(saved, kind, what, now) - {signer.did for signer in signers}))
    if kind == "id" and others:
        raise _needs(others[0], signers)
    with files.Lock(home.lock):
        said = [_say(home, signer, kind, what, now) for signer in signers]
    made = Revocation(kind, what, whose, said, others, unread)
    audit_log.record(
        home, "revoke", result="ok", agent=whose, name=agent, target=f"{kind} {made.what}",
        root=" ".join(made.root_dids), seq=made.seq, already=made.already,
    )  # fmt: skip
    return made


def _roots_of(saved: Saved, kind: str, what: bytes, now: int) -> set[str]:
    """DIDs of the roots above an id, or that have granted to a key or through it, by what is saved here."""
    # an id commits to every link before it: not even a file that nobody signed can name another root for it
    return {
        did(links[0].issuer)
        for text, links in saved
        if (kind == "id" and any(what == link.id for link in links))
        or (kind == "key" and any(what in (one.issuer, one.aud) for one in links)
            and _is_signed(text, links, now))
    }  # fmt: skip


def _is_signed(text: str, links: list[Link], now: int) -> bool:
    """Whether the root that a token names has said so, whoever that is."""
    try:
        read_chain(parse(text), TrustedRoots(keys=[links[0].issuer]), now, None)
    except AuthError:
        return False
    return True


def _needs(root_did: object, signers: list[KeyPair]) -> UsageError:
    detail = f"the key of {root_did} alone can revoke this; the key here is {signers[0].did}'s"
    fix = "give that root's key with -k PATH, or ask who holds it"
    return UsageError("usage", detail=detail, fix=fix)


def _signers(home: Home, root: KeyPair | Path | None, now: int) -> list[KeyPair]:
    """Who says it: the given root alone; else the configured one, and roots it has replaced that still count."""
    first = signing_root(root, home)
    if root is not None:
        return [first]
    signers = [first]
    for one in stored.rotations(home):
        if now < one.until and one.old != first.public:
            old = keystore.find_old_root(home, one.old)
            if old is not None:
                signers.append(old)
    return signers


def parse_id(text: str) -> bytes:
    """Read a link's id. Raises: UsageError."""
    digits = text.strip().lower()
    if len(digits) != _ID_DIGITS or digits.strip("0123456789abcdef"):
        fix = "give the id of a link as 64 hex digits, or the token itself with --token-file"
        raise UsageError("usage", detail="this is not the id of a link", fix=fix)
    return bytes.fromhex(digits)


def _agent_key(home: Home, name: str, saved: Saved) -> bytes:
    label = agents.find_did(home, name)
    if label is None:
        fix = "kanoniv-auth agents list shows the names; a key without a name goes with --holder"
        raise UsageError("usage", detail=f"no agent is registered as {name}", fix=fix)
    try:
        key = agents.find_key(home, name)
    except (KeyInvalid, KeyPermissions, StorageError):
        # lost, or open to others: that is when it has to be revoked, and its public half is in its tokens
        for _, links in saved:
            for link in links:
                if did(link.aud) == label:
                    return link.aud
        raise
    assert key is not None  # noqa: S101 - its name is registered
    return key.public


def holder_key(text: str) -> bytes:
    """Read a holder's did:key. Raises: UsageError."""
    try:
        return parse_did_key(text.strip())
    except KeyInvalid:
        # a did:agent is a hash of the key, and a list names the key itself
        detail = f"{text!r} is not the did:key of a holder"
        fix = "kanoniv-auth whoami shows the did:key; or name the agent with -a NAME"
        raise UsageError("usage", detail=detail, fix=fix) from None


def _refuse_root(key: bytes, signers: list[KeyPair]) -> None:
    if any(key == signer.public for signer in signers):
        detail = "this is the root itself: with it goes everything it has ever granted"
        fix = "to replace it: kanoniv-auth roots rotate"
        raise UsageError("usage", detail=detail, fix=fix)


def _by_token(
    text: str, signers: list[KeyPair], now: int
) -> tuple[str, bytes, str | None, list[KeyPair]]:
    """What stands for a token, expired or not; its holder; and the one root that can revoke it."""
    ours = TrustedRoots(keys=[signer.public for signer in signers])
    old = is_v1(text)
    try:
        if old:
            from kanoniv_auth.core.legacy_v1 import prove_v1  # noqa: PLC0415 - `json` and 700 lines

            chain = prove_v1(text, roots=ours, audience=None, now=now, revoked=None).chain
        else:
            chain = read_chain(parse(text), ours, now, None)
    except SignatureInvalid as error:
        if error.slug != "untrusted_root":
            raise
        raise _needs(error.facts["root_did"], signers) from None
    signer = next(one for one in signers if one.public == chain.root)
    # no id in a version 1 token is signed: its holder's key is what the root has named
    what = ("key", chain.holder) if old else ("id", chain.id)
    return *what, chain.holder_did, [signer]


def _say(
    home: Home, signer: KeyPair, kind: str, what: bytes, now: int
) -> tuple[RevocationList, bool]:
    """Add an entry to a root's list, and whether that changed it. The caller holds the lock."""
    before = revocations.find(home, signer.did)
    entries = {"id": set[bytes](), "key": set[bytes]()}
    if before is not None:
        entries = {"id": set(before.ids), "key": set(before.keys)}
        if what in entries[kind] and not before.is_stale(now):
            return before, False
    entries[kind].add(what)
    seq = 1 if before is None else before.seq + 1
    try:
        text = make_list(signer, seq=seq, now=now, ids=entries["id"], keys=entries["key"])
    except TokenParseError as error:
        fix = "begin with a new root and an empty list: kanoniv-auth roots rotate"
        raise UsageError("usage", detail=f"the list is full: {error}", fix=fix) from None
    after = read_list(text)
    revocations.keep(home, after)
    return after, True


def lists() -> list[RevocationList]:
    """The lists of this home, in the order of their files. Raises: StorageError, KeyPermissions."""
    return revocations.read(find_home(os.environ))


def export_list(root_did: str | None = None) -> RevocationList:
    """The list of a root, to be handed to other verifiers; without a name the only one there is.

    Raises: UsageError.
    """
    found = lists()
    if root_did is not None:
        wanted = _label(root_did)
        found = [one for one in found if one.root_did == wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        fix = (
            "kanoniv-auth revoke makes one; kanoniv-auth revocations list shows those that are here"
        )
        raise UsageError("usage", detail="there is no such list in this home", fix=fix)
    which = ", ".join(one.root_did for one in found)
    raise UsageError(
        "usage", detail=f"there are several lists: {which}", fix="name one with --root-did DID"
    )


def _label(text: str) -> str:
    try:
        return check_did(text) if text.startswith("did:agent:") else did(parse_did_key(text))
    except KeyInvalid as error:
        fix = "give the DID that kanoniv-auth revocations list shows"
        raise UsageError("usage", detail=str(error), fix=fix) from None


def import_list(text: str) -> tuple[RevocationList, bool, int]:
    """Take up a list that a trusted root has signed.

    Returns: the list, whether it is new here, and how many entries of the one before it are not in it.
    Raises: SignatureInvalid (untrusted_root, bad_signature), ListRefused (rolled_back), TokenParseError,
    TokenExpired (not_yet_valid), StorageError.
    """
    home = find_home(os.environ)
    found, changed, dropped = take_up(home, text)
    audit_log.record(
        home, "revocations", result="ok", verb="import", root=found.root_did, seq=found.seq,
        dropped=dropped, already=not changed,
    )  # fmt: skip
    return found, changed, dropped
