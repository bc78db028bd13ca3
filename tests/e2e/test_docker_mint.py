"""Minting in the container, by the product's own argv and stdin: it works for any user, and the root key stays in memory.

The engine's whole disk is searched for the key, in every spelling, while the container holds it and afterwards.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.verification import Access, TrustedRoots, verify
from kanoniv_ci import carrier, host
from kanoniv_ci.runtime import client_argv, run_argv
from tests.support.engine import Engine, OwnEngine, client
from tests.support.events import event
from tests.support.product_image import Image

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

# Chosen so that its base64 has +, / and padding: the spellings differ.
SEED = bytes.fromhex("fbefbeffbffbefbe" + "00112233445566778899aabbccddeeff" + "fffefdfcfbfaf9f8")
USERS = [pytest.param(0, id="root"), pytest.param(1001, id="uid-1001")]


def spellings(secret: bytes) -> list[bytes]:
    """The raw bytes and every usual way to write them."""
    plain, url = base64.b64encode(secret), base64.urlsafe_b64encode(secret)
    texts = [
        plain,
        plain.rstrip(b"="),
        url,
        url.rstrip(b"="),
        secret.hex().encode(),
        secret.hex().upper().encode(),
    ]
    return [secret, *texts, base64.b64encode(plain).rstrip(b"=")]


def environment(folder: Path, user: int) -> dict[str, str]:
    """What the Action's step has around it."""
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
        "KANONIV_SESSION": f"/session-of-{user}",
    }


def argv(engine: Engine, image: Image, code: Path, folder: Path, user: int) -> list[str]:
    """The Action's own command line."""
    told = host._told(environment(folder, user))
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
    engine: Engine, command: list[str], environ: dict[str, str], given: bytes
) -> Iterator[subprocess.Popen[bytes]]:
    """A container that has its stdin and waits for the end of it: alive, with the key in its memory."""
    env = {"PATH": os.defpath, "HOME": "/nonexistent", **environ}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not engine.docker("ps", "-q", "--filter", "status=running").strip():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "the container does not start"
            time.sleep(0.05)
        time.sleep(0.5)  # the program starts and reads
        yield process
    finally:
        process.kill()
        process.communicate()


def environs(engine: OwnEngine) -> list[Path]:
    """The environment of every process the engine has started."""
    inside = [
        p for p in Path("/proc").glob("[0-9]*/cgroup") if "docker" in p.read_text(encoding="utf-8")
    ]
    return [p.parent / "environ" for p in inside]


@pytest.mark.parametrize("user", USERS)
def test_mint_and_the_key_is_nowhere_on_disk(
    own_engine: OwnEngine, image: Image, checkout: Path, open_tmp: Path, user: int
) -> None:
    around = environment(open_tmp, user)
    command = argv(own_engine, image, checkout, open_tmp, user)
    secret = spellings(SEED)
    assert not any(text.decode("latin-1") in " ".join(command) for text in secret)
    with held(own_engine, command, host._told(around), host._sealed_in(around)) as process:
        during = own_engine.files_holding(secret, *environs(own_engine))
        inspected = own_engine.docker("inspect", command[command.index("--name") + 1])
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr.decode()
    result = carrier.unpack(stdout)
    token = result.outputs["token"]
    agent = next(data for name, data in result.files.items() if name.endswith(".key"))
    grown = [
        *secret,
        token.encode(),
        *spellings(base64.b64decode(json.loads(agent)["private_key"])),
    ]
    after = own_engine.files_holding(grown)
    assert {text: files for text, files in during.items() if files} == {}
    assert {text: files for text, files in after.items() if files} == {}
    assert not any(text.decode("latin-1") in inspected for text in secret)
    assert own_engine.docker("ps", "-aq").strip() == ""
    roots = TrustedRoots(keys=[KeyPair.from_seed(SEED).public])
    access = Access("deploy.staging")
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


def test_the_search_finds_a_key_that_is_passed_in_the_usual_way(
    own_engine: OwnEngine, image: Image
) -> None:
    """`-e` leaves it in the engine's files and in /proc, printing it leaves it in the engine's log."""
    key = base64.b64encode(SEED)
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
        found = own_engine.files_holding(spellings(SEED), *environs(own_engine))
        process.communicate(timeout=30)
    names = {file.name for file in found[key]}
    assert {"config.v2.json", "environ"} <= names
    assert any(name.endswith("-json.log") for name in names)
