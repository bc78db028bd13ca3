"""deploy/: what stands there is linted, names settings that exist, keeps secrets in files, and the image serves."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kanoniv_server import cli
from kanoniv_server.settings import Settings, read_settings
from tests.support import base_image
from tests.support.engine import Engine
from tests.support.ports import free_port
from tests.support.postgres import NoPostgres, Postgres
from tests.support.product_image import BASE
from tests.support.redis import NoRedis, Redis
from tests.support.service import sealed

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "kanoniv-auth-server.service"


def tool(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    path = str(found) if found.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not here")
    return path


def said(*argv: str) -> tuple[int, str]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def compose() -> dict[str, Any]:
    found = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def settings_of(argv: list[str], environ: dict[str, str]) -> Settings:
    """The settings that a command line comes to; a flag that does not exist ends the test."""
    _, flags = cli._parse(argv)
    return read_settings(flags, environ)


# ----------------------------------------------------------------------------------------- containers


def test_the_files_are_in_form() -> None:
    assert said(tool("hadolint"), str(DEPLOY / "Dockerfile")) == (0, "")
    schema = ("--quiet", "--builtin-schema", "vendor.compose-spec")
    assert said(tool("check-jsonschema"), *schema, str(DEPLOY / "docker-compose.yml")) == (0, "")


def test_the_image_is_locked_and_not_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert "\nARG BASE=python:3.12-slim\n" in text
    assert "--require-hashes" in text
    assert "\nUSER 65534:65534\n" in text
    assert "\nHEALTHCHECK " in text
    environ = dict(re.findall(r"(KANONIV_SERVER_\w+)=(\S+)", text))
    assert settings_of(["serve"], environ).host == "0.0.0.0"  # noqa: S104 - inside a container


def test_both_services_are_held_down_and_get_their_secrets_by_file(tmp_path: Path) -> None:
    services = compose()["services"]
    ours = [one for one in services.values() if one.get("image") == "kanoniv-auth-server"]
    assert len(ours) == 2
    for name in ("database_url", "redis_url"):
        (tmp_path / name).write_text(
            {"database_url": "postgresql://u@h/d", "redis_url": "redis://h"}[name], encoding="ascii"
        )
    for one in ours:
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
        assert "environment" not in one
        assert all(port.startswith("127.0.0.1:") for port in one["ports"])
        argv = [word.replace("/run/secrets", str(tmp_path)) for word in one["command"]]
        found = settings_of(argv, {})
        assert found.database_url == "postgresql://u@h/d"
        assert found.redis_url == "redis://h"
        assert str(found.admin_key_file) == "/data/admin.key"
    secret = re.compile("PASS|SECRET|KEY|TOKEN|URL")
    named = [name for one in services.values() for name in one.get("environment", ())]
    assert [name for name in named if secret.search(name)] == ["POSTGRES_PASSWORD_FILE"]
    mounted = {name for one in services.values() for name in one.get("secrets", ())}
    assert mounted == set(compose()["secrets"])


def test_the_secrets_are_new_and_nobody_elses(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    status, out = said("sh", str(tmp_path / "make-secrets.sh"))
    assert status == 0
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    wanted = {Path(one["file"]).name for one in compose()["secrets"].values()}
    assert {one.name for one in folder.iterdir()} == wanted
    password = (folder / "postgres_password").read_text(encoding="ascii")
    assert re.fullmatch("[0-9a-f]{64}", password)
    assert password not in out
    url = {"database-url-file": str(folder / "database_url")}
    assert password in read_settings(url, {}).database_url
    redis = (folder / "redis_conf").read_text(encoding="ascii")
    assert "maxmemory-policy noeviction" in redis
    assert "appendonly yes" in redis
    assert said("sh", str(tmp_path / "make-secrets.sh"))[0] == 1
    assert (folder / "postgres_password").read_text(encoding="ascii") == password


def test_secrets_are_ignored_by_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    assert said("git", "-C", str(ROOT), "check-ignore", "deploy/secrets/postgres_password")[0] == 0


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    docker = tool("docker")
    if said(docker, "compose", "version")[0]:
        pytest.skip("docker compose is not installed; its schema was checked above")
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (tmp_path / "deploy/secrets").mkdir(exist_ok=True)
    file = str(tmp_path / "deploy/docker-compose.yml")
    assert said(docker, "compose", "-f", file, "config", "--quiet") == (0, "")


# -------------------------------------------------------------------------------------------- systemd


def unit() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read(UNIT, encoding="utf-8")
    return dict(parser["Service"])


def test_the_unit_starts_what_exists() -> None:
    found = unit()
    program, *argv = shlex.split(found["ExecStart"].replace("%S", "/var/lib"))
    assert program.endswith("/kanoniv-auth-server")
    settings = settings_of(argv, {})
    assert str(settings.data_dir) == f"/var/lib/{found['StateDirectory']}"
    assert settings.host == "127.0.0.1"


def test_the_unit_is_held_down() -> None:
    found = unit()
    for name, value in {
        "DynamicUser": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "NoNewPrivileges": "yes",
        "PrivateTmp": "yes", "PrivateDevices": "yes", "CapabilityBoundingSet": "", "UMask": "0077",
        "StateDirectoryMode": "0700", "MemoryDenyWriteExecute": "yes", "RestartPreventExitStatus": "2",
    }.items():  # fmt: skip
        assert found[name] == value, name
    status, out = said(tool("systemd-analyze"), "security", "--offline=true", str(UNIT))
    if status and "offline" in out:
        pytest.skip("this systemd cannot judge a file")
    (level,) = re.findall(r"exposure level for \S+: ([0-9.]+)", out)
    assert float(level) <= 1.5


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    # with a program that exists
    text = UNIT.read_text(encoding="utf-8")
    (tmp_path / UNIT.name).write_text(
        text.replace("/opt/kanoniv-auth/bin/kanoniv-auth-server", "/bin/true"), encoding="utf-8"
    )
    assert said(tool("systemd-analyze"), "verify", str(tmp_path / UNIT.name)) == (0, "")


# --------------------------------------------------------------------------------------- a real engine


@pytest.fixture(scope="module")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The service's image, built here without a network."""
    folder = tmp_path_factory.mktemp("image")
    context = folder / "context"
    for name in ("kanoniv_auth", "kanoniv_server"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, context / name, ignore=ignore)
    (context / "requirements").mkdir()
    lock = shutil.copy(ROOT / "requirements/server.lock", context / "requirements")
    base_image.fill_wheelhouse(context / "wheels", Path(lock))
    tree = base_image.build(folder / "base", base_image.interpreter())
    engine.import_image(tree, BASE)
    tag = engine.remember("kanoniv-test-server:latest")
    engine.docker(
        "build", "--network", "none", "--force-rm", "--target", "server", "--tag", tag,
        "--build-arg", f"BASE={BASE}",
        "--build-arg", "PIP_ARGS=--no-index --find-links /build/wheels",
        "--file", str(DEPLOY / "Dockerfile"), str(context), timeout=300,
    )  # fmt: skip
    return tag


