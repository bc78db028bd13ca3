"""Whole processes: wall time from spawn to exit, alternating, as multiples of a bare interpreter's start.

Also the processor time the kernel accounts for, which neighbours disturb less.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import environments
from bench.rounds import Spread

ACTION = "deploy.staging"


@dataclass(frozen=True, slots=True)
class Command:
    """An argv with its environment, the exit status it must end with, and the file that is its standard input."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    status: int = 0
    stdin: str = os.devnull


@dataclass(frozen=True, slots=True)
class Run:
    """One command over all rounds: milliseconds, and ratios of each round to the bare interpreter, or to a peer."""

    wall_ms: float
    cpu_ms: float
    wall: Spread
    cpu: Spread


def spawn(command: Command) -> tuple[float, float]:
    """Run one command to its end; seconds of wall time and of processor time."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (1, 2)]
    quiet.append((os.POSIX_SPAWN_OPEN, 0, command.stdin, os.O_RDONLY, 0))
    began = time.perf_counter()
    pid = os.posix_spawn(command.argv[0], command.argv, command.env, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) != command.status:
        raise RuntimeError(f"{command.argv} ended with {os.waitstatus_to_exitcode(status)}")
    return wall, used.ru_utime + used.ru_stime


def alternate(
    commands: Mapping[str, Command], rounds: int, beside: Mapping[str, str] | None = None
) -> dict[str, Run]:
    """Run all commands in turn, `rounds` times; one more time before anything counts.

    beside: which command each one's ratios are to; default `bare`.
    """
    for command in commands.values():
        spawn(command)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    order = list(commands)
    for _ in range(rounds):
        for name in order:
            taken[name].append(spawn(commands[name]))
        order.reverse()
    other = beside or dict.fromkeys(commands, "bare")
    return {name: _run(taken[name], taken[other[name]]) for name in other}


def _run(times: Sequence[tuple[float, float]], bare: Sequence[tuple[float, float]]) -> Run:
    walls, cpus = zip(*times, strict=False)
    bare_walls, bare_cpus = zip(*bare, strict=False)
    return Run(
        statistics.median(walls) * 1000,
        statistics.median(cpus) * 1000,
        Spread.of(mine / theirs for mine, theirs in zip(walls, bare_walls, strict=False)),
        Spread.of(mine / theirs for mine, theirs in zip(cpus, bare_cpus, strict=False)),
    )


def verify_commands() -> dict[str, Command]:
    """The same question to both: may the holder of this token do `deploy.staging`?"""
    bare = (str(environments.python("ours")), "-I", "-S", "-c", "pass")
    env = {"PATH": os.environ["PATH"]}
    commands = {"bare": Command(bare, env)}
    for depth in (1, 4):
        ours = _our_environment(depth)
        argv = (str(environments.script("ours")), "verify", "-s", ACTION)
        commands[f"ours d{depth}"] = Command(argv, ours)
    refused = (str(environments.script("ours")), "verify", "-s", "deploy.prod")
    commands["ours, refused"] = Command(refused, _our_environment(1), status=1)
    home = environments.home("published cli")
    published = {"PATH": os.environ["PATH"], "HOME": str(home)}
    tool = str(environments.script("published"))
    if not (home / ".kanoniv/root.key").exists():
        _output((tool, "init"), published)
    _output((tool, "delegate", "-s", ACTION, "-t", "4h"), published)
    commands["published 0.3.0"] = Command((tool, "verify", "-s", ACTION), published)
    return commands


PEER = "published 0.3.0: "


def peer_commands() -> dict[str, Command]:
    """What a person types, to both tools, each with a home and the token that was made last; records are kept."""
    home, theirs = environments.home("ours beside"), environments.home("published cli")
    sides = {
        "": (
            str(environments.script("ours")),
            {"PATH": os.environ["PATH"], "KANONIV_HOME": str(home / "state")},
            home / "state/root.key",
        ),
        PEER: (
            str(environments.script("published")),
            {"PATH": os.environ["PATH"], "HOME": str(theirs)},
            theirs / ".kanoniv/root.key",
        ),
    }
    commands = {}
    for side, (tool, env, root) in sides.items():
        if not root.exists():
            _output((tool, "init"), env)
        _output((tool, "delegate", "-s", ACTION, "-t", "4h"), env)
        commands[f"{side}verify"] = Command((tool, "verify", "-s", ACTION), env)
        denied = (tool, "verify", "-s", "deploy.prod")
        commands[f"{side}verify, denied"] = Command(denied, env, status=1)
        commands[f"{side}exec of true"] = Command((tool, "exec", "-s", ACTION, "--", "true"), env)
    return commands


def against_peer(rounds: int) -> dict[str, Run]:
    """Our commands, their ratios to the published ones of the same rounds."""
    commands = peer_commands()
    ours = [name for name in commands if not name.startswith(PEER)]
    return alternate(commands, rounds, {name: PEER + name for name in ours})


def _our_environment(depth: int) -> dict[str, str]:
    """A home with a root, a token of `depth` links, and the root pinned as in a workflow's later steps."""
    home = environments.home(f"ours cli {depth}")
    env = {"PATH": os.environ["PATH"], "KANONIV_HOME": str(home)}
    tool = str(environments.script("ours"))
    if not (home / "root.key").exists():
        _output((tool, "init"), env)
    token = _output((tool, "delegate", "-s", ACTION, "-t", "4h"), env)
    for _ in range(depth - 1):
        token = _output((tool, "delegate", "-s", ACTION, "-t", "1h", "--parent", token), env)
    told = subprocess.run(
        (tool, "verify", "-s", ACTION, "--json"),
        env={**env, "KANONIV_TOKEN": token},
        capture_output=True,
        check=True,
    )
    return {**env, "KANONIV_TOKEN": token, "KANONIV_ROOT_DID": json.loads(told.stdout)["root_did"]}


def _output(argv: tuple[str, ...], env: Mapping[str, str]) -> str:
    done = subprocess.run(argv, env=dict(env), capture_output=True, text=True, check=True)
    return next(iter(done.stdout.split()), "")


def import_commands() -> dict[str, Command]:
    """What single imports cost above a bare interpreter."""
    tool = str(environments.python("ours"))
    packages = next(Path(tool).parent.parent.glob("lib/python*/site-packages"))
    env = {"PATH": os.environ["PATH"]}
    add = f"import sys; sys.path.append({str(packages)!r}); "
    words = {
        "bare": "pass",
        "json": "import json",
        "_json": "import _json",
        "nacl.bindings": "import nacl.bindings",
        "nacl._sodium": "import nacl._sodium",
        "dataclasses": "import dataclasses",
        "hashlib": "import hashlib",
    }
    return {
        name: Command((tool, "-I", "-S", "-c", add + word), env) for name, word in words.items()
    }
