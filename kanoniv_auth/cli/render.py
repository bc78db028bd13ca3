"""Every word a person reads after a command, and every hint. `--help` has its words in `cli.manual`.

Errors bring facts; the sentence stands in core's table; what to do about it is chosen here, by slug. Every command
and option named in a hint exists (a test walks all slugs).
"""

from __future__ import annotations

import os
import sys

from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.redaction import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kanoniv_auth.api.verification import Verification
    from kanoniv_auth.core.errors import AuthError

    Facts = Mapping[str, object]

_GREEN, _RED, _PLAIN = "\033[32m", "\033[31m", "\033[0m"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:,@%+=~")


def plain(text: str) -> str:
    """Show text that came from elsewhere: nothing in it can move the cursor, colour or break the line.

    A token that was given in the wrong place is cut to its prefix: what is shown here ends in logs.
    """
    shown = "".join([letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text])
    return redact(shown)


def quoted(text: str) -> str:
    """Write one shell word."""
    if text and _SAFE.issuperset(text):
        return text
    return "'" + plain(text).replace("'", "'\\''") + "'"


def _coloured(word: str, colour: str, stream: int) -> str:
    if os.environ.get("NO_COLOR") or not os.isatty(stream):
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
    if error.slug in ("scope", "widened"):
        lines.append(f"  You have:  {_listed(error.facts['have'])}")
        lines.append(
            f"  You need:  {plain(str(error.facts.get('need', error.facts.get('scope'))))}"
        )
    lines.append(f"fix: {fix_of(error)}")
    lines.extend(told(error.facts))
    return "\n".join(lines)


def told(facts: Facts) -> tuple[str, ...]:
    """What else has to be said: a decision that stands and could not be recorded."""
    return (f"note: {plain(str(facts['note']))}",) if "note" in facts else ()


