"""The shell around the mint, for real: finds a Python, installs by hashes, serves one command, says what is missing.

Installs from the package index this machine uses; without one these tests are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.action.step import KEY, ROOT, ROOT_DID, entries
from tests.action.test_key_forms import FORMS

PARTS = (
    "kanoniv_auth",
    "kanoniv_ci",
    "requirements",
    "scripts",
    "entrypoint.py",
    "Dockerfile",
    "image.lock",
)
KEPT = (
    "HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
)
TRAPS = {
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_USER": "1",
    "PIP_ROOT": "/nowhere",
    "PIP_DRY_RUN": "1",
    "PIP_PREFIX": "/nowhere",
    "PIP_TARGET": "/nowhere",
    "PIP_NO_BINARY": ":all:",
    "VIRTUAL_ENV": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "KANONIV_DEPS": "/nowhere",
}


def kept() -> dict[str, str]:
    """What this machine needs to reach its package index."""
    return {n: v for n, v in os.environ.items() if n in KEPT or n.startswith("PIP_")}


@dataclass
class Runner:
    """A runner with this tree as the action."""

    folder: Path
    action: Path
    path: str = os.defpath
    files: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path) -> Runner:
        action = folder / "action"
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(
                    ROOT / part, action / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy2(ROOT / part, action / part)
        # a name that every quoting has to survive
        (folder / "it's a $temp").mkdir()
        files = {
            n: folder / n
            for n in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.touch()
        return cls(folder, action, files=files)

    def sh(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        hostile = self.folder / "workspace"
        if not hostile.exists():
            hostile.mkdir()
            for name in (
                "json.py",
                "nacl.py",
                "click.py",
                "kanoniv_auth.py",
                "kanoniv_ci.py",
                "sitecustomize.py",
            ):
                (hostile / name).write_text("raise SystemExit('shadowed')")
            (hostile / ".python-version").write_text("3.8.18\n")
            (hostile / "pip.conf").write_text("[global]\nno-index = true\n")
        env = {
            "PATH": self.path,
            "RUNNER_TEMP": str(self.folder / "it's a $temp"),
            **kept(),
            **{name: str(path) for name, path in self.files.items()},
            **environ,
        }
        return subprocess.run(
            ["sh", command, *arguments],
            cwd=hostile,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def bootstrap(self, word: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.sh(str(self.action / "scripts" / "bootstrap.sh"), word, **environ)

    def lines(self, name: str) -> dict[str, str]:
        """The simple outputs the shell sets."""
        text = self.files[name].read_text()
        return dict(
            line.split("=", 1) for line in text.splitlines() if line.startswith(("dir=", "python="))
        )


def reachable(done: subprocess.CompletedProcess[str]) -> None:
    unreachable = ("No matching distribution", "Max retries", "Connection", "Temporary failure")
    if done.returncode and any(text in done.stdout for text in unreachable):
        pytest.skip("no package index answers on this machine")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Steps 1 to 3, in an environment that would break an ordinary pip and an ordinary python."""
    runner = Runner.start(tmp_path_factory.mktemp("runner"))
    begun = runner.bootstrap(
        "begin", INPUT_RUNTIME="host", INPUT_ROOT_KEY="must-not-matter", **TRAPS
    )
    reachable(begun)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    assert begun.stdout.startswith("kanoniv-auth: runtime host: asked for by name\n")
    told = runner.lines("GITHUB_OUTPUT")
    runner.files["GITHUB_OUTPUT"].write_text("")
    session = told["dir"]
    (runner.folder / "mint.sh").write_text(
        'exec "$KANONIV_PYTHON" -I -S -B "$KANONIV_SESSION/code/entrypoint.py" mint\n'
    )
    given = {
        "INPUT_ROOT_KEY": KEY,
        "INPUT_SCOPES": "deploy.staging,build",
        "KANONIV_SESSION": session,
        "KANONIV_PYTHON": told["python"],
    }
    minted = runner.sh(str(runner.folder / "mint.sh"), **given)
    assert minted.returncode == 0, minted.stdout + minted.stderr
    assert runner.bootstrap("cli", KANONIV_SESSION=session).returncode == 0
    return runner


