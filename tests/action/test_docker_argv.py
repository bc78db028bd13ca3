"""The exact command of a container run, when docker is chosen at all, and what comes back."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from kanoniv_ci import carrier, host, runtime
from kanoniv_ci.faults import Refusal
from kanoniv_ci.runtime import Machine, choose, client_argv, engine_address, run_argv
from kanoniv_ci.table import INPUTS, SECRETS
from kanoniv_ci.workflow import Result
from tests.action.step import KEY, ROOT, SEED, Job, spellings

ID = "sha256:" + "0a" * 32
GOLDEN = (
    *(
        "/usr/bin/docker",
        "--host",
        "unix:///var/run/docker.sock",
        "--config",
        "/t/kanoniv-x/docker",
    ),
    *(
        "run",
        "-i",
        "--rm",
        "--init",
        "--pull",
        "never",
        "--log-driver",
        "none",
        "--name",
        "kanoniv-1",
    ),
    *("--network", "none", "--ipc", "none", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--ulimit", "core=0"),
    *("--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=16m", "--pids-limit", "64", "--memory", "256m"),
    *("--user", "1001:118", "-e", "INPUT_SCOPES", "-e", "KANONIV_SINK"),
    *("--mount", "type=bind,src=/t/kanoniv-x/code,dst=/app,readonly"),
)


def argv(**change: object) -> list[str]:
    client = client_argv("/usr/bin/docker", runtime.SOCKET, "/t/kanoniv-x/docker")
    given = {
        "image": ID,
        "code": "/t/kanoniv-x/code",
        "name": "kanoniv-1",
        "user": "1001:118",
        "variables": ("INPUT_SCOPES", "KANONIV_SINK"),
        "word": "mint",
        **change,
    }
    return run_argv(client, **given)  # type: ignore[arg-type]


def test_golden() -> None:
    assert argv() == [*GOLDEN, ID, "mint"]
    assert argv(word="probe") == [*GOLDEN, ID, "probe"]


@pytest.mark.parametrize(
    "change",
    [
        {"image": "python:3.12"},
        {"image": f"x@{ID}"},
        {"image": ""},
        {"code": "/t/a,readonly=false"},
        {"code": "relative"},
        {"code": '/t/"x"'},
        {"variables": ("INPUT_SCOPES=x",)},
        {"variables": ("--privileged",)},
        {"variables": ("a",)},
    ],
)
def test_nothing_smuggles_in_an_option(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        argv(**change)


def test_secrets_go_in_on_stdin_and_not_in_the_argv_or_environment() -> None:
    environ = {f"INPUT_{name.upper()}": f"value-of-{name}" for name in INPUTS} | {
        "INPUT_ROOT_KEY": KEY
    }
    told = host._told({**environ, "GITHUB_TOKEN": "t", "HOME": "/h", "AWS_SECRET_ACCESS_KEY": "s"})
    command = " ".join(argv(variables=tuple(sorted(told))))
    for name in SECRETS:
        assert f"INPUT_{name.upper()}" not in told
        assert f"value-of-{name}" not in command
    assert not [secret for secret in spellings(SEED) if secret in command + str(told)]
    assert set(told) <= {f"INPUT_{n.upper()}" for n in INPUTS} | {"KANONIV_SINK"}
    sealed = json.loads(host._for_stdin({**environ, "GITHUB_EVENT_PATH": ""}))
    assert sealed["secrets"] == {
        "INPUT_ROOT_KEY": KEY,
        "INPUT_API_KEY": "value-of-api_key",
        "INPUT_PARENT_TOKEN": "value-of-parent_token",
    }


LINUX = Machine(
    "Linux", job=False, marked=False, binary="/usr/bin/docker", refusal="", server="linux/amd64"
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"system": "Darwin"}, "the runner is Darwin, not Linux"),
        ({"job": True}, "this job runs in a container, whose paths are not the engine's"),
        ({"binary": ""}, "docker is not installed"),
        (
            {"refusal": "DOCKER_HOST is not a local socket (unix://…)"},
            "DOCKER_HOST is not a local socket (unix://…)",
        ),
        ({"server": ""}, "no Docker Engine answers"),
        ({"server": "windows/amd64"}, "the engine runs windows/amd64 containers"),
    ],
)
def test_docker_by_name_never_falls_back(change: dict[str, object], reason: str) -> None:
    machine = Machine(**{**{n: getattr(LINUX, n) for n in Machine.__slots__}, **change})
    with pytest.raises(Refusal) as refused:
        choose("docker", machine, named=True, image=ID)
    (problem,) = refused.value.problems
    assert (problem.code, problem.exit) == ("KAN-DOCKER-001", 2)
    assert problem.cause == f"runtime: docker is not possible here: {reason}"
    chosen = choose("auto", machine, named=True, image=ID)
    assert (chosen.runtime, chosen.reason) == ("host", reason)


def test_auto_takes_docker_only_with_an_image_at_hand() -> None:
    assert choose("auto", LINUX, named=True, image=ID).runtime == "docker"
    assert choose("auto", LINUX, named=True, image="").runtime == "host"
    assert choose("auto", LINUX, named=False, image="").runtime == "host"
    marked = Machine(
        "Linux", job=False, marked=True, binary="/usr/bin/docker", refusal="", server="linux/amd64"
    )
    assert choose("auto", marked, named=True, image=ID).runtime == "host"
    assert choose("docker", marked, named=True, image=ID).runtime == "docker"
    assert choose("host", LINUX, named=True, image=ID).runtime == "host"


@pytest.mark.parametrize(
    ("given", "socket"),
    [
        ("", "unix:///var/run/docker.sock"),
        ("unix:///run/user/1001/docker.sock", "unix:///run/user/1001/docker.sock"),
        ("tcp://10.0.0.1:2375", ""),
        ("ssh://host", ""),
        ("unix://relative", ""),
        ("npipe:////./pipe/x", ""),
    ],
)
def test_docker_host_counts_only_as_a_local_socket(given: str, socket: str) -> None:
    assert engine_address(given)[0] == socket
    assert bool(engine_address(given)[1]) == (not socket)


def test_plan_says_which_and_why(job: Job) -> None:
    job.environ["DOCKER_HOST"] = "tcp://192.0.2.1:2375"
    auto = job.run("plan", {"runtime": "auto"})
    assert (auto.exit, auto.outputs["runtime"], auto.outputs["word"]) == (0, "host", "mint")
    assert auto.lines[0].startswith("kanoniv-auth: runtime host: ")
    named = job.run("plan", {"runtime": "docker"})
    assert (named.exit, named.codes, named.outputs) == (2, ["KAN-DOCKER-001"], {})
    assert "KAN-DOCKER-001" in named.summary


def test_plan_leaves_bad_inputs_to_the_step_that_tells_them_all(job: Job) -> None:
    planned = job.run("plan", {"runtime": "podman"})
    assert (planned.exit, planned.codes, planned.outputs["runtime"]) == (0, [], "host")


@pytest.mark.parametrize("post_audit", ["true", "false"])
def test_plan_needs_nothing_installed_and_names_the_dependencies(job: Job, post_audit: str) -> None:
    job.run(
        "plan",
        {"runtime": "host", "post_audit": post_audit, "version": "0.5.0"},
        KANONIV_DEPS="/nowhere",
    )
    words = (job.session / "plan").read_text().split("\n")
    assert words == ["host", "ci" if post_audit == "true" else "base", "0.5.0", ""]


LOCK = f"# comment\nlinux/amd64 r.example/x@{ID} sha256:{'0b' * 32} # amd\n"


def test_lock() -> None:
    found = runtime.read_lock(LOCK, "linux/amd64")
    assert found is not None
    assert found.ids == ("sha256:" + "0b" * 32, ID)
    assert runtime.read_lock(LOCK, "linux/arm64") is None
    assert (
        runtime.read_lock((ROOT / "image.lock").read_text(encoding="utf-8"), "linux/amd64") is None
    )


@pytest.mark.parametrize(
    "line", ["linux/amd64 x:latest sha256:" + "0" * 64, "linux/amd64", f"a {ID} {ID} {ID}"]
)
def test_a_malformed_lock_is_refused(line: str) -> None:
    with pytest.raises(Refusal) as refused:
        runtime.read_lock(line, "linux/amd64")
    assert refused.value.problems[0].code == "KAN-DOCKER-002"


def test_requirements_of_the_image() -> None:
    lock = (
        "a==1 ; python_full_version < '3.11' \\\n    --hash=x\n"
        "a==2 ; python_full_version >= '3.11' \\\n    --hash=y\n    # via b\n"
    )
    assert runtime.image_requirements(lock) == "a==2 \\\n    --hash=y\n"
    assert runtime.image_requirements(lock, (3, 10)) == "a==1 \\\n    --hash=x\n"
    with pytest.raises(Refusal) as refused:
        runtime.image_requirements("a==1 ; sys_platform == 'win32' \\\n")
    assert refused.value.problems[0].code == "KAN-DOCKER-003"
    whole = runtime.image_requirements(
        (ROOT / "requirements" / "ci.lock").read_text(encoding="utf-8")
    )
    assert " ; " not in whole


def tar(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in entries.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


GOOD = json.dumps({"exit": 0, "outputs": {"a": "b"}, "env": {}, "summary": ""}).encode()


def link() -> bytes:
    """A good result, and a link in the place of a file."""
    buffer = io.BytesIO(tar(**{"result.json": GOOD}))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        header = tarfile.TarInfo("token")
        header.type, header.linkname = tarfile.LNKTYPE, "result.json"
        archive.addfile(header)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        tar(),
        tar(**{"result.json": b"{}"}),
        tar(**{"result.json": b"["}),
        tar(**{"result.json": GOOD, "../x": b""}),
        tar(**{"result.json": GOOD, "/etc/x": b""}),
        tar(**{"result.json": GOOD, "home/../../x": b""}),
        link(),
        tar(**{"result.json": GOOD, "bin/kanoniv-auth": b"#!"}),
        tar(**{"result.json": GOOD, "token": b"x" * (1 << 21)}),
        tar(**{"result.json": GOOD.replace(b'"b"', b"1")}),
        tar(**{"result.json": GOOD.replace(b"0", b"true")}),
        tar(**{"result.json": GOOD})[:700],
    ],
)
def test_a_result_that_is_not_ours_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        carrier.unpack(data)
    assert refused.value.problems[0].code == "KAN-DOCKER-004"


def test_a_result_survives_the_journey() -> None:
    files = {
        "report.json": b"{}",
        "token": b"kd2.",
        "home/tokens/latest": b"x",
        f"home/keys/{'a' * 32}.key": b"k",
    }
    result = Result(1, {"a": "b\nc"}, {"A": "ü"}, "s", files)
    assert carrier.unpack(carrier.pack(result)) == result


def test_in_the_container_stdout_is_the_tar_and_stderr_all_the_rest(job: Job) -> None:
    payload = (job.folder / "event.json").read_text()
    given = json.dumps({"secrets": {"INPUT_ROOT_KEY": KEY}, "event": payload}).encode()
    done = job.run(
        "mint",
        {"scopes": "build"},
        stdin=given,
        KANONIV_SINK="tar",
        GITHUB_OUTPUT=None,
        RUNNER_TEMP=None,
    )
    assert done.exit == 0
    assert done.stderr.startswith("::add-mask::")
    assert "kanoniv-auth: minted" in done.stderr
    assert "::add-mask::" not in done.stdout
    assert done.stdout.startswith("result.json\0")
