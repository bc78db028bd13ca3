"""`runtime: docker` from its first step on, on a real engine: it builds the image, mints in it, never falls back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.action.step import KEY, entries
from tests.action.test_bootstrap import Runner, reachable
from tests.support import base_image
from tests.support.engine import Engine, OwnEngine

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]
MINT = 'exec "$KANONIV_PYTHON" -I -S -B "$KANONIV_SESSION/code/entrypoint.py" contain\n'


@pytest.fixture(scope="module")
def based(engine: Engine) -> Engine:
    """An engine that has the Dockerfile's own base image, or what stands in for it."""
    if not isinstance(engine, OwnEngine):
        pytest.skip(
            "the engine is the machine's own; a stand-in image must not take a public name there"
        )
    python = base_image.find("3.12")
    if python is None:
        pytest.skip("no Python 3.12 on this machine to make the Dockerfile's base image from")
    with tempfile.TemporaryDirectory(prefix="kanoniv-base-") as folder:
        engine.import_image(base_image.build(Path(folder) / "tree", python), "python:3.12-slim")
    return engine


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner.start(tmp_path)


def test_it_builds_from_hashes_without_network_and_mints(based: Engine, runner: Runner) -> None:
    begun = runner.bootstrap("begin", INPUT_RUNTIME="docker", DOCKER_HOST=based.host)
    reachable(begun)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert "kanoniv-auth: runtime docker: asked for by name" in begun.stdout
    told = runner.lines("GITHUB_OUTPUT")
    plan = entries(
        b"".join(
            line
            for line in runner.files["GITHUB_OUTPUT"].read_bytes().splitlines(keepends=True)
            if not line.startswith((b"dir=", b"python="))
        )
    )
    assert plan["image"].startswith("sha256:")
    runner.files["GITHUB_OUTPUT"].write_text("")
    (runner.folder / "mint.sh").write_text(MINT)
    given = {
        "DOCKER_HOST": based.host,
        "INPUT_ROOT_KEY": KEY,
        "INPUT_SCOPES": "deploy.staging",
        "KANONIV_SESSION": told["dir"],
        "KANONIV_PYTHON": told["python"],
        "KANONIV_IMAGE": plan["image"],
        "KANONIV_RUNTIME": "docker",
    }
    minted = runner.sh(str(runner.folder / "mint.sh"), **given)
    assert minted.returncode == 0, minted.stdout + minted.stderr
    assert minted.stdout == ""
    assert minted.stderr.startswith("::add-mask::")
    assert minted.stderr.endswith("kanoniv-auth: the container is gone; it had no network\n")
    outputs = entries(runner.files["GITHUB_OUTPUT"].read_bytes())
    assert (outputs["runtime"], outputs["scopes"]) == ("docker", "deploy.staging")
    assert Path(outputs["token_file"]).read_text() == outputs["token"]
    assert runner.bootstrap("cli", KANONIV_SESSION=told["dir"]).returncode == 0
    (command,) = (
        Path(line) / "kanoniv-auth" for line in runner.files["GITHUB_PATH"].read_text().splitlines()
    )
    exported = entries(runner.files["GITHUB_ENV"].read_bytes())
    assert runner.sh(str(command), "verify", "-s", "deploy.staging", **exported).returncode == 0
    assert runner.sh(str(command), "verify", "-s", "deploy.prod", **exported).returncode == 1


@pytest.mark.parametrize("image", ["sha256:" + "0" * 64])
def test_an_image_that_is_not_there(based: Engine, runner: Runner, image: str) -> None:
    done = runner.bootstrap(
        "begin", INPUT_RUNTIME="docker", INPUT_IMAGE=image, DOCKER_HOST=based.host
    )
    assert done.returncode == 2
    assert "::error title=KAN-DOCKER-002::" in done.stdout


def test_a_build_that_fails(based: Engine, runner: Runner) -> None:
    (runner.action / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    done = runner.bootstrap("begin", INPUT_RUNTIME="docker", DOCKER_HOST=based.host)
    assert done.returncode == 2
    assert (
        "::error title=KAN-DOCKER-003::the image could not be built: docker build: exit code 1"
        in done.stdout
    )
    assert runner.lines("GITHUB_OUTPUT") == {}


def test_a_container_that_leaves_no_result(based: Engine, runner: Runner) -> None:
    """Another image than ours: whatever it says, nothing of it is exported."""
    base = based.docker("image", "inspect", "--format", "{{.Id}}", "python:3.12-slim").strip()
    (runner.folder / "mint.sh").write_text(MINT)
    session = runner.folder / "session"
    (session / "code").mkdir(parents=True)
    for part in ("kanoniv_auth", "kanoniv_ci", "entrypoint.py"):
        (session / "code" / part).symlink_to(runner.action / part)
    done = runner.sh(
        str(runner.folder / "mint.sh"),
        DOCKER_HOST=based.host, KANONIV_SESSION=str(session), KANONIV_PYTHON="/usr/bin/python3", KANONIV_IMAGE=base,
    )  # fmt: skip
    assert done.returncode == 2
    assert "::error title=KAN-DOCKER-00" in done.stderr
    assert runner.files["GITHUB_ENV"].read_text() == ""


def test_no_engine_behind_the_socket(runner: Runner) -> None:
    done = runner.bootstrap(
        "begin", INPUT_RUNTIME="docker", DOCKER_HOST=f"unix://{runner.folder}/nobody.sock"
    )
    assert done.returncode == 2
    assert "::error title=KAN-DOCKER-001::runtime: docker is not possible here: " in done.stdout
    auto = runner.bootstrap("begin", DOCKER_HOST=f"unix://{runner.folder}/nobody.sock")
    reachable(auto)
    assert "kanoniv-auth: runtime host: " in auto.stdout
