"""The container, for real: what a program finds in it, where the root key is not, and the self-test in it.

One file, so that one test process starts one engine. What needs an engine is skipped, with the reason, where none can
be had.
"""

from __future__ import annotations

import base64
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import verify
from kanoniv_ci import carrier, host
from tests.e2e import expectations
from tests.e2e.container import PROBE, environment, held, minting, probe, processes, written
from tests.e2e.selftest import SEED, Setting, job, parroting, play
from tests.support import base_image
from tests.support.checkout import ROOT as TREE
from tests.support.engine import Engine, OwnEngine
from tests.support.github_process import GitHubProcess
from tests.support.product_image import Image
from tests.support.workflow_run import Run

pytestmark = pytest.mark.docker

USERS = [pytest.param(0, id="root"), pytest.param(1001, id="uid-1001")]
NO_CAPABILITY = "0" * 16
DOCKER_GROUP = 2375  # of the socket, here; nobody else's


# --------------------------------------------------------------------------------------------------------------- probe


@pytest.mark.parametrize("user", USERS)
def test_a_program_inside_finds_nothing(
    engine: Engine, image: Image, open_tmp: Path, user: int
) -> None:
    found = probe(engine, image, open_tmp, user)
    assert found["word"] == ["probe"]
    assert found["stdin"] == "line on stdin\n"
    # network: the loopback of its own and nothing else
    assert found["interfaces"] == ["lo"]
    assert found["connect"].startswith("OSError 101")  # network is unreachable
    assert found["resolve"].startswith("gaierror")
    # rights
    assert (found["uid"], found["gid"]) == (user, user)
    assert set(found["groups"]) <= {user}
    assert set(found["capabilities"].values()) == {NO_CAPABILITY}
    assert found["no_new_privileges"] == "1"
    assert found["seccomp"] == "2"
    assert found["core_limit"] == [["0", "0"]]
    # files: nothing can be written but a small /tmp from which nothing runs, and the container's own /dev
    assert "ro" in found["root_options"]
    assert "ro" in found["app_options"]
    assert found["write_root"] in ("OSError 30", "PermissionError 13")
    assert found["write_app"] in ("OSError 30", "PermissionError 13")
    assert "/tmp" in found["writable"]
    assert set(found["writable"]) <= {"/tmp", "/dev", "/dev/mqueue"}
    assert found["run_from_tmp"] == "PermissionError 13"
    # nothing of the runner
    assert found["sockets"] == []
    assert found["workspace"] == []
    assert set(found["environment"]) <= {"PATH", "HOME", "HOSTNAME", "KANONIV_DEPS", "INPUT_SCOPES"}


def test_the_probe_can_see_what_it_looks_for(
    own_engine: OwnEngine, image: Image, open_tmp: Path
) -> None:
    """The same file in a container without the flags finds all of it: so finding nothing means something."""
    shutil.copy2(PROBE, open_tmp / "entrypoint.py")
    told = own_engine.docker(
        *("run", "--rm", "--network", "host", "--user", "0:0", "-e", "SECRET=x"),
        *("-v", f"{open_tmp}:/app", "-v", f"{own_engine.socket}:/var/run/docker.sock"),
        *("-v", f"{open_tmp}:/home/runner", image.id, "probe"),
    )
    found = json.loads(told)
    assert found["interfaces"] != ["lo"]
    assert found["connect"] != "OSError 101"
    assert found["capabilities"]["CapEff"] != NO_CAPABILITY
    assert found["no_new_privileges"] == "0"
    assert "rw" in found["root_options"]
    assert found["write_root"] == found["write_app"] == found["run_from_tmp"] == ""
    assert found["sockets"] != []
    assert found["workspace"] == ["/home/runner"]
    assert "SECRET" in found["environment"]


# ---------------------------------------------------------------------------------------------------- where the key is


@pytest.mark.parametrize("user", USERS)
def test_the_root_key_is_nowhere_on_disk(
    own_engine: OwnEngine, image: Image, checkout: Path, open_tmp: Path, user: int
) -> None:
    """Not while the container holds it, not afterwards, not in what the engine tells; and the mint it does is good."""
    around = environment(open_tmp)
    command = minting(own_engine, image, checkout, open_tmp, user)
    secret, since = written(SEED), time.time()
    assert not any(text.decode("latin-1") in " ".join(command) for text in secret)
    with held(own_engine, command, host._told(around), host._for_stdin(around)) as process:
        environs = [process / "environ" for process in processes(own_engine)]
        during = own_engine.files_holding(secret, *environs, since=since)
        inspected = own_engine.docker("inspect", command[command.index("--name") + 1])
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr.decode()
    assert environs
    result = carrier.unpack(stdout)
    token = result.outputs["token"]
    agent = next(data for name, data in result.files.items() if name.endswith(".key"))
    born = [token.encode(), *written(base64.b64decode(json.loads(agent)["private_key"]))]
    after = own_engine.files_holding([*secret, *born], since=since)
    assert {text: files for text, files in during.items() if files} == {}
    assert {text: files for text, files in after.items() if files} == {}
    assert not any(text.decode("latin-1") in inspected for text in secret)
    assert own_engine.docker("ps", "-aq").strip() == ""
    roots, access = TrustedRoots(keys=[KeyPair.from_seed(SEED).public]), Access("deploy.staging")
    now = int(time.time())
    found = verify(
        token,
        roots=roots,
        audience=None,
        access=access,
        now=now,
        once=None,
        revoked=None,
        cache=None,
    )
    assert found.scopes == ("build", "deploy.staging")


