"""`make fuzz`: first the planted bugs, which must be found; then every target for its part of the time.

The exit status is 1 when something was found, or when a planted bug was not. FUZZ_SECONDS: the time of all targets
together, 120. FUZZ_ONLY: names of targets. What was found stays in .fuzz/found/, what led there in .fuzz/corpus/.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fuzz.environment import ROOT, prepare
from scripts.environment import NotInstallable

WORK = ROOT / ".fuzz"
# parts of the whole, and the bugs that are planted in each target: names of its plants()
TARGETS = {
    "token": (0.3, ("signatures pass", "scopes widen", "an error of Python")),
    "envelope": (0.2, ("signatures pass",)),
    "legacy": (0.2, ("signers are strangers", "an error of Python")),
    "calls": (0.1, ("nobody signs", "halves of characters")),
    "lists": (0.1, ("other spellings",)),
    "names": (0.1, ("no bounds", "any base64")),
}
# usually two; a busy machine may need more
PLANTED_SECONDS = 30


@dataclass(frozen=True)
class Round:
    """What one run of one target said. found: the last lines about what was found, "" when nothing was."""

    executions: int
    coverage: tuple[int, int]
    features: tuple[int, int]
    seconds: float
    found: str
    status: int


def run(python: Path, name: str, *, plant: str, seconds: int, corpus: Path, seed: int) -> Round:
    """Let one worker fuzz for some seconds, or until it finds something."""
    corpus.mkdir(parents=True, exist_ok=True)
    found = WORK / "found"
    found.mkdir(parents=True, exist_ok=True)
    prefix = WORK / "planted-" if plant else found / f"{name}-"
    began = time.monotonic()
    done = subprocess.run(
        [
            str(python), "-m", "fuzz.worker", name, plant, f"-max_total_time={seconds}", "-max_len=70000",
            "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-reload=0", "-verbosity=1",
            f"-seed={seed}", f"-artifact_prefix={prefix}", str(corpus),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + 120,
    )  # fmt: skip
    log = done.stderr + done.stdout
    coverage = [int(n) for n in re.findall(r"\bcov: (\d+)", log)] or [0]
    features = [int(n) for n in re.findall(r"\bft: (\d+)", log)] or [0]
    executions = re.search(r"stat::number_of_executed_units: (\d+)", log)
    return Round(
        int(executions[1]) if executions else 0,
        (coverage[0], coverage[-1]),
        (features[0], features[-1]),
        time.monotonic() - began,
        _finding(log) if done.returncode else "",
        done.returncode,
    )


def _finding(log: str) -> str:
    # what the exception says, and where the input is that did it
    head = log.partition("=== Uncaught Python exception: ===")[2] or log
    lines = [
        line for line in head.strip().splitlines() if not line.startswith(("INFO", "#", "stat::"))
    ]
    return "\n".join(line[:300] for line in [*lines[:30], *lines[-3:]])


def planted(python: Path, names: list[str], seed: int) -> bool:
    """Plant each bug in turn: silence about one would mean that silence means nothing."""
    missed = []
    for name in names:
        for plant in TARGETS[name][1]:
            corpus = WORK / "planted" / name
            shutil.rmtree(corpus, ignore_errors=True)
            said = run(python, name, plant=plant, seconds=PLANTED_SECONDS, corpus=corpus, seed=seed)
            caught = said.status != 0 and "Traceback" in said.found
            if not caught:
                missed.append(f"{name}: {plant} (status {said.status})\n{said.found}")
            word = "found" if caught else "MISSED"
            print(
                f"  planted in {name:8}  {plant:22}  {word} after {said.executions:6} inputs, {said.seconds:4.1f} s"
            )
            sys.stdout.flush()
    for one in missed:
        print(f"fuzz: a planted bug was not found\n{one}")
    return not missed


def fuzz(python: Path, names: list[str], seconds: int, seed: int) -> bool:
    """Every target for its part of the time; whether nothing was found."""
    whole, clean, executions = sum(TARGETS[name][0] for name in names), True, 0
    began = time.monotonic()
    for name in names:
        part = max(1, round(seconds * TARGETS[name][0] / whole))
        said = run(python, name, plant="", seconds=part, corpus=WORK / "corpus" / name, seed=seed)
        executions += said.executions
        print(
            f"  {name:8}  {said.executions:8} inputs  edges {said.coverage[0]} -> {said.coverage[1]}"
            f"  features {said.features[0]} -> {said.features[1]}  {said.seconds:5.1f} s"
        )
        if said.status:
            clean = False
            print(f"fuzz: {name} found something; the input is in .fuzz/found/\n{said.found}")
        sys.stdout.flush()
    taken = time.monotonic() - began
    print(
        f"fuzz: {executions} inputs in {taken:.0f} s, seed {seed}: {'nothing' if clean else 'something'} found"
    )
    return clean


def main() -> int:
    """Everything in turn."""
    seconds = int(os.environ.get("FUZZ_SECONDS", "120"))
    seed = int(os.environ.get("FUZZ_SEED", str(int(time.time()) % 2**31)))
    names = os.environ.get("FUZZ_ONLY", "").split() or list(TARGETS)
    try:
        python = prepare()
    except NotInstallable as why:
        print(f"skipped: {why}")
        return 0
    return 0 if planted(python, names, seed) and fuzz(python, names, seconds, seed) else 1


if __name__ == "__main__":
    sys.exit(main())
