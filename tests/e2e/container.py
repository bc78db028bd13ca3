"""Running containers as the Action does, by its own argv function, and looking where secrets could have been left.

Not the assertions: those are in `test_docker.py`.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kanoniv_ci import host
from kanoniv_ci.runtime import client_argv, run_argv
from tests.e2e.selftest import SEED, spellings
from tests.support.engine import Engine, OwnEngine, client
from tests.support.events import event
from tests.support.product_image import Image

PROBE = Path(__file__).with_name("probe.py")


def written(seed: bytes) -> list[bytes]:
    """The raw bytes of a key, every usual way to write them, and base64 once more as configuration files do."""
    twice = base64.b64encode(base64.b64encode(seed)).rstrip(b"=")
    return [seed, twice, *(text.encode() for text in spellings(seed))]


def probe(engine: Engine, image: Image, folder: Path, user: int) -> dict[str, Any]:
    """Run the probe as the Action would run its own program, and read what it says."""
    code, config = folder / "code", folder / "config"
    code.mkdir()
    config.mkdir()
    shutil.copy2(PROBE, code / "entrypoint.py")
    code.chmod(0o755)
    (code / "entrypoint.py").chmod(0o644)
    argv = run_argv(
        client_argv(client(), engine.host, str(config)),
        image=image.id,
        code=str(code),
        name=f"kanoniv-probe-{user}-{os.getpid()}",
        user=f"{user}:{user}",
        variables=("INPUT_SCOPES",),
        word="probe",
    )
    environ = {"PATH": os.defpath, "HOME": str(config), "INPUT_SCOPES": "build", "SECRET": "x"}
    done = subprocess.run(
        argv,
        env=environ,
        input="line on stdin\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def environment(folder: Path) -> dict[str, str]:
    """What the Action's mint step has around it."""
    payload = folder / "event.json"
    payload.write_text(json.dumps(event("pull_request")), encoding="utf-8")
    return {
        "INPUT_ROOT_KEY": base64.b64encode(SEED).decode(),
        "INPUT_SCOPES": "deploy.staging,build",
        "INPUT_TTL": "15m",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_ACTOR": "octocat",
        "GITHUB_REF": "refs/pull/2/merge",
        "KANONIV_RUNTIME": "docker",
        "KANONIV_SESSION": str(folder),
    }


def minting(engine: Engine, image: Image, code: Path, folder: Path, user: int) -> list[str]:
    """The Action's own command line."""
    told = host._told(environment(folder))
    return run_argv(
        client_argv(client(), engine.host, str(folder)),
        image=image.id,
        code=str(code),
        name=f"kanoniv-mint-{user}-{os.getpid()}",
        user=f"{user}:{user}",
        variables=tuple(sorted(told)),
        word="mint",
    )


@contextmanager
def held(
    engine: OwnEngine, command: list[str], environ: Mapping[str, str], given: bytes
) -> Iterator[subprocess.Popen[bytes]]:
    """A container that has read its stdin and waits for the end of it: alive, with the key in its memory."""
    env = {"PATH": os.defpath, "HOME": "/nonexistent", **environ}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not any(_waits_for_stdin(pid) for pid in processes(engine)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, (
                "the program in the container does not read its stdin"
            )
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def processes(engine: OwnEngine) -> list[Path]:
    """/proc/PID of every process that runs in a container of this engine."""
    ids = engine.docker("ps", "-q", "--no-trunc").split()
    # not `docker top`, which wants a `ps` that a bare machine has not
    firsts = [engine.docker("inspect", "-f", "{{.State.Pid}}", one, check=False) for one in ids]
    return [found for first in firsts if first.strip() for found in _family(first.strip())]


def _family(pid: str) -> Iterator[Path]:
    yield Path("/proc", pid)
    for children in Path("/proc", pid, "task").glob("*/children"):
        try:
            found = children.read_text(encoding="ascii").split()
        except OSError:  # gone meanwhile
            continue
        for child in found:
            yield from _family(child)


def _waits_for_stdin(process: Path) -> bool:
    """In read(0, …), twice in a row: what was there has been read, and no end came."""
    try:
        for _ in range(2):
            number, *arguments = (process / "syscall").read_text(encoding="ascii").split()
            if number not in ("0", "63") or arguments[0] != "0x0":  # read on x86-64, on arm64
                return False
            time.sleep(0.1)
    except OSError:
        return False
    return True
