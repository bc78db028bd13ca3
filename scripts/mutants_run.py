"""Run the tests of core for every mutant of the tree it stands in: pytest collects once, a mutant gets a fork.

    python -m scripts.mutants_run known.json results.json "modules" [tests and options for pytest]

known.json: rows [function, before, after] that are not to be run. results.json: name of a mutant -> [verdict, the test
that killed it, function, before, after]. mutmut's own runner starts pytest anew for every mutant, three seconds each,
and hands it ids of tests that pytest then does not find.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mutmut.mutation import trampoline  # type: ignore[import-not-found]
from mutmut.state import state  # type: ignore[import-not-found]

from scripts.mutants_made import make

WORKERS = int(os.environ.get("MUTANTS_WORKERS", "2"))
KILLED, SURVIVED, TIMEOUT, UNTESTED, LISTED = "killed", "survived", "timeout", "no tests", "listed"
# CPU seconds that one test has over ten times what it takes unchanged; a wait has a minute
GRACE, WAIT = 2.0, 60.0
MEMORY = 4 << 30
CHEAP = 0.1
# CPU seconds of tests for one mutant; what is still alive then counts as a survivor
BUDGET = float(os.environ.get("MUTANTS_BUDGET", "10"))
# the name of a mutant that is none
NOTHING = ""


@dataclass
class Tests:
    """The tests that reach one function: first those that killed most, then the cheap ones, then file by file."""

    items: list[int] = field(default_factory=list)
    kills: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    def in_order(self, seconds: list[float], cheap: set[int]) -> list[int]:
        """The numbers of the tests, as they are to be run."""
        return sorted(
            self.items,
            key=lambda n: (-self.kills[n], n not in cheap, seconds[n] if n in cheap else n),
        )


class Loop:
    """A pytest plugin in place of pytest's own loop: first every test as it is, then one fork for each mutant."""

    def __init__(self, mutants: list[str]) -> None:
        self._mutants = mutants
        self._failed = ""
        self._seconds: list[float] = []
        self._cheap: set[int] = set()
        self._tests: dict[str, Tests] = defaultdict(Tests)
        self._running: dict[int, tuple[str, int]] = {}
        self.results: dict[str, tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what failed."""
        if report.failed:
            self._failed = report.nodeid
            if not self._running:
                print(f"\n{report.nodeid}\n{report.longreprtext}", file=sys.stderr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything; pytest's own loop is not asked."""
        if session.testsfailed or not session.items:
            raise pytest.UsageError("the tests cannot be collected")
        _tame_hypothesis()
        self._measure(session.items)
        self._run_unchanged(session.items)
        began = time.monotonic()
        for done, name in enumerate(self._mutants, 1):
            while len(self._running) >= WORKERS:
                self._collect(session.items)
            self._start(name, session.items)
            if done % 250 == 0:
                print(
                    f"  {time.monotonic() - began:5.0f} s  {done} of {len(self._mutants)} mutants"
                )
                sys.stdout.flush()
                Path("so_far.json").write_text(json.dumps(self.results), encoding="utf-8")
        while self._running:
            self._collect(session.items)
        return True

    def _measure(self, items: list[pytest.Item]) -> None:
        """Run every test with nothing changed: which functions does it reach, how long does it take?"""
        trampoline.set_mutant_under_test("stats")
        reached = state()._stats  # noqa: SLF001 - mutmut keeps them there, and its version is locked
        for number, item in enumerate(items):
            reached.clear()
            before = time.process_time()
            following = items[number + 1] if number + 1 < len(items) else None
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            self._seconds.append(time.process_time() - before)
            if plain(item) and self._seconds[-1] < CHEAP:
                self._cheap.add(number)
            for function in reached:
                self._tests[function].items.append(number)
            if self._failed:
                raise pytest.UsageError(f"with nothing changed {self._failed} fails")
        trampoline.set_mutant_under_test("")
        print(f"  {sum(self._seconds):5.0f} s  {len(items)} tests pass with nothing changed")
        sys.stdout.flush()

    def _run_unchanged(self, items: list[pytest.Item]) -> None:
        """Run every test as for a mutant, of nothing: one that fails so would kill what it does not notice."""
        self._tests[NOTHING].items = list(range(len(items)))
        self._start(NOTHING, items)
        self._collect(items)
        verdict, test = self.results.pop(NOTHING)
        if verdict != SURVIVED:
            raise pytest.UsageError(f"run as for a mutant, of nothing: {verdict} {test}")

    def _start(self, name: str, items: list[pytest.Item]) -> None:
        tests = self._tests.get(name.partition("__mutmut_")[0])
        if tests is None:
            self.results[name] = (UNTESTED, "")
            return
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.close(reading)
            self._attempt(name, items, tests.in_order(self._seconds, self._cheap), writing)
        os.close(writing)
        self._running[child] = (name, reading)

    def _attempt(self, name: str, items: list[pytest.Item], order: list[int], out: int) -> None:
        """Run the tests of one mutant until one fails. The child's, so it does not return."""
        self._running[0] = (name, out)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        warnings.simplefilter("error")
        # instead of asking the environment at every call
        trampoline.get_mutant_under_test = lambda: name
        for place, number in enumerate(order):
            if time.process_time() > BUDGET and name != NOTHING:
                break
            signal.setitimer(signal.ITIMER_PROF, GRACE + 10 * self._seconds[number])
            signal.setitimer(signal.ITIMER_REAL, WAIT)
            try:
                if plain(items[number]):
                    call(items[number])
                else:
                    # the next one that pytest itself sets up: what stays up for another one makes the next setup fail
                    rest = (items[later] for later in order[place + 1 :])
                    following = next((item for item in rest if not plain(item)), None)
                    items[number].ihook.pytest_runtest_protocol(
                        item=items[number], nextitem=following
                    )
            except BaseException:  # noqa: BLE001 - whatever it is, the mutant was noticed
                self._failed = items[number].nodeid
            if self._failed:
                os.write(out, str(number).encode())
                os._exit(1)
        os._exit(0)

    def _collect(self, items: list[pytest.Item]) -> None:
        child, status = os.wait()
        if child not in self._running:
            return
        name, reading = self._running.pop(child)
        with os.fdopen(reading, "rb") as pipe:
            killer = pipe.read()
        if killer:
            self._tests[name.partition("__mutmut_")[0]].kills[int(killer)] += 1
            self.results[name] = (KILLED, items[int(killer)].nodeid)
        elif os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
            self.results[name] = (TIMEOUT, "")
        else:
            # a process that died of the change was noticed, one that ended well was not
            self.results[name] = (SURVIVED if status == 0 else KILLED, "")


def plain(item: pytest.Item) -> bool:
    """Whether a test takes its parameters and nothing else, so that it is a function to call."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    fixtures = set(getattr(item, "fixturenames", ("?",))) - {"request"}
    return isinstance(item, pytest.Function) and fixtures <= set(parameters)


def call(item: pytest.Item) -> None:
    """Call a plain test: pytest's own way to do so costs more than most of them. Raises: what the test raises."""
    assert isinstance(item, pytest.Function)  # noqa: S101 - plain() said so
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    try:
        item.obj(**parameters)
    except pytest.skip.Exception:
        pass


def _tame_hypothesis() -> None:
    """The same examples every time, and none made smaller: that one fails is all there is to know."""
    from hypothesis import Phase, settings  # noqa: PLC0415 - after pytest, which watches its import

    phases = (Phase.explicit, Phase.generate)
    kanoniv = settings.get_profile("kanoniv")
    settings.register_profile("mutants", kanoniv, derandomize=True, database=None, phases=phases)
    settings.load_profile("mutants")


def main() -> None:
    known, results, modules, *arguments = sys.argv[1:]
    made = make(modules.split())
    listed = {tuple(row) for row in json.loads(Path(known).read_text(encoding="utf-8"))}
    loop = Loop([name for name, row in made.items() if row not in listed])
    plain = ["-o", "addopts=", "--import-mode=importlib", "-s"]
    for plugin in ("terminal", "cacheprovider", "faulthandler"):
        plain += ["-p", f"no:{plugin}"]
    status = pytest.main([*plain, *arguments], plugins=[loop])
    if status:
        sys.exit(f"mutants: pytest ended with {status}")
    verdicts = {name: loop.results.get(name, (LISTED, "")) for name in made}
    table = {name: [*verdicts[name], *row] for name, row in made.items()}
    Path(results).write_text(json.dumps(table, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
