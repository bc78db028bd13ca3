"""`audit-log`: what happened here, newest first; whether that is all of it; and a checkpoint to keep elsewhere."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from kanoniv_auth.api import logbook
from kanoniv_auth.api.agents import resolve_name
from kanoniv_auth.cli import inputs
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.errors import LogBroken, UsageError
from kanoniv_auth.core.keys import short_did

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.logbook import LogReport
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.core.trail import Entry

_LIMIT = 50
_HASHES = ("id", "receipt", "hash")
# what a person asks first; the rest follows by name
_ORDER = ("verb", "scopes", "ttl", "action", "target", "scope", "cmd", "exit", "outcome", "code")
_CANNOT = (
    "It cannot be told whether records were cut off after the last checkpoint, or whether whoever has machine.key"
    " wrote all of it anew: keep checkpoints elsewhere (kanoniv-auth audit-log checkpoint)."
)


def show(arguments: Arguments) -> Outcome:
    """The newest records; exit 0 also when there is none, or one that cannot be read."""
    limit, since = _limit(arguments.text("limit")), _since(arguments.text("since"))
    agent, event = arguments.text("agent"), arguments.text("action")
    did = None if agent is None else _did(agent)
    seen: set[str] = set()

    def keep(entry: Entry) -> bool:
        what = entry.what
        seen.add(what.event)
        return event in {None, what.event} and (
            agent is None or agent in {what.name, what.agent} or what.agent == did
        )

    found = logbook.recent(limit, keep, since)
    broken = [one for one in found if isinstance(one, LogBroken)]
    notes: tuple[str, ...] = ()
    if broken:
        notes = ("note: a line that is no record: kanoniv-auth audit-log verify names it",)
    if event is not None and event not in seen and seen:
        # a typing error looks like an action that never happened
        names = ", ".join(sorted(plain(name) for name in seen))
        where = "in this log" if since is None else "since then"
        notes += (f"note: there is no event {plain(event)} {where}; there are: {names}",)
    records = [_json(one) for one in found]
    facts = {"count": len(found), "unreadable": len(broken), "records": records}
    return Outcome(f"{len(found)} event(s)", _rows(found), facts, notes=notes)


def _limit(text: str | None) -> int:
    if text is None:
        return _LIMIT
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise UsageError(
        "usage",
        detail=f"--limit {text!r} is not a number from 1 on",
        fix="kanoniv-auth audit-log -n 50",
    )


def _since(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        seconds = parse_ttl(text)
        if text.strip() and seconds is not None:
            return int(time.time()) - seconds
    except UsageError:
        pass  # then it is a time
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
        if at.tzinfo is None:
            at = at.replace(tzinfo=timezone.utc)
        return max(0, int(at.timestamp()))
    except (ValueError, OverflowError):
        detail = f"--since {text!r} is neither a time nor how long ago"
        fix = "--since 2h, or a time in UTC such as --since 2026-01-31T12:00:00"
        raise UsageError("usage", detail=detail, fix=fix) from None


def _did(agent: str) -> str | None:
    try:
        return resolve_name(agent)
    except UsageError:
        return None  # no name that could be registered: then it is a DID, or nobody


def _json(one: Entry | LogBroken) -> dict[str, object]:
    if isinstance(one, LogBroken):
        return {
            "unreadable": plain(str(one.facts["where"])),
            "detail": plain(str(one.facts["detail"])),
        }
    what = one.what
    return {
        "seq": one.seq, "at": one.at, "event": what.event, "result": what.result,
        "agent": what.agent or None, "name": what.name or None, "claimed": what.claimed,
        "details": dict(what.details), "cut": list(one.cut), "prev": one.prev, "checkpoint": one.checkpoint,
    }  # fmt: skip


def _rows(found: list[Entry | LogBroken]) -> str:
    if not found:
        return "0 event(s)"
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return "\n".join([f"{len(found)} event(s):", "", *(_row(one, today) for one in found)])


def _row(one: Entry | LogBroken, today: str) -> str:
    """The published columns; a claimed agent is marked, since anybody can claim anything."""
    if isinstance(one, LogBroken):
        return f"  unreadable line in {plain(str(one.facts['where']))}: {plain(str(one.facts['detail']))}"
    what = one.what
    day, _, clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(one.at)).partition(" ")
    when = clock if day == today else f"{day} {clock}"
    agent = (what.name or short_did(what.agent) or "-") + "?" * what.claimed
    detail = " ".join([f"{key}={_value(key, what.details[key])}" for key in _keys(one)])
    row = f"  {when}  {what.event:<12}  {agent:<24}  {detail:<40}  {what.result}"
    return plain(row)


def _keys(entry: Entry) -> list[str]:
    names = entry.what.details
    first = [name for name in _ORDER if name in names]
    return [*first, *sorted(set(names).difference(first))]


def _value(key: str, value: str | int | bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # in quotes where it has spaces: no value can look like the next column
    return text[:12] + "…" if key in _HASHES and len(text) > 12 else quoted(text)


def verify(arguments: Arguments) -> Outcome:
    """Exit 0 when nothing was changed, as far as can be told; 1 with the first line that was."""
    given = arguments.text("checkpoint")
    text = (
        None
        if given is None
        else inputs.read_stdin()
        if given == "-"
        else inputs.read_text_file(given)
    )
    found = logbook.check_log(text)
    facts = {name: found[name] for name in found.keys()}  # noqa: SIM118 - a record is no dict
    return Outcome("the log is unbroken", _told(found), {**facts, "cannot_tell": _CANNOT})


def _told(found: LogReport) -> str:
    if found.first_at is None or found.last_at is None:
        return "No records."
    rows = [
        ("Records", f"{found.count} in {found.files} file(s)"),
        ("First", _moment(found.first_at)),
        ("Last", _moment(found.last_at)),
    ]
    if found.checkpoint is None or found.checkpoint_at is None:
        rows.append(("Signed", "no checkpoint yet"))
    else:
        against = " and ".join(found.held_against)
        rows.append(
            ("Signed", f"record {found.checkpoint}, {_moment(found.checkpoint_at)} ({against})")
        )
    rows.append(("Unsigned", f"{found.unsigned} record(s) after it"))
    rows += [("Repaired", plain(where)) for where in found.repaired]
    lines = [f"  {label + ':':<10}{value}" for label, value in rows]
    return "\n".join(["UNBROKEN", *lines, _CANNOT])


def _moment(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def checkpoint(_: Arguments) -> Outcome:
    """Print a checkpoint."""
    line = logbook.sign_log().decode("ascii")
    return Outcome("signed", line, {"checkpoint": line})
