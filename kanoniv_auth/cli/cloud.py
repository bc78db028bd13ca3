"""`login`, `logout`, `cloud …`, `revocations sync`: what a service is asked. An API key is never in argv."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import service, syncing
from kanoniv_auth.api.orders import Order
from kanoniv_auth.api.revocations import checked_staleness
from kanoniv_auth.cli import inputs
from kanoniv_auth.cli.columns import rows
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain
from kanoniv_auth.cli.revoking import ended, list_facts, list_line, notes_on_list
from kanoniv_auth.cli.words import bare_number
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.keys import short_did
from kanoniv_auth.store import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.issued import Issued
    from kanoniv_auth.api.service import Login
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.cloud.answers import Row

_LIMIT, _MOST = 50, 1000


def login(arguments: Arguments) -> Outcome:
    """Try a service and an API key, and keep both."""
    made = service.login(arguments.needed("endpoint"), _api_key(arguments))
    facts: dict[str, object] = {name: made[name] for name in made.keys()}  # noqa: SIM118 - a record is no dict
    text = f"LOGGED IN\n  Service: {plain(made.endpoint)}\n  Tenant:  {made.tenant}\n  Root:    {made.root_did}"
    return Outcome("logged in", text, facts, notes=_after_login(made))


def _after_login(made: Login) -> tuple[str, ...]:
    if made.trusted:
        return ()
    trust = f"kanoniv-auth roots add service {made.root_key}"
    return (
        "note: this home does not trust that root yet, so it takes no token and no list of it",
        f"note: when its operator has told you the same key by another way: {trust}",
    )


def _api_key(arguments: Arguments) -> str:
    """Read the key from a file, standard input, or whoever sits at the terminal."""
    path = arguments.text("api_key_file")
    if path == "-":
        return inputs.read_stdin()
    if path is not None:
        data = files.read(os.path.expanduser(path), private=True, named=True)  # noqa: PTH111 - as everywhere in cli
        if data is None:
            fix = "name a file, or - for standard input"
            raise UsageError("usage", detail=f"there is no file {path}", fix=fix)
        # what is no key is refused for its form, and not shown
        return data.decode("ascii", "replace")
    if arguments.flag("json") or not (os.isatty(0) and os.isatty(2)):
        fix = "pipe the key in and say --api-key-file -, or name a file of mode 0600"
        raise UsageError("usage", detail="there is nobody to ask for the API key", fix=fix)
    from getpass import getpass  # noqa: PLC0415 - where a person sits

    return getpass("API key: ")


def logout(_: Arguments) -> Outcome:
    """Forget the key."""
    removed = service.logout()
    message = "logged out" if removed else "was not logged in"
    notes = ("note: the key itself goes on working; its operator can revoke it",) if removed else ()
    return Outcome(message, message, {"removed": removed}, notes=notes)


def delegate(arguments: Arguments) -> Outcome:
    """Print a token, or with --to a grant."""
    order = Order(
        ",".join(arguments.many("scopes")),
        arguments.text("ttl"),
        to=arguments.text("to"),
        name=arguments.text("name"),
        audience=arguments.text("audience"),
    )
    made, token, path = service.delegate(order)
    facts: dict[str, object] = {
        name: made[name]
        for name in ("agent_did", "root_did", "scopes", "expires_at", "chain_depth", "id", "cut")
    }
    facts |= {"path": path, "grant" if token is None else "token": token or made.grant}
    notes = (*bare_number(arguments.text("ttl")), *_after_delegate(made, token))
    return Outcome("delegated", token or made.grant, facts, notes=notes)


def _after_delegate(made: Issued, token: str | None) -> tuple[str, ...]:
    notes = []
    if made.cut:
        notes.append("note: the service has cut it: this API key may not give more time")
    if token is None:
        whose = short_did(made.agent_did)
        notes.append(f"note: a grant for {whose}; its holder runs: kanoniv-auth accept")
    return tuple(notes)


def listed(arguments: Arguments) -> Outcome:
    """List what was issued."""
    limit, before = _number(arguments, "limit", _MOST), _number(arguments, "before", 2**53)
    found, after = service.delegations(limit or _LIMIT, before)
    now = int(time.time())
    facts = {
        "count": len(found),
        "delegations": [_row(one, now) for one in found],
        "next": after,
    }
    lines = [
        (
            one.id,
            short_did(one.holder_did),
            one.name or "-",
            ", ".join(one.scopes),
            _state(one, now),
        )
        for one in found
    ]
    notes = [] if found or before else ["note: the service has issued nothing for this tenant"]
    if after is not None:
        notes.append(f"note: there are older ones: kanoniv-auth cloud list --before {after}")
    text = rows(("ID", "HOLDER", "NAME", "SCOPES", "STATE"), lines) if found else ""
    return Outcome(f"{len(found)} delegation(s)", text, facts, notes=tuple(notes))


def _number(arguments: Arguments, name: str, most: int) -> int | None:
    text = arguments.text(name)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 18 and 1 <= int(text) <= most:
        return int(text)
    detail = f"--{name} {text!r} is not a number from 1 to {most}"
    raise UsageError("usage", detail=detail, fix="give a number such as 50")


def _row(one: Row, now: int) -> dict[str, object]:
    fields = {name: getattr(one, name) for name in one.__slots__}
    return {**fields, "scopes": list(one.scopes), "state": _state(one, now).partition(" ")[0]}


def _state(one: Row, now: int) -> str:
    if one.revoked_at is not None:
        return "revoked"
    if one.expires_at is None:
        return "active (no expiry)"
    left = one.expires_at - now
    return f"active ({format_ttl(left)})" if left > 0 else "expired"


def revoke(arguments: Arguments) -> Outcome:
    """Revoke one link with all below it, or every link of a key."""
    named = [n for n in ("token", "token_file", "id", "holder") if arguments.text(n) is not None]
    if len(named) > 1:
        detail = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        fix = "name what to revoke once"
        raise UsageError("usage", detail=f"{detail} each say what to revoke", fix=fix)
    link, holder = arguments.text("id"), arguments.text("holder")
    token = inputs.chosen_token(arguments) if link is holder is None else None
    return ended(service.revoke(token, id=link, holder=holder, endpoint=arguments.text("endpoint")))


def sync(arguments: Arguments) -> Outcome:
    """Fetch the list of a service."""
    made = syncing.sync(
        arguments.text("endpoint"),
        tenant=arguments.text("tenant"),
        max_staleness=checked_staleness(arguments.text("max_staleness")),
    )
    now = int(time.time())
    message = "taken up" if made.changed else "already here"
    facts = {
        **list_facts(made.list, now), "new": made.changed, "dropped": made.dropped,
        "endpoint": made.endpoint, "fetched": made.fetched,
    }  # fmt: skip
    text = f"{message}: {list_line(made.list, now)}"
    return Outcome(message, text, facts, notes=notes_on_list(made.list, made.dropped, now))