def not_run(message: str) -> tuple[str, ...]:
    """`exec`: allowed, and the command could not be started."""
    return (
        f"{_coloured('error:', _RED, 2)} {plain(message)}",
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


def fix_of(error: AuthError) -> str:
    """The one thing to do about an error: it names a command that exists, or the exact change."""
    return plain(_FIXES[error.slug](error.facts))


def _listed(value: object) -> str:
    return (
        ", ".join([plain(str(item)) for item in value])
        if isinstance(value, (list, tuple))
        else plain(str(value))
    )


def _scope(facts: Facts) -> str:
    asking = f"kanoniv-auth request-scope -s {quoted(str(facts['need']))}"
    return f"whoever holds the root key can grant it; {asking} prints what to send them"


def _widened(facts: Facts) -> str:
    have = facts["have"]
    scopes = (
        ",".join([str(item) for item in have]) if isinstance(have, (list, tuple)) else str(have)
    )
    return f"stay within what the parent has, such as: kanoniv-auth delegate -s {quoted(scopes)} --parent -"


def _permissions(facts: Facts) -> str:
    path = str(facts["path"])
    others = "go-w" if os.path.isdir(path) or path.endswith(".pub") else "600"  # noqa: PTH112 - import budget
    return f"chmod {others} {quoted(path)}"


def _holder(facts: Facts) -> str:
    if "folder" in facts:
        return "set KANONIV_HOME to the directory that kanoniv-auth delegate or kanoniv-auth accept kept the key in"
    if facts.get("version") == 1:
        return "present it with the agent_private_key it was made with; or make another: kanoniv-auth delegate -s SCOPE"
    return "its holder turns a grant into a token: kanoniv-auth accept"


def _version(facts: Facts) -> str:
    if "bundle" in str(facts.get("detail")):
        return "pipe the bundle into: kanoniv-auth accept"
    return "make a token of this version: kanoniv-auth delegate -s SCOPE"


def _audience(facts: Facts) -> str:
    want = facts.get("want")
    if facts.get("fix"):
        return str(facts["fix"])
    if not want:
        return f"name this verifier: --audience {quoted(str(facts.get('got')))}, or set KANONIV_AUDIENCE"
    return (
        f"its holder seals it for this verifier: kanoniv-auth accept --audience {quoted(str(want))}"
    )


def _untrusted(facts: Facts) -> str:
    return f"use a token from a root you trust; only if {facts['root_did']} is yours, set KANONIV_ROOT_DID to it"


def _bad_key(facts: Facts) -> str:
    if "kanoniv-auth[ci]" in str(facts.get("detail")):
        return "pip install 'kanoniv-auth[ci]', or give the key as base64"
    return "kanoniv-auth init --print-secret prints a root key in the form that is wanted"


def _usage(facts: Facts) -> str:
    fix = facts.get("fix")
    if not fix:
        return "kanoniv-auth --help"
    if "%2a" in str(fix) and " " not in str(fix):
        # what core would write for a name with a star in it; a person who types one means something else
        parent = str(fix).removesuffix(".%2a")
        name = "name each scope" if "%2a" in parent else f"use {parent}"
        return f"there are no wildcards: {name}, which covers all below it"
    # core gives the value that would have been right, the other layers a whole instruction
    return str(fix) if " " in str(fix) else f"use {fix}"


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


_RENEW = "ask its issuer for a new one: kanoniv-auth delegate -s SCOPE"
_FIXES: dict[str, Callable[[Facts], str]] = {
    "parse": _always("take it again from where it was made, whole and unchanged"),
    "too_large": _always("delegate fewer scopes, nearer the root: kanoniv-auth delegate -s SCOPE"),
    "unknown_version": _version,
    "holder_unproven": _holder,
    "no_trusted_root": _always(
        "set KANONIV_ROOT_DID to the root's DID, or pass --root-did; kanoniv-auth init makes a root"
    ),
    "untrusted_root": _untrusted,
    "bad_signature": _always(f"it was altered, cut or put together; {_RENEW}"),
    "widened": _widened,
    "outlives_parent": _always(f"no honest issuer makes this; {_RENEW}"),
    "bad_bounds": _always(f"no honest issuer makes this; {_RENEW}"),
    "too_deep": _always(
        "delegate from a token nearer the root: kanoniv-auth delegate -s SCOPE --parent -"
    ),
    "revoked": _always(
        "ask the holder of the root key for a new one: kanoniv-auth delegate -s SCOPE"
    ),
    "proof_expired": _always("its holder seals it again: kanoniv-auth accept"),
    "audience": _audience,
    "replayed": _always("a proof for one request counts once: make a new one"),
    "expired": _always(
        "whoever issued it can issue a new one: kanoniv-auth delegate -s SCOPE -t 4h"
    ),
    "not_yet_valid": _always("wait until then, or set this machine's clock right"),
    "scope": _scope,
    "caveat": _always(
        "state the fact it asks for with --context KEY=VALUE or --audience NAME, or ask for another token"
    ),
    "unknown_caveat": _always(f"use a newer kanoniv-auth; or {_RENEW}"),
    "no_root_key": _always(
        "kanoniv-auth init makes one; or put an existing one into KANONIV_ROOT_KEY"
    ),
    "key_permissions": _permissions,
    "bad_key": _bad_key,
    "stale": _always("take up the newest list of that root: kanoniv-auth revocations import"),
    "rolled_back": _always(
        "take up what is newest: kanoniv-auth revocations import, or kanoniv-auth roots add --rotation FILE"
    ),
    "log_broken": _always(
        "keep it as evidence; compare with a checkpoint kept elsewhere: kanoniv-auth audit-log verify --checkpoint -"
    ),
    **dict.fromkeys(("no_token", "storage", "unrecorded", "usage"), _usage),
    "oidc": _always("a job gets a new OIDC token each time it runs: run it again"),
    "policy": _always("ask for less, or have the service's operator add it to a trust policy"),
    "bad_policy": _always("correct the policy, and try again"),
}


def say(text: str) -> None:
    """Write lines to stdout."""
    sys.stdout.write(text + "\n")


def note(lines: Iterable[str]) -> None:
    """Write lines to stderr."""
    sys.stderr.write("".join([line + "\n" for line in lines]))
