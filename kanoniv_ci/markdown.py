"""A report as GitHub shows it: the pull request comment and the job summary, from the same sections.

Pure. Text from outside (workflow, job, branch names) is written so that it can be nothing but text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.keys import short_did
from kanoniv_ci import event
from kanoniv_ci.quoting import DOCS, quote
from kanoniv_ci.report import (
    MINTED,
    OIDC,
    PARENT_TOKEN,
    PLANNED,
    REFUSED,
    ROOT_KEY,
    Report,
    iso,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_ci.report import Hop

LONGEST = 65_536
_MODES = {
    ROOT_KEY: "root key",
    PARENT_TOKEN: "sub-delegation from a parent token",
    OIDC: "keyless, by this job's OIDC token",
}
_SHA = re.compile(r"[0-9a-f]{40}")
_DIGITS = re.compile(r"[0-9]{1,20}")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_SERVER = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")
_MARKER = re.compile(
    r"<!-- kanoniv-auth:v1 key=([0-9a-f]{16}) run=([0-9]{1,20})\.([0-9]{1,10}) -->"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Where it happened; every field is text from outside, "" when it is not known."""

    server: str
    repository: str
    run_id: str
    attempt: str
    sha: str
    workflow: str
    job: str

    @classmethod
    def read(cls, environ: Mapping[str, str], head_sha: str = "") -> Run:
        """Take what the runner says; what does not look right is left out. head_sha: of a pull request."""
        return cls(
            server=_fit(_SERVER, environ.get("GITHUB_SERVER_URL", "")),
            repository=_fit(_REPOSITORY, environ.get("GITHUB_REPOSITORY", "")),
            run_id=_fit(_DIGITS, environ.get("GITHUB_RUN_ID", "")),
            attempt=_fit(_DIGITS, environ.get("GITHUB_RUN_ATTEMPT", "")),
            sha=_fit(_SHA, head_sha or environ.get("GITHUB_SHA", "")),
            workflow=environ.get("GITHUB_WORKFLOW", ""),
            job=environ.get("GITHUB_JOB", ""),
        )

    @property
    def order(self) -> tuple[int, int]:
        """Which run is the newer one."""
        return int(self.run_id or 0), int(self.attempt or 1)


