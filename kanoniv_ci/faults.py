"""What can go wrong in the Action: one table of `KAN-…` codes, each with a cause and a fix.

Refusals of the core keep the code of their own table (`kanoniv_auth.core.errors.REASONS`); here they get the fix
that makes sense in a workflow. docs/errors.md is generated from both tables by `scripts/errors_doc.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import REASONS, AuthError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. exit: the step's exit code · cause and fix: `str.format` templates over the facts."""

    exit: int
    cause: str
    fix: str


FAULTS: dict[str, Fault] = {
    "KAN-INPUT-002": Fault(2, "{input} is missing", "add `{input}:` under `with:` ({example})"),
    "KAN-INPUT-003": Fault(2, "{input} is {found}; {wanted}", "set `{input}: {example}`"),
    "KAN-INPUT-004": Fault(
        2,
        "env_name {found} is no name this action may set for later steps",
        "choose a name of A-Z, 0-9 and _ that no shell, loader, interpreter or runner reads",
    ),
    "KAN-INPUT-005": Fault(
        2,
        "parent_token is given without expected_root_did, so nothing says which root to trust",
        "add `expected_root_did:` with the DID that `kanoniv-auth whoami` shows as root",
    ),
    "KAN-INPUT-006": Fault(2, "{input} is longer than {limit} characters", "shorten `{input}`"),
    "KAN-GUARD-001": Fault(
        2,
        "the root is {found}, expected_root_did says {wanted}",
        "put the key of {wanted} into the secret, or correct `expected_root_did`",
    ),
    "KAN-GUARD-002": Fault(
        2,
        "scope {scope} is not within allowed_scopes ({allowed})",
        "ask for less in `scopes`, or have the owner widen `allowed_scopes`",
    ),
    "KAN-GUARD-003": Fault(
        2, "ttl {found} is longer than max_ttl {limit}", "set `ttl: {limit}` or less"
    ),
    "KAN-PARENT-001": Fault(
        2,
        "root_key is the key of {found}, the parent token was issued to {wanted}",
        "with parent_token, give as `root_key` the key that token was issued to",
    ),
    "KAN-OIDC-001": Fault(
        2,
        "oidc: true asks for keyless mode, and nothing says which service to ask",
        "add `endpoint: https://…`, the address of your kanoniv-auth-server, or remove `oidc`",
    ),
    "KAN-OIDC-002": Fault(
        0,
        "{input} has no effect: it belongs to keyless mode",
        "remove `{input}`, or ask for keyless mode with `oidc: true`",
    ),
    "KAN-OIDC-003": Fault(
        2, "{input} does not go with oidc: true: {reason}", "remove `{input}`, or `oidc`"
    ),
    "KAN-OIDC-004": Fault(
        2,
        "this job may not ask GitHub for an OIDC token (ACTIONS_ID_TOKEN_REQUEST_URL is not set)",
        "add `permissions: {{ contents: read, id-token: write }}` to the job: its own block resets all others; "
        "a reusable workflow needs it in the calling job too",
    ),
    "KAN-OIDC-005": Fault(
        2,
        "GitHub gave this job no OIDC token: {detail}",
        "run the job again; if it stays so, see whether this runner reaches GitHub and its proxy lets this through",
    ),
    "KAN-OIDC-006": Fault(
        2,
        "the OIDC token is for {found!r}, {wanted!r} was asked for",
        "see what answers at ACTIONS_ID_TOKEN_REQUEST_URL: the token was not sent anywhere",
    ),
    "KAN-OIDC-007": Fault(
        2,
        "{endpoint} gave no answer that can be used: {detail}",
        "see whether the service runs and this runner reaches it, then run the job again",
    ),
    "KAN-OIDC-008": Fault(
        1,
        "{endpoint} refuses the exchange: {detail}",
        "compare the claims in the job summary with the service's trust policies",
    ),
    "KAN-OIDC-009": Fault(
        1,
        "the answer of {endpoint} is not used: {detail}",
        "see that `endpoint` is your service, and ask who runs it; nothing was exported",
    ),
    "KAN-FORK-001": Fault(
        2,
        "{reason}",
        "run this job for branches of this repository, or leave `on_fork: skip`",
    ),
    "KAN-RUNNER-001": Fault(
        2,
        "{name} is not set, so this does not run inside a workflow step",
        "run it through `uses: kanoniv/auth-action@v1`",
    ),
    "KAN-RUNNER-002": Fault(
        2,
        "not done after {seconds} s",
        "raise `timeout_seconds`, or see what keeps the runner busy",
    ),
    "KAN-RUNNER-003": Fault(
        2,
        "no Python 3.10 or newer with pip, and no uv, on this runner",
        "add a step `uses: actions/setup-python` before this one, or put uv on PATH",
    ),
    "KAN-RUNNER-004": Fault(
        2,
        "the locked dependencies could not be installed",
        "read the installer's lines above; behind a proxy set PIP_INDEX_URL and PIP_CERT",
    ),
    "KAN-RUNNER-005": Fault(
        2,
        "cannot write {path}: {detail}",
        "make room or access on the runner, then run the job again",
    ),
    "KAN-RUNNER-006": Fault(
        2,
        "a defect of this action: {kind} at {where}",
        "please report it with this line; nothing was exported",
    ),
    "KAN-DOCKER-001": Fault(
        2,
        "runtime: docker is not possible here: {reason}",
        "use `runtime: auto`, or a Linux runner with a local Docker Engine and outside `container:`",
    ),
    "KAN-DOCKER-002": Fault(
        2,
        "image {found} is not the one that {wanted} names",
        "remove `image`, or give the id or digest of the image you built",
    ),
    "KAN-DOCKER-003": Fault(
        2,
        "the image could not be built: {detail}",
        "use `runtime: host`, or give `image` by digest",
    ),
    "KAN-DOCKER-004": Fault(
        2,
        "the container ended with {status} and left no usable result",
        "read the engine's lines above, or use `runtime: host`",
    ),
    "KAN-REPORT-001": Fault(
        0,
        "the report between the steps was refused: {detail}",
        "nothing to do for the token; the summary and comment are left out on purpose",
    ),
    "KAN-REPORT-002": Fault(
        0,
        "the grant {id} was not revoked: {detail}",
        "it ends at {end}; to end it now, run the step again or have the service's operator revoke that id",
    ),
    "KAN-REPORT-003": Fault(
        0,
        "{count} of {total} receipts are not true: {detail}",
        "do not take them for what was done; `kanoniv-auth audit` says of each what is wrong",
    ),
    "KAN-COMMENT-001": Fault(
        0,
        "the token of this job may not write pull request comments (HTTP {status})",
        "add `permissions: {{ pull-requests: write }}` to the job; on fork pull requests it stays off",
    ),
    "KAN-COMMENT-002": Fault(
        0, "this event has no pull request to comment on", "set `post_audit: false` for this event"
    ),
    "KAN-COMMENT-003": Fault(
        0,
        "the comment could not be written: {detail}",
        "run the job again; the token is not affected",
    ),
}