@pytest.mark.docker
def test_the_image_serves_alone_and_ends(engine: Engine, image: str) -> None:
    name = engine.docker(
        "run", "--detach", "--read-only", "--network", "none", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--pids-limit", "128",
        "--tmpfs", "/data:uid=65534,gid=65534,mode=700", image,
    ).strip()  # fmt: skip
    try:
        probe = json.loads(
            engine.docker("inspect", "--format", "{{json .Config.Healthcheck.Test}}", image)
        )
        end = time.monotonic() + 60
        while said(*engine.command("exec", name, *probe[1:]))[0] and time.monotonic() < end:
            time.sleep(0.5)
        assert said(*engine.command("exec", name, *probe[1:])) == (0, "")
        assert engine.docker("logs", name).count("kas_") == 1
        engine.docker("stop", "--time", "20", name)
        state = json.loads(engine.docker("inspect", "--format", "{{json .State}}", name))
        assert state["ExitCode"] == 0, engine.docker("logs", name)
    finally:
        engine.docker("rm", "--force", "--volumes", name, check=False)


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[Path]:
    """The files that compose mounts, for a PostgreSQL and a Redis on ports of this machine."""
    try:
        database, memory = Postgres(port=free_port()), Redis(port=free_port())
    except (NoPostgres, NoRedis) as why:
        pytest.skip(str(why))
    try:
        database.start()
        memory.start()
        folder = tmp_path / "secrets"
        folder.mkdir()
        (folder / "database_url").write_text(f"{database.database()}\n", encoding="ascii")
        (folder / "redis_url").write_text(f"{memory.url}/0\n", encoding="ascii")
        yield folder
    finally:
        memory.remove()
        database.remove()


@pytest.mark.docker
def test_two_of_the_image_on_postgresql_and_redis(
    engine: Engine, image: str, secrets: Path
) -> None:
    """As compose starts them, but for its network: what one has done the other knows."""
    (command, again) = [
        one["command"]
        for one in compose()["services"].values()
        if one.get("image") == "kanoniv-auth-server"
    ]
    assert command == again
    names, urls = [], []
    try:
        for _ in range(2):
            port = free_port()
            urls.append(f"http://127.0.0.1:{port}")
            names.append(engine.docker(
                "run", "--detach", "--read-only", "--network", "host", "--cap-drop", "ALL",
                "--security-opt", "no-new-privileges", "--pids-limit", "128", "--tmpfs", "/tmp",
                "--volume", f"{secrets}:/run/secrets:ro", "--volume", "kanoniv-test-data:/data",
                image, *command, "--host=127.0.0.1", f"--port={port}", "--public-url=https://auth.example.com",
            ).strip())  # fmt: skip
            answers(urls[-1], engine.command("logs", names[-1]))
        key = engine.docker("exec", names[0], "cat", "/data/admin.key").strip()
        headers = {"Authorization": f"Bearer {key}"}
        made = httpx.post(f"{urls[0]}/v1/delegations", json={"scopes": ["a"]}, headers=headers)
        body = {"token": sealed(made.json()), "scope": "a"}
        assert httpx.post(f"{urls[1]}/v1/verify", json=body).status_code == 200
        gone = {"ids": [made.json()["id"]]}
        assert httpx.post(f"{urls[1]}/v1/revocations", json=gone, headers=headers).is_success
        end = time.monotonic() + 2
        while httpx.post(f"{urls[0]}/v1/verify", json=body).is_success and time.monotonic() < end:
            time.sleep(0.05)
        assert httpx.post(f"{urls[0]}/v1/verify", json=body).status_code == 403
        for url in urls:
            ready = httpx.get(f"{url}/readyz")
            assert ready.status_code == 200, ready.text
        for name in names:
            assert key not in engine.docker("logs", name)
            engine.docker("stop", "--time", "20", name)
            state = json.loads(engine.docker("inspect", "--format", "{{json .State}}", name))
            assert state["ExitCode"] == 0, engine.docker("logs", name)
    finally:
        for name in names:
            engine.docker("rm", "--force", "--volumes", name, check=False)
        engine.docker("volume", "rm", "--force", "kanoniv-test-data", check=False)


def answers(url: str, logs: list[str]) -> None:
    """Wait until a service is ready."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(said(*logs))
