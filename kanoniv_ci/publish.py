"""The report step: the report of the mint step, checked again, as job summary and pull request comment.

Its own process with the network and GitHub's token, and without any key. Trouble here warns and fails nothing.
"""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_ci import event, markdown, report
from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.github import Comments, comment_key
from kanoniv_ci.report_inputs import ReportInputs, parse_report
from kanoniv_ci.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_ci.workflow import CommandFiles, Console


def publish(
    environ: Mapping[str, str], payload: str, files: CommandFiles, console: Console
) -> None:
    """Show what happened. payload: the event's text. Raises: Refusal for what could not be shown."""
    inputs = parse_report(environ)
    told = _read(environ)
    if told is None:
        console.say("the mint step left no report")
        return
    found = event.read(
        payload,
        name=environ.get("GITHUB_EVENT_NAME", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        ref=environ.get("GITHUB_REF", ""),
    )
    run = markdown.Run.read(environ, found.head_sha)
    if inputs.job_summary and told.status != report.REFUSED:
        # a refusal has written its own block, in words that don't travel
        files.summary(markdown.summary(told, run))
    if not inputs.post_audit or inputs.comment_mode == "off":
        return
    if told.status == report.SKIPPED:
        console.say("no comment: the token of such a run may only read")
        return
    if found.pull_request is None or not run.repository:
        raise Refusal([problem("KAN-COMMENT-002")])
    key = comment_key(
        run.workflow,
        run.job,
        environ.get("KANONIV_MATRIX", ""),
        inputs.agent_name,
        inputs.comment_key,
    )
    comments = Comments(inputs, run.repository, found.pull_request, _retry(inputs, console))
    body = markdown.comment(told, run, key)
    url = (
        comments.create(body)
        if inputs.comment_mode == "new"
        else comments.settle(body, key, run.order)
    )
    files.output("comment_url", url)
    console.say(f"the pull request shows it: {url}")


def _read(environ: Mapping[str, str]) -> report.Report | None:
    """The report of the mint step; None when it left none. Raises: Refusal (KAN-REPORT-001)."""
    try:
        data = Path(environ.get("KANONIV_SESSION", ""), "report.json").read_bytes()
    except OSError:
        return None
    told = report.read(data)
    if hashlib.sha256(data).hexdigest() != environ.get("KANONIV_REPORT_SHA256"):
        detail = "it is not the one that the mint step wrote"
        raise Refusal([problem("KAN-REPORT-001", detail=detail)])
    return told


def _retry(inputs: ReportInputs, console: Console) -> Retry:
    return Retry(
        attempts=inputs.max_attempts,
        deadline=time.monotonic() + inputs.timeout_seconds,
        clock=time.monotonic,
        sleep=time.sleep,
        jitter=random.random,  # spreads retries, guards nothing
        told=console.say,
    )
