"""The third action, `report/`: at the end of a job, what was done with its grant is verified and shown, and it ends.

A grant of a service is revoked there, by the job's own key. Trouble warns and fails nothing; what could not be revoked
is said, and ends by itself.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

from kanoniv_auth.cloud import answers
from kanoniv_auth.cloud.client import Client
from kanoniv_auth.core.envelope import Envelope, check_stream, verify_envelope
from kanoniv_auth.core.errors import AuthError, ServiceRefused, SignatureInvalid
from kanoniv_auth.core.token import fingerprint, parse
from kanoniv_auth.core.verification import read_chain
from kanoniv_auth.store import files, keystore, receipts, revocations, roots, service
from kanoniv_auth.store.home import Home
from kanoniv_ci import conclusion, event, markdown, masks
from kanoniv_ci.commands import one_line
from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.github import Comments, comment_key
from kanoniv_ci.report import hops, iso
from kanoniv_ci.report_inputs import EndInputs, parse_end
from kanoniv_ci.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.revocation_list import RevocationList
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.store.service import Credentials
    from kanoniv_ci.workflow import CommandFiles, Console

_MOST = 4096
# each attempt has its own time, so that there is some left for another
_PATIENCE = 10.0


def conclude(
    environ: Mapping[str, str], payload: str, files_: CommandFiles, console: Console
) -> None:
    """Show what was done, and end the grant. payload: the event's text. Raises: Refusal, AuthError."""
    token = environ.get("INPUT_TOKEN", "").strip() or environ.get("KANONIV_TOKEN", "").strip()
    for secret in masks.of_text(token):
        console.mask(secret)
    inputs = parse_end(environ)
    given = inputs.root_did or environ.get("KANONIV_ROOT_DID", "").strip()
    if not token or not given:
        console.say("nothing was minted in this job, so there is nothing to end")
        return
    told = _told(token, given, inputs, environ, console)
    files_.output("receipts", str(len(told.receipts)))
    files_.output("untrue", str(told.untrue))
    files_.output("grant", told.grant)
    console.say(f"{len(told.receipts)} receipt(s) of {told.agent_did}; its grant: {told.grant}")
    found = event.read(
        payload,
        name=environ.get("GITHUB_EVENT_NAME", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        ref=environ.get("GITHUB_REF", ""),
    )
    run, shown = markdown.Run.read(environ, found.head_sha), inputs.report
    if shown.job_summary:
        files_.summary(conclusion.summary(told, run))
    if not shown.post_audit or shown.comment_mode == "off":
        return
    if found.pull_request is None or not run.repository:
        raise Refusal([problem("KAN-COMMENT-002")])
    matrix = environ.get("KANONIV_MATRIX", "")
    # with the same names and keys it is the comment that the mint has left
    key = comment_key(run.workflow, run.job, matrix, shown.agent_name, shown.comment_key)
    comments = Comments(shown, run.repository, found.pull_request, _retry(inputs, console))
    body = conclusion.comment(told, run, key)
    new = shown.comment_mode == "new"
    url = comments.create(body) if new else comments.settle(body, key, run.order)
    files_.output("comment_url", url)
    console.say(f"the pull request shows it: {url}")


def _told(
    token: str, root: str, inputs: EndInputs, environ: Mapping[str, str], console: Console
) -> conclusion.Conclusion:
    """Verify what was done, and end the grant. Raises: AuthError."""
    pinned, now = roots.from_text(root, "root_did"), int(time.time())
    # an expired one is shown all the same: its receipts are what was done
    chain = read_chain(parse(token), pinned, now, None)
    place = inputs.home or environ.get("KANONIV_HOME", "").strip()
    home = Home(place) if place else None
    found, untrue = _receipts(home, pinned, console)
    grant, detail = _end(inputs, home, chain, now, console)
    return conclusion.Conclusion(
        root_did=chain.root_did,
        agent_did=chain.holder_did,
        agent_name=chain.links[-1].name,
        fingerprint=fingerprint(token),
        chain=hops(chain),
        expires_at=chain.expires_at,
        receipts=found,
        untrue=untrue,
        grant=grant,
        detail=detail,
    )


def _receipts(
    home: Home | None, pinned: TrustedRoots, console: Console
) -> tuple[tuple[Envelope, ...], int]:
    """The receipts of a home that are true, and how many are not: each alone, and each stream as a whole."""
    paths = [] if home is None else files.listing(home.receipts, receipts.SUFFIX)[: _MOST + 1]
    if len(paths) > _MOST:
        console.notice(f"more than {_MOST} receipts: the others are not looked at", "kanoniv-auth")
    streams: dict[tuple[bytes, bytes], list[Envelope]] = {}
    untrue, why = 0, ""
    for path in paths[:_MOST]:
        try:
            text = (files.read(path) or b"").decode("ascii").strip()
            one = verify_envelope(text, roots=pinned, revoked=None)
            streams.setdefault((one.chain.holder, one.stream), []).append(one)
        except (AuthError, UnicodeDecodeError) as error:
            untrue, why = untrue + 1, why or str(error)
    found: list[Envelope] = []
    for stream in streams.values():
        ordered = sorted(stream, key=lambda one: one.seq)
        try:
            check_stream(ordered)
            found += ordered
        except SignatureInvalid as error:
            # which of them is the odd one nobody can say
            untrue, why = untrue + len(ordered), why or str(error)
    if untrue:
        facts = {"count": untrue, "total": min(len(paths), _MOST), "detail": one_line(why)}
        said = problem("KAN-REPORT-003", **facts)
        console.warning(said.line, said.code)
    return conclusion.in_order(found), untrue


def _end(
    inputs: EndInputs, home: Home | None, chain: Chain, now: int, console: Console
) -> tuple[str, str]:
    """Revoke the grant where that can be done; what became of it, and why."""
    if chain.expires_at is not None and chain.expires_at <= now:
        return conclusion.OVER, iso(chain.expires_at)
    if not inputs.revoke:
        return conclusion.LEFT, "`revoke` is false"
    try:
        saved = None if home is None else service.read(home)
        if home is None or saved is None:
            console.say(
                "no service has granted it, so there is none to ask: it ends by itself, or by its root key"
            )
            return conclusion.LEFT, "only its root key ends it before"
        found = _revoked(inputs, home, saved, chain, console)
        with files.Lock(home.lock):
            revocations.keep(home, found)
    except AuthError as error:
        end = "no time" if chain.expires_at is None else iso(chain.expires_at)
        facts = {"id": chain.id.hex(), "detail": one_line(str(error)), "end": end}
        said = problem("KAN-REPORT-002", **facts)
        console.warning(said.line, said.code)
        return conclusion.FAILED, ""
    return conclusion.REVOKED, f"list {found.seq}"


def _revoked(
    inputs: EndInputs, home: Home, saved: Credentials, chain: Chain, console: Console
) -> RevocationList:
    """Ask the service, as the holder. Raises: AuthError."""
    key = keystore.holder_key(home, chain.holder, chain.holder_did)
    client = Client(saved.endpoint, seconds=_PATIENCE)

    def ask() -> RevocationList:
        return answers.revoke_own(
            client,
            chain,
            key,
            link=chain.id,
            tenant=saved.tenant,
            public_url=saved.public_url or saved.endpoint,
            now=int(time.time()),
            nonce=os.urandom(16),
        )

    found = _retry(inputs, console).call(ask, (ServiceRefused,), _status)
    if found.root != chain.root:
        raise client.unusable("the list it sends is another root's")
    return found


def _status(error: Exception) -> tuple[int, str]:
    facts = error.facts if isinstance(error, ServiceRefused) else {}
    status, after = facts.get("status", 0), facts.get("retry_after", "")
    return status if isinstance(status, int) else 0, str(after)


def _retry(inputs: EndInputs, console: Console) -> Retry:
    return Retry(
        attempts=inputs.report.max_attempts,
        deadline=time.monotonic() + inputs.report.timeout_seconds,
        clock=time.monotonic,
        sleep=time.sleep,
        jitter=random.random,  # spreads retries, guards nothing
        told=console.say,
    )
