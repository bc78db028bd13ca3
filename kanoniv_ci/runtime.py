"""Docker or host: which one, and the exact command of a container run.

Pure; `engine` asks the machine and runs what is built here. The tests' probe uses `run_argv` with another last word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kanoniv_ci.faults import Refusal, problem

HOST, DOCKER = "host", "docker"
BINARIES = ("/usr/bin/docker", "/usr/local/bin/docker", "/bin/docker", "/snap/bin/docker")
SOCKET = "unix:///var/run/docker.sock"
IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_NAMES = re.compile(r"[A-Z][A-Z0-9_]*")
_CPYTHON = ("platform_python_implementation != 'PyPy'", "implementation_name != 'PyPy'")
_FULL_VERSION = re.compile(r"python_full_version (<|>=) '([0-9]+)\.([0-9]+)'")
_CONTAINED = "this job runs in a container, whose paths are not the engine's"
# Where the image finds what: code is mounted, dependencies are baked in.
CODE_IN_IMAGE = "/app"


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of image.lock. reference: name@digest to pull · ids: what the engine may call it once it is there."""

    platform: str
    reference: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found out about the runner.

    job: GitHub says this is a container job · marked: a file says this is some container · binary: docker's absolute
    path, "" for none · refusal: why its socket can't be used · server: "linux/amd64" of the engine, "" for none
    """

    system: str
    job: bool
    marked: bool
    binary: str
    refusal: str
    server: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The runtime and, in one line, why. image: the id to run, "" for one that has to be built or pulled."""

    runtime: str
    reason: str
    image: str = ""


def engine_address(environ_host: str) -> tuple[str, str]:
    """Which socket to talk to, and why not.

    DOCKER_HOST counts only when it is a local socket (rootless engines need it): through tcp or ssh the key would
    leave this machine, and our code's path would mean another machine's. An earlier step of the job can set it; such
    a step could as well change what this one runs, and the steps of one job trust each other.
    """
    if not environ_host:
        return SOCKET, ""
    if environ_host.startswith("unix:///"):
        return environ_host, ""
    return "", "DOCKER_HOST is not a local socket (unix://…)"


def choose(asked: str, machine: Machine, *, named: bool, image: str) -> Choice:
    """Pick the runtime. asked: auto, docker or host · named: an image is locked or given · image: its id when at hand.

    Raises: Refusal (KAN-DOCKER-001) when docker was asked for by name: it never falls back.
    """
    if asked == HOST:
        return Choice(HOST, "asked for by name")
    obstacle = _obstacle(machine)
    if asked == DOCKER:
        if obstacle:
            raise Refusal([problem("KAN-DOCKER-001", reason=obstacle)])
        return Choice(DOCKER, "asked for by name", image)
    if not obstacle and machine.marked:
        # whose files the engine sees is known only by trying; by name it is tried, `auto` does not gamble
        obstacle = _CONTAINED
    if not obstacle and not named:
        obstacle = "no image is named by digest or id, and auto builds none"
    if not obstacle and not image:
        obstacle = "the image is not on this runner, and auto pulls none"
    if obstacle:
        return Choice(HOST, obstacle)
    return Choice(DOCKER, "an engine answers and the image is at hand", image)


def _obstacle(machine: Machine) -> str:
    if machine.system != "Linux":
        return f"the runner is {machine.system or 'unknown'}, not Linux"
    if machine.job:
        return _CONTAINED
    if not machine.binary:
        return "docker is not installed"
    if machine.refusal:
        return machine.refusal
    if not machine.server:
        return "no Docker Engine answers"
    if not machine.server.startswith("linux/"):
        return f"the engine runs {machine.server} containers"
    return ""


def read_lock(text: str, platform: str) -> Locked | None:
    """Find a platform's line in image.lock: `linux/amd64 NAME@sha256:… sha256:…`. None when there is none.

    Raises: Refusal (KAN-DOCKER-002) for a line that is not of that form.
    """
    for line in text.splitlines():
        fields = line.split("#")[0].split()
        if not fields:
            continue
        if len(fields) != 3 or not all(
            IMAGE_ID.fullmatch(f.rpartition("@")[2]) for f in fields[1:]
        ):
            raise Refusal(
                [problem("KAN-DOCKER-002", found="a malformed line", wanted="image.lock")]
            )
        if fields[0] == platform:
            return Locked(platform, fields[1], (fields[2], fields[1].rpartition("@")[2]))
    return None


def image_requirements(lock: str, python: tuple[int, int] = (3, 12)) -> str:
    """Reduce the universal lock to what the image's CPython needs, so that it reads the same whatever Python reads it.

    Raises: Refusal (KAN-DOCKER-003) for a marker that is not understood.
    """
    kept: list[str] = []
    wanted = True
    for given in lock.splitlines():
        line = given
        if line[:1].strip() and not line.startswith("#"):
            requirement, semicolon, marker = line.removesuffix("\\").partition(" ; ")
            wanted = not semicolon or all(_holds(part, python) for part in marker.split(" and "))
            line = requirement.rstrip() + " \\"
        if wanted and not line.lstrip().startswith("#"):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _holds(marker: str, python: tuple[int, int]) -> bool:
    if marker.strip() in _CPYTHON:
        return True
    version = _FULL_VERSION.fullmatch(marker.strip())
    if version is None:
        raise Refusal([problem("KAN-DOCKER-003", detail=f"marker {marker.strip()} is not known")])
    bound = (int(version[2]), int(version[3]))
    return python < bound if version[1] == "<" else python >= bound


def client_argv(binary: str, host: str, config: str) -> list[str]:
    """The beginning of every docker command: engine and (empty) configuration are said, never inherited."""
    return [binary, "--host", host, "--config", config]


def run_argv(
    client: list[str],
    *,
    image: str,
    code: str,
    name: str,
    user: str,
    variables: tuple[str, ...],
    word: str,
) -> list[str]:
    """The whole `docker run`. Secrets have no place in it: they go in on stdin.

    image: an id · code: host directory with entrypoint.py, mounted read-only · user: uid:gid ·
    variables: names whose values docker takes from its own environment · word: what entrypoint.py is to do.
    Raises: ValueError for an image that is not an id, or a mount that could smuggle in options.
    """
    if IMAGE_ID.fullmatch(image) is None:
        raise ValueError("an image is run by its id")
    if any(letter in code for letter in ',"\n') or not code.startswith("/"):
        raise ValueError("the code's path cannot be mounted")
    if not all(_NAMES.fullmatch(variable) for variable in variables):
        raise ValueError("not the name of a variable")
    return [
        *client,
        "run",
        "-i",
        "--rm",
        "--init",  # Python as process 1 would ignore the signal that ends it
        *("--pull", "never"),
        *("--log-driver", "none"),  # the daemon would write the mask lines to its disk
        *("--name", name),
        *("--network", "none"),
        *("--ipc", "none"),
        "--read-only",
        *("--cap-drop", "ALL"),
        *("--security-opt", "no-new-privileges"),
        *("--ulimit", "core=0"),
        *("--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=16m"),  # noqa: S108 - inside the container
        *("--pids-limit", "64"),
        *("--memory", "256m"),
        *("--user", user),
        *[part for variable in variables for part in ("-e", variable)],
        *("--mount", f"type=bind,src={code},dst={CODE_IN_IMAGE},readonly"),
        image,
        word,
    ]
