"""`make bench`: measure everything in turn and write docs/bench.md."""

from __future__ import annotations

import sys
import time

from bench import environments, logs, processes, registry, report, starts
from bench.rounds import Worker, alternate

ROUNDS, PROCESS_ROUNDS, IMPORT_ROUNDS = 160, 25, 11
WORKERS = {
    "ours": ("ours", "ours"),
    "clever": ("ours", "clever"),
    "published": ("published", "peer_published"),
    "biscuit": ("biscuit", "peer_biscuit"),
    "tenuo": ("tenuo", "peer_tenuo"),
    "pyjwt": ("pyjwt", "peer_pyjwt"),
}


def _alone(part: str) -> list[report.Goal]:
    """The goals of one part that is measured alone."""
    if part == "logs":
        return report.log_goals(logs.measure(environments.BENCH / "logs"))
    if part == "registry":
        return report.registry_goals(registry.measure(environments.BENCH / "registry"))
    environments.prepare()
    return report.peer_goals(processes.against_peer(PROCESS_ROUNDS))


def main() -> int:
    """Run all parts and write the page."""
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"  {time.monotonic() - began:4.0f}s  {what}\n")

    if sys.argv[1:] not in ([], ["core"], ["logs"], ["registry"], ["processes"]):
        sys.stderr.write(
            "usage: python -m bench [core|logs|registry|processes]; without a word: all, into docs/bench.md\n"
        )
        return 2
    if sys.argv[1:] in (["logs"], ["registry"], ["processes"]):
        for goal in _alone(sys.argv[1]):
            sys.stdout.write(goal.row() + "\n")
        return 0
    only_core = sys.argv[1:] == ["core"]
    say("environments of the contenders, under .bench/")
    environments.prepare()
    say(f"in process: {len(WORKERS)} workers, {ROUNDS} rounds")
    workers = {name: Worker(*WORKERS[name]) for name in (["ours"] if only_core else WORKERS)}
    alternate(workers, ROUNDS)
    if only_core:
        for name, timing in workers["ours"].timings().items():
            t, s = timing.verifies, timing.signatures
            sys.stdout.write(
                f"{name:12} {timing.microseconds:8.2f} us"
                f"  T {t.low:.3f} {t.median:.3f} {t.high:.3f}  S {s.low:.3f} {s.median:.3f} {s.high:.3f}\n"
            )
        return 0
    say(f"whole processes: {PROCESS_ROUNDS} rounds")
    verified = processes.alternate(processes.verify_commands(), PROCESS_ROUNDS)
    compared = processes.against_peer(PROCESS_ROUNDS)
    imported = processes.alternate(processes.import_commands(), IMPORT_ROUNDS)
    say("the Action's start, warm and cold")
    started = starts.measure()
    say("the audit log")
    logged = logs.measure(environments.BENCH / "logs")
    say("the registry of agents")
    registered = registry.measure(environments.BENCH / "registry")
    results = report.Results(workers, verified, imported, started, logged, compared, registered)
    page = report.page(results)
    (environments.ROOT / "docs/bench.md").write_text(page, encoding="utf-8")
    say("docs/bench.md is written")
    for goal in report.goals(results):
        sys.stdout.write(goal.row() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
