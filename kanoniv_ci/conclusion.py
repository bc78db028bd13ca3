"""What a job has done with its grant, and what became of the grant, as GitHub shows it at the job's end.

Pure. All of it was verified before; texts in receipts are their signer's, and are written so that they can be nothing
but text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanoniv_auth.core.keys import short_did
from kanoniv_ci.markdown import Run, chain_text, fit, marker, when, where
from kanoniv_ci.quoting import quote
from kanoniv_ci.report import Hop, iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.envelope import Envelope

# what became of the grant
REVOKED, OVER, LEFT, FAILED = "revoked", "over", "left", "failed"
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One job's end.

    chain: of the grant, checked · receipts: those that are true, oldest first · untrue: how many are not · grant:
    REVOKED, OVER (it had ended), LEFT or FAILED · detail: why it was left, or which list says so
    """

    root_did: str
    agent_did: str
    agent_name: str | None
    fingerprint: str
    chain: tuple[Hop, ...]
    expires_at: int | None
    receipts: tuple[Envelope, ...]
    untrue: int
    grant: str
    detail: str


def comment(told: Conclusion, run: Run, key: str) -> str:
    """The whole body of the comment, which takes the place of the one that the mint has left."""
    return fit([marker(key, run), *_sections(told, run)])


def summary(told: Conclusion, run: Run) -> str:
    """The same for the job summary."""
    return fit(_sections(told, run))


def _sections(told: Conclusion, run: Run) -> list[str]:
    found = [_title(told), _facts(told, run)]
    if told.receipts:
        found.append(_deeds(told.receipts))
    return [*found, chain_text(told.root_did, told.chain)]


def _title(told: Conclusion) -> str:
    who = told.agent_name or short_did(told.agent_did)
    count = len(told.receipts)
    done = "no receipt" if not count else "1 receipt" if count == 1 else f"{count} receipts"
    return f"### kanoniv-auth: `{who}` is done, and has signed {done}"


def _facts(told: Conclusion, run: Run) -> str:
    grants = {
        REVOKED: f"revoked at the end of the job ({told.detail})",
        OVER: f"had ended before ({told.detail})",
        LEFT: f"works until {when(told.expires_at)}: {told.detail}",
        FAILED: f"**could not be revoked**, and works until {when(told.expires_at)}",
    }
    receipts = f"{len(told.receipts)} true"
    if told.untrue:
        receipts += f", **{told.untrue} not true**"
    rows = [
        ("Agent", f"`{told.agent_did}`"),
        ("Root", f"`{told.root_did}`"),
        ("Grant", grants[told.grant]),
        ("Receipts", receipts),
        ("Token fingerprint", f"`{told.fingerprint}`"),
        ("Run", where(run)),
    ]
    return "\n".join(["| | |", "|---|---|", *[f"| {name} | {text} |" for name, text in rows]])


def _deeds(receipts: tuple[Envelope, ...]) -> str:
    rows = [
        f"| {iso(one.issued_at)} | `{one.action}` | {quote(one.target)} | {quote(one.result)} |"
        for one in receipts[:_SHOWN]
    ]
    more = len(receipts) - _SHOWN
    note = [f"| … | and {more} more | | |"] if more > 0 else []
    return "\n".join(
        ["| Signed at | Action | Target | Result |", "|---|---|---|---|", *rows, *note]
    )


def in_order(found: Iterable[Envelope]) -> tuple[Envelope, ...]:
    """Receipts as they are shown: oldest first, those of one second by their streams."""
    return tuple(sorted(found, key=lambda one: (one.issued_at, one.stream, one.seq)))
