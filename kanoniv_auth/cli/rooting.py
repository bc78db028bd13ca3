"""`roots`: which roots this home trusts, and how one gives way to the next."""

from __future__ import annotations

import os
import time

from kanoniv_auth.api import pins
from kanoniv_auth.cli import inputs
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.durations import format_ttl, parse_ttl
from kanoniv_auth.core.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.pins import Rotated, TrustedRoot
    from kanoniv_auth.cli.argv import Arguments

_OVERLAP = 30 * 86400
_SOURCES = ("KANONIV_ROOT_PUB", "KANONIV_ROOT_DID")


def listed(_: Arguments) -> Outcome:
    """Show the roots of this home, the local one first."""
    found, now = pins.listed(), int(time.time())
    rows = [{name: one[name] for name in one.keys()} for one in found]  # noqa: SIM118 - a record is no dict
    width = max((len(one.label) for one in found), default=0)
    text = "\n".join(_line(one, width, now) for one in found) or "No trusted roots."
    facts = {"roots": rows, "interrupted": pins.is_interrupted()}
    notes = _elsewhere()
    if facts["interrupted"]:
        notes += ("note: a rotation was interrupted; kanoniv-auth roots rotate finishes it",)
    return Outcome(f"{len(rows)} trusted root(s)", text, facts, notes=notes)


def _line(one: TrustedRoot, width: int, now: int) -> str:
    line = f"{plain(one.label):<{width}}  {one.did}  {one.did_key}"
    if one.until is None:
        return line
    if one.until <= now:
        return f"{line}  retired: {one.successor} came after it"
    return f"{line}  for {format_ttl(one.until - now)} more: {one.successor} comes after it"


def _elsewhere() -> tuple[str, ...]:
    """A source before the home's is the whole set, so what is done to the home does not show yet."""
    for name in _SOURCES:
        if os.environ.get(name) is not None:
            return (f"note: {name} is set, and it alone says here which roots are trusted",)
    return ()


def add(arguments: Arguments) -> Outcome:
    """Pin a root, or take up a rotation."""
    words, rotation = arguments.rest, arguments.text("rotation")
    if rotation is not None:
        if len(words) > 1:
            fix = "give --rotation FILE, and at most a label for the new root"
            raise UsageError("usage", detail="a rotation brings its key itself", fix=fix)
        return _add_rotation(rotation, words[0] if words else None)
    if len(words) != 2:
        fix = "kanoniv-auth roots add LABEL KEY"
        raise UsageError("usage", detail="a root needs a label and its public key", fix=fix)
    one, new = pins.add(words[0], words[1])
    message = "trusted from now on" if new else "trusted already"
    facts = {"label": one.label, "did": one.did, "did_key": one.did_key, "new": new}
    return Outcome(message, f"{message}: {one.label}  {one.did}", facts, notes=_elsewhere())


def _add_rotation(given: str, label: str | None) -> Outcome:
    text = inputs.read_stdin() if given == "-" else inputs.read_text_file(given)
    found, new, again = pins.add_rotation(text, label)
    left = max(found.until - int(time.time()), 0)
    facts = {
        "old": found.old_did,
        "did": found.new_did,
        "until": found.until,
        "new": new,
        "again": again,
    }
    lines = (
        "rotation taken up" if new else "rotation taken up before",
        f"  New:  {found.new_did}",
        f"  Old:  {found.old_did}, for {format_ttl(left)} more",
    )
    notes = _elsewhere()
    if again:
        notes += (
            f"note: {found.new_did} was removed here before, and counts again: kanoniv-auth roots list shows its label",
        )
    return Outcome(lines[0], "\n".join(lines), facts, notes=notes)


def remove(arguments: Arguments) -> Outcome:
    """Stop trusting one root."""
    label = arguments.rest[0]
    pins.remove(label)
    text = f"no longer trusted: {plain(label)}"
    return Outcome("no longer trusted", text, {"label": plain(label)}, notes=_elsewhere())


def rotate(arguments: Arguments) -> Outcome:
    """Replace the local root key; prints the rotation alone, for verifiers elsewhere."""
    overlap = parse_ttl(arguments.text("overlap"), _OVERLAP)
    if overlap is None:
        fix = "give a time such as --overlap 30d"
        raise UsageError("usage", detail="an overlap that never ends is no rotation", fix=fix)
    done = pins.rotate(overlap)
    facts = {name: done[name] for name in done.keys()}  # noqa: SIM118 - a record is no dict
    return Outcome(
        "root key replaced", done.statement, facts, notes=(*_rotated(done), *_elsewhere())
    )


def _rotated(done: Rotated) -> tuple[str, ...]:
    left = format_ttl(max(done.until - int(time.time()), 0))
    kept = "" if done.kept is None else f", its key kept at {quoted(done.kept)}"
    return (
        f"  New:  {done.new_did}",
        f"  Old:  {done.old_did}, for {left} more{kept}",
        "note: give what was printed to every verifier: kanoniv-auth roots add --rotation FILE",
        f"note: one that goes by KANONIV_ROOT_DID needs {done.old_did},{done.new_did} instead",
    )