def _fit(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def marker(key: str, run: Run) -> str:
    """The hidden first line by which a later run finds its comment."""
    number, attempt = run.order
    return f"<!-- kanoniv-auth:v1 key={key} run={number}.{attempt} -->"


def read_marker(body: str) -> tuple[str, tuple[int, int]] | None:
    """Key and run of a comment of ours; None for any other text."""
    found = _MARKER.fullmatch(body.split("\n", 1)[0].strip())
    return (found[1], (int(found[2]), int(found[3]))) if found else None


def comment(report: Report, run: Run, key: str) -> str:
    """The whole body of the comment, at most `LONGEST` characters: whole sections are left out, never cut."""
    sections = [marker(key, run), *_sections(report, run)]
    return fit(sections)


def summary(report: Report, run: Run) -> str:
    """The job summary: the same sections without the marker."""
    return fit(_sections(report, run))


def fit(sections: list[str], longest: int = LONGEST) -> str:
    """Join sections, leaving out the last ones until it is short enough, and say so."""
    note = "_Left out for length; the job's outputs hold everything._"
    kept = list(sections)
    text = "\n\n".join(kept) + "\n"
    while len(text) > longest and len(kept) > 1:
        kept.pop()
        text = "\n\n".join([*kept, note]) + "\n"
    return text


def _sections(report: Report, run: Run) -> list[str]:
    if report.status == REFUSED:
        codes = ", ".join(f"[{code}]({DOCS}#{code.lower()})" for code in report.codes)
        return ["### kanoniv-auth: nothing was minted", f"Refused with {codes}.", where(run)]
    if report.status not in (MINTED, PLANNED):
        reason = event.REASONS[report.reason] or "dry run"
        return [
            "### kanoniv-auth: skipped, nothing was minted",
            f"{reason[0].upper()}{reason[1:]}.",
            where(run),
        ]
    parts = [_title(report), _facts(report, run), _scopes(report)]
    if report.chain:
        parts += [chain_text(report.root_did, report.chain), _chain_graph(report)]
    return parts


def _title(report: Report) -> str:
    if report.status == PLANNED:
        return "### kanoniv-auth: dry run, nothing was minted"
    who = report.agent_name or short_did(report.agent_did)
    return f"### kanoniv-auth: `{who}` may act until {when(report.expires_at)}"


def when(at: int | None) -> str:
    """A time as GitHub shows it to each reader; without an end, what ends it."""
    if at is None:
        return "it is revoked (no expiry)"
    return f'<relative-time datetime="{iso(at)}">{iso(at)}</relative-time>'


def _facts(report: Report, run: Run) -> str:
    mode = _MODES[report.mode]
    expiry = format_ttl(report.ttl) if report.expires_at is None else iso(report.expires_at)
    rows = [
        ("Agent", f"`{report.agent_did}`" if report.agent_did else ""),
        ("Root", f"`{report.root_did}`" if report.root_did else ""),
        ("Expires", expiry + (" (cut to what was to be had)" if report.shortened else "")),
        ("Asked for", format_ttl(report.ttl)),
        ("Depth", f"{report.depth} of at most {report.deepest}" if report.depth else ""),
        ("Mode", f"{mode}, on {report.runtime}"),
        ("Token fingerprint", f"`{report.fingerprint}`" if report.fingerprint else ""),
        ("Run", where(run)),
    ]
    return "\n".join(
        ["| | |", "|---|---|", *[f"| {name} | {text} |" for name, text in rows if text]]
    )


def where(run: Run) -> str:
    """Which run of which job, in one line."""
    parts = [quote(f"{run.workflow} / {run.job}")]
    if run.sha:
        parts.append(f"`{run.sha[:12]}`")
    if run.server and run.repository and run.run_id:
        url = f"{run.server}/{run.repository}/actions/runs/{run.run_id}"
        parts.append(f"[run {run.run_id}.{run.attempt or 1}]({url})")
    return " · ".join(parts)


def _scopes(report: Report) -> str:
    rows = [f"| `{scope}` | and everything below it |" for scope in report.scopes]
    return "\n".join(["| Scope | Covers |", "|---|---|", *rows])


def _labels(root_did: str, chain: tuple[Hop, ...]) -> list[str]:
    hops = [f"{hop.name + ' ' if hop.name else ''}{short_did(hop.did)}" for hop in chain]
    return [f"root {short_did(root_did)}", *hops]


def chain_text(root_did: str, chain: tuple[Hop, ...]) -> str:
    """The chain as text: who gave what to whom, and until when."""
    root, *labels = _labels(root_did, chain)
    lines = [root]
    for depth, (label, hop) in enumerate(zip(labels, chain, strict=True), 1):
        until = "no expiry" if hop.expires_at is None else f"until {iso(hop.expires_at)}"
        lines.append(f"{'   ' * (depth - 1)}└─ {label}: {', '.join(hop.scopes)} ({until})")
    return "\n".join(["**Chain**", "", "```text", *lines, "```"])


def _chain_graph(report: Report) -> str:
    labels = _labels(report.root_did, report.chain)
    nodes = [f'  n{index}["{label}"]' for index, label in enumerate(labels)]
    edges = []
    for index, hop in enumerate(report.chain):
        count = len(hop.scopes)
        # `%%` would begin a comment in mermaid, and `%xx` is part of our scopes
        what = hop.scopes[0][:60].replace("%", "#37;") if count == 1 else f"{count} scopes"
        edges.append(f'  n{index} -->|"{what}"| n{index + 1}')
    return "\n".join(["```mermaid", "graph LR", *nodes, *edges, "```"])