def test_the_search_finds_a_key_passed_in_the_usual_way(
    own_engine: OwnEngine, image: Image
) -> None:
    """`-e` leaves it in the engine's files and in /proc, printing it leaves it in the engine's log."""
    key, since = base64.b64encode(SEED), time.time()
    say_it = "import os, sys; print(os.environ['INPUT_ROOT_KEY'], flush=True); sys.stdin.read()"
    run = [
        "run",
        "--rm",
        "-i",
        "--network",
        "none",
        "-e",
        "INPUT_ROOT_KEY",
        "--entrypoint",
        "python",
    ]
    command = own_engine.command(*run, image.id, "-c", say_it)
    with held(own_engine, command, {"INPUT_ROOT_KEY": key.decode()}, b"") as process:
        environs = [running / "environ" for running in processes(own_engine)]
        found = own_engine.files_holding(written(SEED), *environs, since=since)
        process.communicate(timeout=30)
    names = {file.name for file in found[key]}
    assert {"config.v2.json", "environ"} <= names
    assert any(name.endswith("-json.log") for name in names)


# ------------------------------------------------------------------------------------------------------ the self-test


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, where it happened, and where its secrets lay on the engine's disk afterwards."""

    run: Run
    github: GitHubProcess
    engine: OwnEngine
    setting: Setting
    left: dict[bytes, list[Path]]


def in_container(engine: OwnEngine, image: Image, user: int | None) -> Setting:
    """An ordinary user is in the group of the engine's socket, as on a real runner."""
    engine.admit(DOCKER_GROUP)
    return Setting(
        runtime="docker",
        user=user,
        groups=(DOCKER_GROUP,),
        env={"DOCKER_HOST": engine.host},
        variables={"KANONIV_SELFTEST_IMAGE": image.id},
        with_uv=True,
    )


@pytest.fixture(
    scope="module", params=[pytest.param(None, id="as-root"), pytest.param(1001, id="uid-1001")]
)
def ran(
    request: pytest.FixtureRequest,
    own_engine: OwnEngine,
    image: Image,
    checkout: Path,
    github_process: GitHubProcess,
) -> Ran:
    """One run for all the questions below."""
    setting = in_container(own_engine, image, request.param)
    github_process.reset()
    since = time.time()
    played = play(job(checkout, github_process, setting))
    token = played.outputs("auth").get("token", "no token")
    left = own_engine.files_holding([*written(SEED), token.encode()], since=since)
    return Ran(played, github_process, own_engine, setting, left)


@pytest.mark.runner
def test_every_step_succeeds(ran: Ran) -> None:
    expectations.steps(ran.run)


@pytest.mark.runner
def test_later_steps_are_held_to_the_token(ran: Ran) -> None:
    expectations.held_to_it(ran.run)


@pytest.mark.runner
def test_the_outputs(ran: Ran) -> None:
    expectations.outputs(ran.run, "docker")


@pytest.mark.runner
def test_summary_and_comment(ran: Ran) -> None:
    expectations.shown(ran.run, ran.github)


@pytest.mark.runner
def test_what_was_said_to_github(ran: Ran) -> None:
    expectations.talked(ran.github)


@pytest.mark.runner
def test_no_secret_in_the_log(ran: Ran) -> None:
    expectations.silent(ran.run, ran.github)


@pytest.mark.runner
def test_nothing_is_left_in_the_engine(ran: Ran) -> None:
    assert ran.engine.docker("ps", "-aq").strip() == ""
    assert {text: files for text, files in ran.left.items() if files} == {}


@pytest.mark.runner
def test_our_own_masks_hide_every_spelling(
    own_engine: OwnEngine, image: Image, open_tmp: Path, github_process: GitHubProcess
) -> None:
    github_process.reset()
    told, agent_key = parroting(open_tmp, github_process, in_container(own_engine, image, 1001))
    expectations.masked(told, github_process, agent_key)


@pytest.mark.runner
def test_the_action_builds_its_image_itself(
    own_engine: OwnEngine, checkout: Path, open_tmp: Path, github_process: GitHubProcess
) -> None:
    """Without an image named the Action builds its Dockerfile, whose base is here under the name it asks for."""
    python = base_image.find("3.12")
    if python is None:
        pytest.skip(
            "the Dockerfile's base is Python 3.12, and no such Python is installed to make a stand-in of"
        )
    lines = (TREE / "Dockerfile").read_text(encoding="utf-8").splitlines()
    base = next(line.removeprefix("ARG BASE=") for line in lines if line.startswith("ARG BASE="))
    own_engine.import_image(base_image.build(open_tmp / "base", python), base)
    github_process.reset()
    setting = Setting(runtime="docker", env={"DOCKER_HOST": own_engine.host}, with_uv=True)
    played = play(job(checkout, github_process, setting))
    expectations.steps(played)
    expectations.outputs(played, "docker")
