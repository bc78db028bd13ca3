"""`revoke` and `revocations`: what a root takes back, and the signed lists that tell other verifiers so."""

from __future__ import annotations

import time

from kanoniv_auth.api import revoking, service
from kanoniv_auth.cli import inputs
from kanoniv_auth.cli.issuing import root_key
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import NoRootKey, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.revoking import Revocation
    from kanoniv_auth.api.service import Ended
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.core.revocation_list import RevocationList

_NAMES = ("token", "token_file", "agent", "id", "holder")


def revoke(arguments: Arguments) -> Outcome:
    """Revoke one token, or every token of a key; exit 0 also when that was done before."""
    named = [name for name in _NAMES if arguments.text(name) is not None]
    if len(named) > 1:
        detail = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        fix = "name what to revoke once"
        raise UsageError("usage", detail=f"{detail} each say what to revoke", fix=fix)
    agent, link, holder = (arguments.text(name) for name in ("agent", "id", "holder"))
    key = arguments.text("key")
    if key == "-" and arguments.text("token") == "-":
        fix = "name a file for one"
        raise UsageError("usage", detail="--token and --key cannot both read stdin", fix=fix)
    by_token = agent is link is holder is None
    token = inputs.chosen_token(arguments) if by_token else None
    try:
        made = revoking.revoke(
            token, id=link, agent=agent, holder=holder, root=None if key is None else root_key(key)
        )
    except NoRootKey:
        # whoever has no root key may have its link from a service, which can
        if key is not None or agent is not None or not service.is_known():
            raise
        made_there = service.revoke(token, id=link, holder=holder)
        # what this command says otherwise, too
        return ended(made_there, root_dids=[made_there.list.root_did], not_by=[], unread=[])
    message = "already revoked" if made.already else "revoked"
    return Outcome(message, _revoked(made), _facts(made), notes=_after(made))


def ended(made: Ended, **more: object) -> Outcome:
    """Say what a service has revoked. more: facts."""
    text = f"REVOKED\n{_what(made.kind, made.what)}"
    if made.agent_did is not None:
        text += f"\n  Agent:  {made.agent_did}"
    text += f"\n  Root:   {made.list.root_did}\n  List:   {made.list.seq}"
    notes = ["note: verifiers elsewhere know when they run: kanoniv-auth revocations sync"]
    if not made.kept:
        notes.append("note: this home does not trust that root, so it has not taken up its list")
    facts = {
        "kind": made.kind, "what": made.what, "agent_did": made.agent_did, "root_did": made.list.root_did,
        "seq": made.list.seq, "kept": made.kept, "already": made.already,
        **more,
    }  # fmt: skip
    return Outcome("revoked", text, facts, notes=tuple(notes))


def _what(kind: str, what: str) -> str:
    if kind == "id":
        return f"  Token:  {what} and all that was delegated from it"
    return f"  Key:    {what}: every token it has, and all that was delegated from it"


def _facts(made: Revocation) -> dict[str, object]:
    return {
        "kind": made.kind,
        "what": made.what,
        "agent_did": made.agent_did,
        "root_dids": list(made.root_dids),
        "seq": made.seq,
        "already": made.already,
        "not_by": list(made.not_by),
        "unread": [plain(path) for path in made.unread],
    }


def _revoked(made: Revocation) -> str:
    lines = ["ALREADY REVOKED" if made.already else "REVOKED", _what(made.kind, made.what)]
    if made.agent_did is not None:
        lines.append(f"  Agent:  {made.agent_did}")
    lines += [f"  Root:   {root_did}" for root_did in made.root_dids]
    lines.append(f"  List:   {made.seq}")
    return "\n".join(lines)


def _after(made: Revocation) -> tuple[str, ...]:
    notes = [
        f"note: not revoked for root {root_did}, which has granted to this key as well: that takes its key, with -k"
        for root_did in made.not_by
    ]
    notes += [
        f"note: passed over {plain(path)}, which cannot be read: kanoniv-auth tokens says why"
        for path in made.unread
    ]
    if not made.already:
        notes.append("note: other verifiers take up the list of kanoniv-auth revocations export")
    return tuple(notes)


def listed(_: Arguments) -> Outcome:
    """Show the lists of this home."""
    found, now = revoking.lists(), int(time.time())
    rows = [list_facts(one, now) for one in found]
    lines = [list_line(one, now) for one in found]
    text = "\n".join(lines) or "No revocation lists."
    return Outcome(f"{len(rows)} revocation list(s)", text, {"lists": rows})


def list_facts(one: RevocationList, now: int) -> dict[str, object]:
    """A list as JSON values."""
    return {
        "root_did": one.root_did,
        "seq": one.seq,
        "issued_at": one.issued_at,
        "expires_at": one.expires_at,
        "stale": one.is_stale(now),
        "ids": len(one.ids),
        "keys": len(one.keys),
    }


def list_line(one: RevocationList, now: int) -> str:
    """A list in one line, with its age."""
    age = format_ttl(max(now - one.issued_at, 0))
    line = f"{one.root_did}  list {one.seq}, {age} old, {len(one.ids)} token(s), {len(one.keys)} key(s)"
    return f"{line}, stale: ask for a newer one" if one.is_stale(now) else line


def exported(arguments: Arguments) -> Outcome:
    """Print one list as it was signed."""
    found = revoking.export_list(arguments.text("root_did"))
    facts = {**list_facts(found, int(time.time())), "list": found.text}
    return Outcome("revocation list", found.text, facts)


def imported(arguments: Arguments) -> Outcome:
    """Take up a list of a trusted root."""
    given = arguments.rest[0]
    text = inputs.read_stdin() if given == "-" else inputs.read_text_file(given)
    found, new, dropped = revoking.import_list(text)
    now = int(time.time())
    message = "taken up" if new else "already here"
    facts = {**list_facts(found, now), "new": new, "dropped": dropped}
    return Outcome(
        message,
        f"{message}: {list_line(found, now)}",
        facts,
        notes=notes_on_list(found, dropped, now),
    )


def notes_on_list(found: RevocationList, dropped: int, now: int) -> tuple[str, ...]:
    """What has to be said of a list that was taken up. dropped: entries of the one before that it does not have."""
    notes = []
    if dropped:
        notes.append(
            f"note: {dropped} entries of the list before are not in this one, and count no more"
        )
    if found.is_stale(now):
        notes.append(
            "note: it is stale, and counts all the same; its root has promised a newer one"
        )
    return tuple(notes)
