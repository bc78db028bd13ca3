"""The Action on the host runtime: from its start to the exported token, against what people write today.

The steps of action.yml are run as a runner would run them, in its order and with its environment, but
without a runner: `bootstrap.sh begin`, then the mint; the clock stops when KANONIV_TOKEN stands in
the file behind GITHUB_ENV. The other side makes a virtual environment, installs `kanoniv-auth==0.3.0`
with pip, and runs its `delegate`. Same interpreter, same pip, same cache: warm is with the wheels in
pip's cache, cold with an empty one. No uv, which the Action prefers where a runner has it.
"""

from __future__ import annotations

import base64
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import environments
from bench.rounds import Spread
from bench.worker import bytes_of

ROUNDS_WARM, ROUNDS_COLD = 4, 2
SEED = bytes_of("a throw-away root")


@dataclass(frozen=True, slots=True)
class Starts:
    """Seconds of both sides, and the ratio of each round."""

    ours: float
    theirs: float
    ratio: Spread


def measure() -> dict[str, Starts]:
    """Both sides in turn, with a warm and with a cold cache."""
    with tempfile.TemporaryDirectory(prefix="starts-", dir=environments.BENCH) as folder:
        top = Path(folder)
        found = {}
        for name, rounds in (("warm", ROUNDS_WARM), ("cold", ROUNDS_COLD)):
            cache = top / f"{name}-cache"
            if name == "warm":  # once each, so that every wheel is there
                action(top, cache)
                published(top, cache)
            times = []
            for turn in range(rounds):
                sides: list[Callable[[Path, Path], float]] = [action, published]
                taken = {}
                for side in sides if turn % 2 else sides[::-1]:
                    if name == "cold":
                        shutil.rmtree(cache, ignore_errors=True)
                    taken[side] = side(top, cache)
                times.append((taken[action], taken[published]))
            found[name] = _starts(times)
    return found


def _starts(times: list[tuple[float, float]]) -> Starts:
    ours, theirs = zip(*times, strict=False)
    ratios = [mine / other for mine, other in times]
    return Starts(statistics.median(ours), statistics.median(theirs), Spread.of(ratios))


def action(top: Path, cache: Path) -> float:
    """Seconds from the first step's start to the exported token."""
    folder = Path(tempfile.mkdtemp(dir=top))
    env = _runner(folder, cache)
    began = time.perf_counter()
    bootstrap = environments.ROOT / "scripts/bootstrap.sh"
    _step(["sh", str(bootstrap), "begin"], {**env, "INPUT_RUNTIME": "host"})
    plan = _outputs(folder / "output")
    python, session = plan["python"], plan["dir"]
    inputs = {
        "INPUT_ROOT_KEY": base64.b64encode(SEED).decode("ascii"),
        "INPUT_SCOPES": "deploy.staging",
        "INPUT_TTL": "4h",
        "INPUT_RUNTIME": "host",
    }
    mint = {
        "KANONIV_SESSION": session,
        "KANONIV_PYTHON": python,
        "KANONIV_RUNTIME": plan["runtime"],
        "KANONIV_IMAGE": plan.get("image", ""),
        "KANONIV_WORD": plan["word"],
        "KANONIV_DEPS": "",
    }
    entrypoint = f"{session}/code/entrypoint.py"
    _step([python, "-I", "-S", "-B", entrypoint, plan["word"]], {**env, **inputs, **mint})
    spent = time.perf_counter() - began
    if "KANONIV_TOKEN" not in (folder / "env").read_text(encoding="utf-8"):
        raise RuntimeError("the Action exported no token")
    shutil.rmtree(folder)
    return spent


def published(top: Path, cache: Path) -> float:
    """Seconds for a virtual environment, the published package, and a token from its `delegate`."""
    folder = Path(tempfile.mkdtemp(dir=top))
    env = _runner(folder, cache)
    key = folder / "root.key"
    key.write_text(_published_key(), encoding="utf-8")
    began = time.perf_counter()
    _step([_system_python(), "-m", "venv", str(folder / "venv")], env)
    pip = [str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", "kanoniv-auth==0.3.0"]
    _step(pip, env)
    tool = str(folder / "venv/bin/kanoniv-auth")
    token = _step([tool, "delegate", "-s", "deploy.staging", "-t", "4h", "-k", str(key)], env)
    spent = time.perf_counter() - began
    if not token:
        raise RuntimeError("the published package printed no token")
    shutil.rmtree(folder)
    return spent


def _runner(folder: Path, cache: Path) -> dict[str, str]:
    (folder / "temp").mkdir()
    files = {"GITHUB_OUTPUT": "output", "GITHUB_ENV": "env", "GITHUB_PATH": "path"}
    files["GITHUB_STEP_SUMMARY"] = "summary"
    for name in files.values():
        (folder / name).touch()
    (folder / "event.json").write_text("{}", encoding="utf-8")
    # PIP_* of the machine stay: where pip looks is the same for both sides
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))}
    return {
        **kept,
        **{name: str(folder / file) for name, file in files.items()},
        "PATH": os.pathsep.join((str(Path(_system_python()).parent), os.defpath)),
        "HOME": str(folder),
        "PIP_CACHE_DIR": str(cache),
        "RUNNER_TEMP": str(folder / "temp"),
        "RUNNER_OS": "Linux",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_ACTION_PATH": str(environments.ROOT),
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REPOSITORY": "octo/hello",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_WORKFLOW": "bench",
        "GITHUB_JOB": "bench",
    }


def _system_python() -> str:
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def _step(argv: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        argv, env=env, cwd=env["RUNNER_TEMP"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{argv[:3]} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def _outputs(path: Path) -> dict[str, str]:
    found, lines = {}, iter(path.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, mark, end = line.partition("<<")
        if mark:
            value = list(iter(lambda: next(lines), end))
            found[name] = "\n".join(value)
        else:
            name, _, value_ = line.partition("=")
            found[name] = value_
    return found


def _published_key() -> str:
    home = environments.home("published key")
    tool = str(environments.script("published"))
    path = home / "root.key"
    if not path.exists():
        env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        subprocess.run([tool, "init", "-o", str(path)], env=env, check=True, capture_output=True)
    return path.read_text(encoding="utf-8")
