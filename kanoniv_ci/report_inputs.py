"""What the steps that show something were asked for: the report after a mint, and the one at a job's end.

Pure. Names and defaults stand in `table`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_ci.faults import Refusal
from kanoniv_ci.reading import Reader
from kanoniv_ci.table import COMMENT_MODES, END_INPUTS, INPUTS, SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """What the report step was asked for."""

    post_audit: bool
    job_summary: bool
    comment_mode: str
    comment_key: str
    agent_name: str
    github_token: str = field(repr=False)
    github_api_url: str
    max_attempts: int
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class EndInputs:
    """What the action at a job's end was asked for. root_did, home: "" for what the job's environment says."""

    root_did: str
    home: str
    revoke: bool
    report: ReportInputs


def parse_report(environ: Mapping[str, str]) -> ReportInputs:
    """Read the inputs of the report step. Raises: Refusal."""
    reader = Reader(environ, INPUTS, SECRETS)
    inputs = _shown(reader)
    if reader.problems:
        raise Refusal(reader.problems)
    return inputs


def parse_end(environ: Mapping[str, str]) -> EndInputs:
    """Read the inputs of `report/`. Raises: Refusal."""
    reader = Reader(environ, END_INPUTS, SECRETS)
    inputs = EndInputs(
        root_did=reader.text("root_did"),
        home=reader.text("home", 4096),
        revoke=reader.switch("revoke"),
        report=_shown(reader),
    )
    if reader.problems:
        raise Refusal(reader.problems)
    return inputs


def _shown(reader: Reader) -> ReportInputs:
    return ReportInputs(
        post_audit=reader.switch("post_audit"),
        job_summary=reader.switch("job_summary"),
        comment_mode=reader.choice("comment_mode", COMMENT_MODES),
        comment_key=reader.text("comment_key"),
        agent_name=reader.text("agent_name"),
        github_token=reader.text("github_token", 4096),
        github_api_url=reader.url("github_api_url"),
        max_attempts=reader.number("max_attempts", 1, 10),
        timeout_seconds=reader.number("timeout_seconds", 1, 3600),
    )
