"""`make bench-server`, or `python -m bench.server [ROUNDS [SECONDS]]`: measure, and write docs/bench-server.md."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

from bench.issuance import flushes
from bench.server import load, report, tokens
from bench.server.load import Burst, Subject
from bench.server.services import Server

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SECONDS = 15, 2
_VERIFY, _ISSUE = "/v1/verify", "/v1/delegations"
_FEW, _MANY = 16, 64


def _subjects(folder: Path, stack: ExitStack) -> dict[str, Subject]:
    def started(server: Server) -> Server:
        stack.callback(server.end)
        return server

    noop = started(Server.noop(folder / "noop"))
    durable = started(Server.service(folder / "durable"))
    memory = started(Server.service(folder / "memory", "--database-url", "memory:"))
    root = tokens.root_of(durable.folder)
    warm = tokens.questions(root, tokens.WARM, 1)
    cold = {n: tokens.questions(root, tokens.COLD, n) for n in (1, 4)}
    orders, newcomers = tokens.orders(tokens.RECEIVERS), tokens.orders(tokens.COLD)

    def verifying(server: Server, bodies: list[str]) -> Subject:
        return Subject(server, _VERIFY, bodies, connections=_FEW, keyed=False)

    def issuing(server: Server, bodies: list[str]) -> Subject:
        return Subject(server, _ISSUE, bodies, connections=_MANY, keyed=True)

    return {
        report.NOOP: verifying(noop, warm),
        report.WARM: verifying(durable, warm),
        report.LONG: verifying(durable, tokens.with_tenant(warm)),
        report.COLD1: verifying(durable, cold[1]),
        report.COLD4: verifying(durable, cold[4]),
        report.MEMORY: issuing(memory, orders),
        report.NEWCOMERS: issuing(memory, newcomers),
        report.DURABLE: issuing(durable, orders),
    }


def _round(subjects: dict[str, Subject], seconds: int) -> dict[str, list[Burst]]:
    pair = [report.NOOP, report.WARM]
    others = [name for name in subjects if name not in pair]
    found: dict[str, list[Burst]] = {name: [] for name in subjects}
    for name in (*pair, *pair[::-1], *others):
        found[name].append(subjects[name].burst(seconds))
    return found


def main() -> int:
    """Measure, write the page; 1 when a ratio is missed."""
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"  {time.monotonic() - began:4.0f}s  {what}\n")

    if not load.is_there():
        sys.stdout.write("skipped: wrk is not installed\n")
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    (ROOT / ".bench").mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="server-", dir=ROOT / ".bench"))
    try:
        with ExitStack() as stack:
            say("servers, and tokens")
            subjects = _subjects(folder, stack)
            disk = flushes(folder)
            for subject in subjects.values():
                subject.burst(1)
            rounds = []
            for number in range(count):
                rounds.append(_round(subjects, seconds))
                say(f"round {number + 1} of {count}")
    finally:
        shutil.rmtree(folder)
    counted = report.quiet(rounds)
    (ROOT / "docs/bench-server.md").write_text(
        report.page(counted, of=count, seconds=seconds, flushes=disk), encoding="utf-8"
    )
    say("docs/bench-server.md is written")
    sys.stdout.write(f"{report.goals(counted)}\n")
    wrong = report.faults(counted)
    sys.stdout.write("".join(f"missed: {one}\n" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
