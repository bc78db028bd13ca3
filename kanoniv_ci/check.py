"""The second action, `verify/`: this step fails unless the token grants the scopes.

The root comes from the step's input and never from the environment, which belongs to whoever holds the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.core.verification import verify
from kanoniv_auth.store import roots
from kanoniv_ci import masks
from kanoniv_ci.faults import Refusal, of_core, problem
from kanoniv_ci.quoting import problems as block
from kanoniv_ci.report import iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.token import VerifiedToken
    from kanoniv_ci.workflow import CommandFiles, Console


def check(environ: Mapping[str, str], now: int, files: CommandFiles, console: Console) -> int:
    """Verify every scope asked for; the exit code (0 granted, 1 refused, 2 unusable input)."""
    environ = {
        **environ,
        "INPUT_TOKEN": environ.get("INPUT_TOKEN") or environ.get("KANONIV_TOKEN", ""),
    }
    for secret in masks.of_text(environ["INPUT_TOKEN"]):
        console.mask(secret)
    try:
        verified = _verified(environ, now)
    except Refusal as refusal:
        problems = refusal.problems
    except AuthError as error:
        problems = (of_core(error, "scope" if error.slug == "usage" else ""),)
    else:
        _told(verified, files)
        console.say(f"granted to {verified.agent_did}: {environ['INPUT_SCOPE']}")
        return 0
    files.output("allowed", "false")
    for found in problems:
        console.error(found.line, found.code)
    files.summary(block(problems, "kanoniv-auth: refused"))
    return max(found.exit for found in problems)


def _verified(environ: Mapping[str, str], now: int) -> VerifiedToken:
    given = {name: environ.get(f"INPUT_{name.upper()}", "").strip() for name in _WANTED}
    missing = [problem("KAN-INPUT-002", input=n, example=_WANTED[n]) for n in given if not given[n]]
    if missing:
        raise Refusal(missing)
    pinned = roots.from_text(given["root_did"], "root_did")
    context = _context(environ.get("INPUT_CONTEXT", ""))
    verified = None
    for scope in parse_scopes(given["scope"]):
        verified = verify(
            given["token"],
            roots=pinned,
            audience=environ.get("INPUT_AUDIENCE", "").strip() or None,
            access=Access(scope, context=context),
            now=now,
            once=None,
            revoked=None,
            cache=None,
        )
    if verified is None:
        raise Refusal([problem("KAN-INPUT-002", input="scope", example=_WANTED["scope"])])
    return verified


_WANTED = {
    "scope": "deploy.staging",
    "token": "${{ env.KANONIV_TOKEN }}",
    "root_did": "the DID that `kanoniv-auth init` printed",
}


def _context(text: str) -> dict[str, str]:
    """Read `key=value` lines: facts of this workflow for the token's `context` caveats."""
    context: dict[str, str] = {}
    # at line feeds alone: a branch name may hold other characters that Python takes for the end of a line
    for line in filter(None, (line.strip(" \t\r") for line in text.split("\n"))):
        key, mark, value = line.partition("=")
        if not mark or not key:
            raise _bad_context("a line without =", "lines of key=value are wanted")
        if key in context:
            raise _bad_context(f"{key} twice", "one value for each key is wanted")
        context[key] = value
    return context


def _bad_context(found: str, wanted: str) -> Refusal:
    name, example = "context", "env=prod"
    return Refusal(
        [problem("KAN-INPUT-003", input=name, found=found, wanted=wanted, example=example)]
    )


def _told(verified: VerifiedToken, files: CommandFiles) -> None:
    expires_at = "" if verified.expires_at is None else iso(verified.expires_at)
    for name, value in (
        ("allowed", "true"),
        ("agent_did", verified.agent_did),
        ("root_did", verified.root_did),
        ("scopes", ",".join(verified.scopes)),
        ("expires_at", expires_at),
        ("chain_depth", str(verified.chain_depth)),
    ):
        files.output(name, value)
