"""Talking to the Docker Engine: is one there, get the image, run the mint in it.

Not the choice and not the command line of the run: those are `runtime`'s, pure. The engine is reached through a
local socket that is named in every command; no context, credential helper or proxy of the user's is read.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_ci import carrier, runtime
from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.workflow import foreign_lines

if TYPE_CHECKING:
    from collections.abc import Mapping


_ASK_SECONDS, _GRACE_SECONDS = 10, 10
_NOT_STARTED = 125
_PULL_SECONDS = 600
# pip obeys these and then fails, or ends well with nothing installed
_PIP_TRAPS = frozenset(
    f"PIP_{name}"
    for name in (
        *("REQUIRE_VIRTUALENV", "USER", "PREFIX", "ROOT", "TARGET", "CONSTRAINT", "DRY_RUN"),
        *("NO_BINARY", "ONLY_BINARY", "REQUIREMENT", "REPORT", "PLATFORM", "PYTHON"),
    )
)
_MARKS = ("/.dockerenv", "/run/.containerenv")


class Engine:
    """One engine behind one socket, spoken to through docker's command by its absolute path.

    client: how every command to it begins
    """

    def __init__(self, binary: str, host: str, config: str) -> None:
        self.client = runtime.client_argv(binary, host, config)
        self.environ = {"PATH": "/usr/bin:/bin", "HOME": config}

    def server(self) -> str:
        """`linux/amd64` of the engine that answers, "" when none does."""
        return self._ask("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")

    def image_id(self, reference: str) -> str:
        """The id of an image that is there, "" when it is not."""
        return self._ask("image", "inspect", "--format", "{{.Id}}", reference)

    def do(self, *arguments: str, seconds: float) -> None:
        """Run a command whose output people may read. Raises: Refusal (KAN-DOCKER-003)."""
        try:
            with foreign_lines():
                subprocess.run(
                    [*self.client, *arguments],
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=2,
                    check=True,
                    timeout=seconds,
                )
        except (OSError, subprocess.SubprocessError) as error:
            detail = f"docker {arguments[0]}: {_outcome(error)}"
            raise Refusal([problem("KAN-DOCKER-003", detail=detail)]) from None

    def run(self, argv: list[str], environ: Mapping[str, str], stdin: bytes, seconds: int) -> bytes:
        """Run a container to its end and return its stdout. stdin: the secrets.

        Raises: Refusal (KAN-DOCKER-001, KAN-DOCKER-004, KAN-RUNNER-002); the container is gone then.
        """
        name = argv[argv.index("--name") + 1]
        try:
            done = subprocess.run(
                argv,
                env={**environ, **self.environ},
                input=stdin,
                stdout=subprocess.PIPE,
                check=False,
                timeout=seconds + _GRACE_SECONDS,  # the deadline outside; inside rings an alarm
            )
        except subprocess.TimeoutExpired:
            # a client that is killed leaves its container running
            self._ask("kill", name)
            raise Refusal([problem("KAN-RUNNER-002", seconds=seconds)]) from None
        except OSError as error:
            raise Refusal([problem("KAN-DOCKER-004", status=error.strerror)]) from None
        if done.returncode == _NOT_STARTED:
            # most often: --mount does not find our files, because the engine is not on this machine
            raise Refusal(
                [problem("KAN-DOCKER-001", reason="the engine did not start the container")]
            )
        if len(done.stdout) > carrier.LARGEST or not done.stdout:
            raise Refusal([problem("KAN-DOCKER-004", status=f"exit code {done.returncode}")])
        return done.stdout

    def _ask(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [*self.client, *arguments],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_ASK_SECONDS,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.decode("ascii", "replace").strip()


def connect(environ: Mapping[str, str], session: Path) -> tuple[Engine | None, str, str]:
    """Find docker and its socket: (engine or None, binary, why the socket can't be used)."""
    binary = next((path for path in runtime.BINARIES if os.access(path, os.X_OK)), "")
    host, refusal = runtime.engine_address(environ.get("DOCKER_HOST", ""))
    if not binary or refusal:
        return None, binary, refusal
    config = session / "docker"
    config.mkdir(mode=0o700, exist_ok=True)
    return Engine(binary, host, str(config)), binary, ""


def examine(
    environ: Mapping[str, str], engine: Engine | None, binary: str, refusal: str
) -> runtime.Machine:
    """Find out what `runtime.choose` wants to know, but for the image."""
    job = bool(environ.get("KANONIV_JOB_CONTAINER", ""))
    marked = any(Path(mark).exists() for mark in _MARKS)
    server = engine.server() if engine is not None and not job else ""
    return runtime.Machine(platform.system(), job, marked, binary, refusal, server)


def find_image(engine: Engine, code: Path, machine: runtime.Machine, named: str) -> tuple[str, str]:
    """Look for the image that was named, else for the locked one: (id at hand or "", reference or "").

    Raises: Refusal (KAN-DOCKER-002) when the engine's image is another one than the lock says.
    """
    if named:
        return engine.image_id(named), named
    locked = runtime.read_lock((code / "image.lock").read_text(encoding="utf-8"), machine.server)
    if locked is None:
        return "", ""
    image = engine.image_id(locked.reference)
    if image and image not in locked.ids:
        raise Refusal([problem("KAN-DOCKER-002", found=image, wanted="image.lock")])
    return image, locked.reference


def obtain(engine: Engine, code: Path, session: Path, python: str, reference: str) -> str:
    """Pull the named image, or build the Dockerfile when none is named; for an explicit `docker` only.

    Raises: Refusal (KAN-DOCKER-002, KAN-DOCKER-003).
    """
    if not reference:
        return build(engine, code, session, python)
    if "@" in reference:
        engine.do("pull", "--quiet", reference, seconds=_PULL_SECONDS)
    image = engine.image_id(reference)
    if runtime.IMAGE_ID.fullmatch(image) is None:
        raise Refusal([problem("KAN-DOCKER-002", found="nothing", wanted=reference)])
    return image


def build(engine: Engine, code: Path, session: Path, python: str) -> str:
    """Build the Dockerfile from wheels that this runner downloads by their hashes; the build itself has no network.

    Returns: the id of what was built just now. Raises: Refusal (KAN-DOCKER-003).
    """
    context = session / "image"
    wheels = context / "wheels"
    wheels.mkdir(parents=True)
    (context / "Dockerfile").write_bytes((code / "Dockerfile").read_bytes())
    lock = context / "requirements.lock"
    lock.write_text(
        runtime.image_requirements((code / "requirements" / "ci.lock").read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    arch = {"amd64": "x86_64", "arm64": "aarch64"}.get(engine.server().partition("/")[2], "")
    if not arch:
        raise Refusal([problem("KAN-DOCKER-003", detail="no wheels for this processor")])
    _download(python, lock, wheels, arch)
    named = context / "id"
    engine.do(
        *("build", "--network", "none", "--iidfile", str(named), str(context)),
        seconds=_PULL_SECONDS,
    )
    image = named.read_text(encoding="ascii").strip()
    if runtime.IMAGE_ID.fullmatch(image) is None:
        raise Refusal([problem("KAN-DOCKER-003", detail="docker build named no image")])
    return image


def _download(python: str, lock: Path, wheels: Path, arch: str) -> None:
    """Fetch the image's wheels with this runner's pip and its index, proxy and CA; hashes make any index safe."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _PIP_TRAPS and not name.startswith("INPUT_")
    }
    tags = [f"manylinux2014_{arch}", f"manylinux_2_28_{arch}", f"manylinux_2_34_{arch}"]
    argv = [
        *(python, "-I", "-m", "pip", "download", "-q", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-version", "3.12"),
        *[part for tag in tags for part in ("--platform", tag)],
        *("-d", str(wheels), "-r", str(lock)),
    ]
    null = subprocess.DEVNULL
    try:
        with foreign_lines():
            subprocess.run(argv, env=kept, stdin=null, stdout=2, check=True, timeout=_PULL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        detail = f"pip download: {_outcome(error)}"
        raise Refusal([problem("KAN-DOCKER-003", detail=detail)]) from None


def _outcome(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit code {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not done after {error.timeout:.0f} s"
    return getattr(error, "strerror", None) or type(error).__name__
