"""Every word a person reads after a command that decides; what to do about a refusal stands in `cli.fixes`.

Errors bring facts; the sentence stands in core's table. `--help` has its words in `cli.manual`.
"""

from __future__ import annotations

import os
import sys
import time

from kanoniv_auth.cli.fixes import fix_of
from kanoniv_auth.cli.quoting import plain
from kanoniv_auth.core.durations import format_ttl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanoniv_auth.api.verification import Verification
    from kanoniv_auth.core.errors import AuthError

    Facts = Mapping[str, object]

_GREEN, _RED, _PLAIN = "\033[32m", "\033[31m", "\033[0m"


def _coloured(word: str, colour: str, stream: int) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not os.isatty(stream):
        return word
    return f"{colour}{word}{_PLAIN}"


def _block(*rows: tuple[str, object], width: int = 9) -> str:
    return "".join([f"\n  {label + ':':<{width}}{value}" for label, value in rows])


def _left(found: Verification) -> str:
    if found.ttl_remaining is None:
        return "no expiry"
    return f"{format_ttl(found.ttl_remaining)} remaining"


def verified(found: Verification) -> str:
    """`verify`: the published block; scripts read the Scopes line."""
    return _coloured("VERIFIED", _GREEN, 1) + _block(
        ("Agent", found.agent_did),
        ("Root", found.root_did),
        ("Scopes", list(found.scopes)),
        ("Expires", _left(found)),
        ("Chain", f"{found.chain_depth} link(s)"),
    )


def identity(found: Verification, did_key: str | None, *, old: bool) -> str:
    """`whoami`: the published block; scripts read the Scopes line. old: a token of version 1."""
    here = (
        "in this home (can delegate and sign)"
        if did_key
        else "not in this home (can only be verified)"
    )
    if old:
        here = "in the token, which is of version 1 (can only be verified)"
    rows: list[tuple[str, object]] = [
        ("Name", found.name or "-"),
        ("DID", found.agent_did),
        ("Root", found.root_did),
        ("Scopes", list(found.scopes)),
        ("Chain", f"{found.chain_depth} link(s)"),
        ("TTL", _left(found)),
        ("Keys", here),
    ]
    if did_key:
        rows.append(("Key", did_key))
    return "Agent Identity" + _block(*rows)


def active(found: Verification) -> str:
    """`status` of a token that is alive."""
    return _coloured("ACTIVE", _GREEN, 1) + _block(
        ("Agent", found.name or "-"),
        ("DID", found.agent_did),
        ("Scopes", ", ".join(found.scopes)),
        ("TTL", format_ttl(found.ttl_remaining)),
        width=8,
    )


def not_active(word: str, error: AuthError) -> str:
    """`status` otherwise."""
    return _coloured(word, _RED, 1) + f"\n  {plain(str(error))}\n  fix: {fix_of(error)}"


def refusal(error: AuthError, *, denied: bool = False) -> str:
    """What stderr says about an error. denied: `exec` did not start its command."""
    lines = [f"{_coloured('error:', _RED, 2)} {plain(str(error))} [{error.slug}]"]
    if denied:
        lines.insert(0, _coloured("DENIED", _RED, 2))
    if error.slug in ("scope", "widened") and "have" in error.facts:
        lines.append(f"  You have:  {_listed(error.facts['have'])}")
        lines.append(
            f"  You need:  {plain(str(error.facts.get('need', error.facts.get('scope'))))}"
        )
    if error.slug in ("expired", "proof_expired", "not_yet_valid") and "at" in error.facts:
        lines.append(_moment(error.facts))
    lines.append(f"fix: {fix_of(error)}")
    lines.extend(told(error.facts))
    return "\n".join(lines)


def _moment(facts: Facts) -> str:
    """Seconds since 1970, for people."""
    at, now = int(str(facts["at"])), int(str(facts["now"]))
    away = f"in {format_ttl(at - now)}" if at > now else f"{format_ttl(now - at)} ago"
    return f"  That is:   {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))} UTC, {away}"


def told(facts: Facts) -> tuple[str, ...]:
    """What else has to be said: a decision that stands and could not be recorded."""
    return (f"note: {plain(str(facts['note']))}",) if "note" in facts else ()


def not_run(message: str) -> tuple[str, ...]:
    """`exec`: allowed, and the command could not be started."""
    return (
        f"{_coloured('error:', _RED, 2)} {plain(message)} [usage]",
        "fix: name a program that is there and executable",
    )


def unrecorded(error: AuthError, status: int) -> tuple[str, ...]:
    """`exec`: the command ran, and its receipt could not be kept."""
    return (f"note: the command ran and ended with {status}, but it has no receipt", refusal(error))


def facts_of(error: AuthError) -> dict[str, object]:
    """An error's facts as JSON values; what the other fields of the object say already is left out."""
    known = {"detail", "fix", "ok", "code", "message"}
    return {name: _jsonable(value) for name, value in error.facts.items() if name not in known}


def _jsonable(value: object) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_jsonable(item) for item in value]
    if isinstance(value, str):
        return plain(value)
    return value if isinstance(value, (int, bool, type(None))) else repr(value)


def _listed(value: object) -> str:
    return (
        ", ".join([plain(str(item)) for item in value])
        if isinstance(value, (list, tuple))
        else plain(str(value))
    )


def say(text: str) -> None:
    """Write lines to stdout."""
    sys.stdout.write(text + "\n")


def note(lines: Iterable[str]) -> None:
    """Write lines to stderr."""
    sys.stderr.write("".join([line + "\n" for line in lines]))