def later(runner: Runner, command: str) -> subprocess.CompletedProcess[str]:
    """A later step, with what the action exported."""
    (runner.folder / "later.sh").write_text(command)
    path = runner.files["GITHUB_PATH"].read_text().splitlines()
    env = {**TRAPS, **entries(runner.files["GITHUB_ENV"].read_bytes())}
    return runner.sh(str(runner.folder / "later.sh"), PATH=":".join([*path, os.defpath]), **env)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("kanoniv-auth verify -s deploy.staging", 0),
        ("kanoniv-auth verify -s deploy.prod", 1),
        ("kanoniv-auth whoami", 0),
        ("kanoniv-auth exec -s build -- sh -c 'exit 7'", 7),
        ("kanoniv-auth exec -s deploy.prod -- sh -c 'exit 7'", 1),
        (
            'printf %s "$KANONIV_TOKEN" | kanoniv-auth delegate -s build --parent - --home "$RUNNER_TEMP/sub"',
            0,
        ),
        ("kanoniv-auth nonsense", 2),
    ],
)
def test_later_steps_are_held_to_the_token(served: Runner, command: str, status: int) -> None:
    done = later(served, command)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_one_directory_with_one_command_on_the_path(served: Runner) -> None:
    (folder,) = served.files["GITHUB_PATH"].read_text().splitlines()
    assert [path.name for path in Path(folder).iterdir()] == ["kanoniv-auth"]


def test_the_session_is_private_and_the_workspace_untouched(served: Runner) -> None:
    session = Path(
        served.lines("GITHUB_OUTPUT").get("dir")
        or next((served.folder / "it's a $temp").glob("kanoniv-*"))
    )
    assert session.stat().st_mode & 0o077 == 0
    assert not list((served.folder / "workspace").rglob("__pycache__"))
    assert not list(served.action.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("scope", "root", "status", "said"),
    [
        ("deploy.staging", ROOT_DID, 0, "granted to did:agent:"),
        (
            "deploy.staging,deploy.prod",
            ROOT_DID,
            1,
            "title=KAN-SCOPE-001::scope 'deploy.prod' is not granted; granted: build, deploy.staging",
        ),
        ("deploy.staging", "did:agent:" + "0" * 32, 1, "title=KAN-ROOT-002::"),
        ("deploy.staging", "", 2, "title=KAN-INPUT-002::root_did is missing"),
    ],
)
def test_the_second_action(served: Runner, scope: str, root: str, status: int, said: str) -> None:
    env = entries(served.files["GITHUB_ENV"].read_bytes())
    # the environment belongs to whoever holds the token, so its root must not count
    done = served.bootstrap("check", INPUT_SCOPE=scope, INPUT_ROOT_DID=root, **env)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout


def test_no_python(tmp_path: Path) -> None:
    runner = Runner.start(tmp_path)
    script = runner.action / "scripts" / "bootstrap.sh"
    text = script.read_text().replace("in /usr/bin/python3 python3", "in /nowhere/python3 python3")
    script.write_text(text)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mktemp", "mkdir", "cp", "cat"):
        found = shutil.which(name, path=os.defpath)
        assert found
        (tools / name).symlink_to(found)
    runner.path = str(tools)
    done = subprocess.run(
        [str(tools / "sh"), str(script), "begin"],
        env={
            "PATH": str(tools),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "s"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith(
        "::error title=KAN-RUNNER-003::no Python 3.10 or newer with pip, and no uv, on this runner. Fix: "
    )
    assert "KAN-RUNNER-003" in (tmp_path / "s").read_text()


def test_no_runner(tmp_path: Path) -> None:
    runner = Runner.start(tmp_path)
    done = runner.bootstrap("begin", RUNNER_TEMP=str(tmp_path / "missing"))
    assert (done.returncode, done.stdout.split("::")[1]) == (2, "error title=KAN-RUNNER-001")


def test_a_wheel_that_is_not_the_locked_one(tmp_path: Path) -> None:
    runner = Runner.start(tmp_path)
    lock = runner.action / "requirements" / "base.lock"
    text = lock.read_text()
    lock.write_text(
        "\n".join(
            line[:-66] + "0" * 64 + line[-2:]
            if "--hash=sha256:" in line and line.endswith(" \\")
            else line[:-64] + "0" * 64
            if "--hash=sha256:" in line
            else line
            for line in text.splitlines()
        )
    )
    done = runner.bootstrap("begin", INPUT_RUNTIME="host")
    assert done.returncode == 2
    assert (
        "::error title=KAN-RUNNER-004::the locked dependencies could not be installed. Fix: "
        in done.stdout
    )
    # the installer's own lines are shown between stop-commands, so that none of them can be a command
    before, stop, rest = done.stdout.partition("::stop-commands::")
    assert stop
    token = rest.split("\n", 1)[0]
    assert f"\n::{token}::\n::error title=KAN-RUNNER-004" in rest
    assert "GITHUB_PATH" not in before
    assert runner.lines("GITHUB_OUTPUT") == {}


def test_the_report_step_never_fails(tmp_path: Path) -> None:
    runner = Runner.start(tmp_path)
    assert runner.bootstrap("report").returncode == 0
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "install.rc").write_text("0\n")
    done = runner.bootstrap(
        "report", KANONIV_SESSION=str(tmp_path / "gone"), KANONIV_PYTHON="/nowhere/python"
    )
    assert done.returncode == 0
    assert "::notice " in done.stdout


@pytest.mark.parametrize("name", ["INPUT_ROOT_KEY", "INPUT_API_KEY", "INPUT_PARENT_TOKEN"])
def test_a_secret_that_a_runner_hands_down_goes_no_further(tmp_path: Path, name: str) -> None:
    """Some runners give composite steps every INPUT_*; nothing this shell starts may see these."""
    runner = Runner.start(tmp_path)
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "install.rc").write_text("0\n")
    spy = tmp_path / "spy"
    spy.write_text(f'#!/bin/sh\nenv > "{tmp_path}/seen"\n')
    spy.chmod(0o755)
    runner.bootstrap(
        "report",
        KANONIV_SESSION=str(tmp_path / "gone"),
        KANONIV_PYTHON=str(spy),
        **{name: "k-3fd9a1"},
    )
    assert "RUNNER_TEMP=" in (tmp_path / "seen").read_text()
    assert "k-3fd9a1" not in (tmp_path / "seen").read_text()