# The fix for each refusal of the core, in the words of a workflow. {…}: the error's own facts.
FIXES: dict[str, str] = {
    "parse": "give the token as it was printed, from `kd2.` to its end",
    "too_large": "ask for fewer scopes, or delegate from a token with a shorter chain",
    "unknown_version": "give a token made by this version of kanoniv-auth",
    "holder_unproven": "accept the grant first: `kanoniv-auth accept`",
    "no_trusted_root": "set `root_did:` to the DID of the root you trust",
    "untrusted_root": "correct `root_did` / `expected_root_did`, or use a token of that root",
    "bad_signature": "mint a new token; this one was changed or cut",
    "widened": "ask for scopes within the parent's",
    "outlives_parent": "mint a new token; this one was not made by kanoniv-auth",
    "bad_bounds": "mint a new token; this one was not made by kanoniv-auth",
    "too_deep": "delegate from a token with a shorter chain",
    "revoked": "mint a new token from a root that is not revoked",
    "proof_expired": "mint a new token",
    "audience": "set `audience:` to the verifier the token was sealed for",
    "replayed": "make a new proof for each request",
    "expired": "mint a new token, with a longer `ttl` if the job needs it",
    "not_yet_valid": "check the clock of this runner",
    "scope": "add it to the `scopes` of the step that mints the token, if its owner agrees",
    "not_delegable": "have a person do it: no token lets an agent change what agents may do",
    "caveat": "give the fact the caveat asks for, or mint a token without it",
    "unknown_caveat": "use a version of kanoniv-auth that knows this caveat",
    "no_root_key": "make one with `kanoniv-auth init` and store what `kanoniv-auth init --print-secret` prints",
    "key_permissions": "chmod go-rwx {path}",
    "bad_key": "store what `kanoniv-auth init --print-secret` prints as the secret",
    "stale": "give the verifier the newest list of that root",
    "rolled_back": "give the verifier the newest list of that root",
    "log_broken": "keep the log as evidence: it is not what was written",
    "no_token": "run this after the step that mints, or give the token",
    "storage": "free some space, or make the directory writable",
    "unrecorded": "free some space, or make the directory writable",
    "usage": "see the inputs table in the README",
    "service": "see whether the service runs and `endpoint:` is its address",
    "oidc": "run the job again for a new token; if that is refused too, compare issuer and audience with the service's",
    "policy": "ask for less, or add what is missing to a trust policy of the service",
    "bad_policy": "correct the policy; `kanoniv-ci policy check` says what is wrong with it",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault that happened, in words. exit: the exit code it leads to."""

    code: str
    cause: str
    fix: str
    exit: int

    @property
    def line(self) -> str:
        """Cause and fix in one line."""
        return f"{self.cause}. Fix: {self.fix}"


class Refusal(Exception):
    """The Action goes no further. problems: all of them, at least one · more: markdown for the job summary."""

    def __init__(self, problems: Iterable[Problem], more: str = "") -> None:
        self.problems, self.more = tuple(problems), more
        super().__init__("; ".join(problem.line for problem in self.problems))


def problem(code: str, /, **facts: object) -> Problem:
    """Put facts into the row of a code."""
    row = FAULTS[code]
    return Problem(code, row.cause.format_map(facts), row.fix.format_map(facts), row.exit)


def of_core(error: AuthError, subject: str = "") -> Problem:
    """Say a refusal of the core in the Action's words. subject: the input it is about."""
    reason = REASONS[error.slug]
    fix = error.facts.get("fix") or FIXES[error.slug].format_map(error.facts)
    if error.slug == "usage" and " " not in str(fix):
        fix = f"write `{fix}`"  # a value that would do
    cause = f"{subject}: {error}" if subject else str(error)
    if error.slug == "scope":
        cause = f"{error}; granted: {', '.join(map(str, _have(error)))}"
    return Problem(reason.code, cause, str(fix), reason.exit)


def of_defect(error: Exception) -> Problem:
    """Say an error that nobody foresaw: its kind and place, and nothing of what it holds."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "?"
    if trace is not None:
        name = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
        where = f"{name}:{trace.tb_lineno}"
    return problem("KAN-RUNNER-006", kind=type(error).__name__, where=where)


def _have(error: AuthError) -> tuple[object, ...]:
    have = error.facts.get("have")
    return have if isinstance(have, tuple) else ()
