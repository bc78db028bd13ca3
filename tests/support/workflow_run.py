"""What came of a workflow run, as values, read from act's JSON lines.

act's own ways are dealt with here, once: it prints masked `msg` fields but raw `arg` fields, tells the commands of a
step inside a composite twice, and ends with exit code 0 when it could place no job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it. A step is named by its ids from the outside in: ("auth",) or ("auth", "mint")."""

    code: int
    records: tuple[dict[str, Any], ...]
    stderr: str
    seconds: float = 0.0

    @property
    def results(self) -> dict[str, str]:
        """Job id → its result, for jobs that came to an end."""
        return {r["jobID"]: r["jobResult"] for r in self.records if "jobResult" in r}

    def outcome(self, *step: str) -> str:
        """ "success", "failure" or "skipped" of one step's main stage."""
        found = [
            r["stepResult"]
            for r in self._of(step)
            if "stepResult" in r and r.get("stage") == "Main"
        ]
        if not found:
            raise LookupError(f"no step {step} ended; there were {self.steps()}")
        return str(found[-1])

    def steps(self) -> dict[tuple[str, ...], str]:
        """Every step that ended, with its outcome."""
        return {
            tuple(r["stepID"]): r["stepResult"]
            for r in self.records
            if "stepResult" in r and r.get("stage") == "Main"
        }

    def outputs(self, *step: str) -> dict[str, str]:
        """What a step put into GITHUB_OUTPUT, unmasked."""
        return {r["name"]: r["arg"] for r in self._of(step) if r.get("command") == "set-output"}

    def env(self) -> dict[str, str]:
        """What steps put into GITHUB_ENV, unmasked."""
        return {r["name"]: r["arg"] for r in self.records if r.get("command") == "set-env"}

    @property
    def summary(self) -> str:
        """The job summary. What a step inside a composite wrote is told again by the outer one, so only that counts."""
        told = [r for r in self.records if r.get("command") == "summary" and len(r["stepID"]) == 1]
        return "".join(str(r["content"]) for r in told)

    @property
    def masks(self) -> list[str]:
        """Every value handed to add-mask, in order."""
        return [str(r["arg"]) for r in self.records if r.get("command") == "add-mask"]

    @property
    def annotations(self) -> list[tuple[str, str, str]]:
        """(level, title, text) of ::error, ::warning and ::notice, in order."""
        levels = ("error", "warning", "notice")
        return [
            (r["command"], r.get("kvPairs", {}).get("title", ""), str(r["arg"]))
            for r in self.records
            if r.get("command") in levels
        ]

    def log(self, *step: str, but: str = "") -> str:
        """The lines a person would see: of one step and those inside it, of the whole run, or of all but one step."""
        shown = [r for r in self.records if tuple(r.get("stepID", ()))[: len(step)] == step]
        shown = [r for r in shown if not but or r.get("stepID", [""])[0] != but]
        return "\n".join(str(r.get("msg", "")).rstrip("\n") for r in shown)

    def said(self, *step: str) -> str:
        """What the programs of a step printed, without act's own lines."""
        shown = [r for r in self.records if tuple(r.get("stepID", ()))[: len(step)] == step]
        return "".join(str(r["msg"]) for r in shown if r.get("raw_output"))

    def _of(self, step: tuple[str, ...]) -> list[dict[str, Any]]:
        return [r for r in self.records if tuple(r.get("stepID", ())) == step]
