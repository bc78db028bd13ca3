"""What to do about a refusal: one sentence for each slug. Every command and option in it exists, and a test says so."""

from __future__ import annotations

import os

from kanoniv_auth.cli.quoting import plain, quoted
from kanoniv_auth.core.errors import ServiceRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanoniv_auth.core.errors import AuthError

    Facts = Mapping[str, object]


def fix_of(error: AuthError) -> str:
    """The one thing to do about an error: it names a command that exists, or the exact change."""
    if isinstance(error, ServiceRefused):
        # told in the service's words; the facts of our own hints stayed with it
        return plain(_service(error))
    return plain(_FIXES[error.slug](error.facts))


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
    # a path in a command has to be quoted, which only we can do here
    if "old_home" in facts:
        return f"kanoniv-auth migrate --from {quoted(str(facts['old_home']))}"
    if "mode" in facts:
        return _permissions(facts)
    if not fix:
        return "kanoniv-auth --help"
    if "%2a" in str(fix) and " " not in str(fix):
        # what core would write for a name with a star in it; a person who types one means something else
        parent = str(fix).removesuffix(".%2a")
        name = "name each scope" if "%2a" in parent else f"use {parent}"
        return f"there are no wildcards: {name}, which covers all below it"
    # core gives the value that would have been right, the other layers a whole instruction
    return str(fix) if " " in str(fix) else f"use {fix}"


def _service(error: AuthError) -> str:
    fallback = "see whether it runs and the address is right; kanoniv-auth login --endpoint URL sets another"
    if error.slug != "service":
        fallback = _REFUSED.get(error.slug, "ask whoever runs the service")
    return str(error.facts.get("fix") or fallback)


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


# what the service has refused, and it is not the service that is wrong
_REFUSED = {
    "scope": "ask for less, or ask whoever runs the service for an API key that may do more",
    "expired": "there is nothing left to do: it has ended by itself",
    "proof_expired": "set this machine's clock right, and run it again",
    "replayed": "run it again: each run makes a new proof",
}
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
    "not_delegable": _always("a person does it, in a terminal of their own"),
    "caveat": _always(
        "state the fact it asks for with --context KEY=VALUE or --audience NAME, or ask for another token"
    ),
    "unknown_caveat": _always(f"use a newer kanoniv-auth; or {_RENEW}"),
    "no_root_key": _always(
        "kanoniv-auth init makes one, or set KANONIV_ROOT_KEY; an agent asks with kanoniv-auth request-scope -s SCOPE"
    ),
    "key_permissions": _permissions,
    "bad_key": _bad_key,
    "stale": _always(
        "take up the newest list of that root: kanoniv-auth revocations sync, or kanoniv-auth revocations import FILE"
    ),
    "rolled_back": _always(
        "take up what is newest: kanoniv-auth revocations import, or kanoniv-auth roots add --rotation FILE"
    ),
    "log_broken": _always(
        "keep it as evidence; compare with a checkpoint kept elsewhere: kanoniv-auth audit-log verify --checkpoint -"
    ),
    **dict.fromkeys(("no_token", "storage", "unrecorded", "usage"), _usage),
    "service": _always("see whether it runs and the address is right"),
    "oidc": _always("a job gets a new OIDC token each time it runs: run it again"),
    "policy": _always("ask for less, or have the service's operator add it to a trust policy"),
    "bad_policy": _always("correct the policy, and try again"),
}
