"""What a program finds inside the container the Action runs: nothing to steal, nowhere to send it, nothing to leave behind.

The probe runs by the product's own argv function, with its own file in the place of ours and another last word.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kanoniv_ci.runtime import client_argv, run_argv
from tests.support.engine import Engine, OwnEngine, client
from tests.support.product_image import Image

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker")]

USERS = [pytest.param(0, id="root"), pytest.param(1001, id="uid-1001")]
NO_CAPABILITY = "0" * 16


def probe(engine: Engine, image: Image, folder: Path, user: int) -> dict[str, Any]:
    """Run the probe as the Action would run its own program and read what it says."""
    code, config = folder / "code", folder / "config"
    code.mkdir()
    config.mkdir()
    shutil.copy2(Path(__file__).with_name("probe.py"), code / "entrypoint.py")
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
    environ = {
        "PATH": os.defpath,
        "HOME": str(config),
        "INPUT_SCOPES": "deploy.staging",
        "SECRET": "x",
    }
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


@pytest.mark.parametrize("user", USERS)
def test_the_probe_finds_nothing(engine: Engine, image: Image, open_tmp: Path, user: int) -> None:
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
    shutil.copy2(Path(__file__).with_name("probe.py"), open_tmp / "entrypoint.py")
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