def test_a_pem_key_brings_the_second_set_of_dependencies(tmp_path: Path) -> None:
    runner = Runner.start(tmp_path)
    begun = runner.bootstrap("begin", INPUT_RUNTIME="host", KANONIV_KEY_IS_PEM="true")
    reachable(begun)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    told = runner.lines("GITHUB_OUTPUT")
    runner.files["GITHUB_OUTPUT"].write_text("")
    (tmp_path / "mint.sh").write_text(
        'exec "$PY" -I -S -B "$KANONIV_SESSION/code/entrypoint.py" mint\n'
    )
    minted = runner.sh(
        str(tmp_path / "mint.sh"),
        PY=told["python"],
        KANONIV_SESSION=told["dir"],
        INPUT_ROOT_KEY=FORMS["openssh"],
        INPUT_SCOPES="build",
    )
    assert minted.returncode == 0, minted.stdout + minted.stderr
    assert entries(runner.files["GITHUB_OUTPUT"].read_bytes())["root_did"] == ROOT_DID


def test_uv_is_used_where_it_is(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=sysconfig.get_path("scripts"))
    if uv is None:
        pytest.skip("uv is not installed beside this Python")
    runner = Runner.start(tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "uv").symlink_to(uv)
    traps = {
        "UV_TARGET": "/nowhere",
        "UV_PYTHON": "3.99",
        "UV_NO_BINARY": "1",
        "UV_SYSTEM_PYTHON": "1",
    }
    begun = runner.bootstrap(
        "begin", INPUT_RUNTIME="host", PATH=f"{tmp_path}/tools:{os.defpath}", **traps
    )
    reachable(begun)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    session = Path(runner.lines("GITHUB_OUTPUT")["dir"])
    if "now with pip" in (session / "install.log").read_text():
        pytest.skip("uv reaches no package index with this machine's settings")
    assert list(
        (session / "deps").rglob("*.pyc")
    )  # later steps run with -B and would never write them


def test_a_release_without_our_command_line_is_refused_by_name(tmp_path: Path) -> None:
    """`version` of the published product, which cannot read these tokens."""
    runner = Runner.start(tmp_path)
    done = runner.bootstrap("begin", INPUT_RUNTIME="host", INPUT_VERSION="0.3.0")
    reachable(done)
    assert done.returncode == 2
    assert done.stdout.split("\n")[1].startswith(
        "::warning title=kanoniv-auth::version 0.3.0 serves"
    )
    assert "release 0.3.0 of kanoniv-auth has no command line this action can serve" in done.stdout
    assert "::error title=KAN-RUNNER-004::" in done.stdout
