"""`./install.sh` in a home of its own: what a person has after it, a second time, a failure, and --uninstall."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

KEPT = (
    "PATH",
    "LANG",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "https_proxy",
    "http_proxy",
    "no_proxy",
)
PUSH = {
    "hook_event_name": "PreToolUse", "session_id": "s", "tool_use_id": "t", "cwd": "/", "tool_name": "Bash",
    "tool_input": {"command": "for x in 1; do git push; done"},
}  # fmt: skip


class Machine:
    """Somebody's account, and a clone in it."""

    def __init__(self, place: Path, clone: Path) -> None:
        self.user, self.clone = place, clone
        (place / ".local" / "bin").mkdir(parents=True)
        self.venv = place / ".kanoniv" / "venv"

    def install(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = {
            name: value
            for name, value in os.environ.items()
            if name in KEPT or name.startswith("PIP_")
        }
        # the person's own Python, not the one of these tests' environment
        given["PATH"] = f"{self.user / '.local' / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        return subprocess.run(
            [str(self.clone / "install.sh"), *words], env={**given, "HOME": str(self.user), **env},
            cwd=self.user, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def hook(self, call: Mapping[str, object]) -> subprocess.CompletedProcess[bytes]:
        """Ask the hook as the host would, with nothing in the environment."""
        settings = json.loads((self.user / ".claude" / "settings.json").read_text("utf-8"))
        hook = settings["hooks"]["PreToolUse"][0]["hooks"][0]
        return subprocess.run(
            [hook["command"], *hook["args"]], input=json.dumps(call).encode(), env={}, cwd="/",
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, checkout: Path) -> Machine:
    user = tmp_path / "it's me"  # a name that has to be quoted everywhere
    clone = user / ".kanoniv" / "auth-action"  # where the one-liner puts it
    shutil.copytree(checkout, clone)
    clone.parent.chmod(0o775)  # as git makes it where groups may write
    return Machine(user, clone)


def test_from_a_clone_to_a_guarded_agent_and_back(machine: Machine) -> None:
    done = machine.install()
    assert done.returncode == 0, done
    assert "Claude Code is guarded" in done.stdout
    assert "Root key generated" in done.stdout
    assert "not on your PATH" not in done.stdout
    key = (machine.user / ".kanoniv" / "root.key").read_bytes()
    assert stat.S_IMODE((machine.user / ".kanoniv").stat().st_mode) == 0o700
    refused = machine.hook(PUSH)
    assert refused.returncode == 2
    assert b"git.push" in refused.stderr or b"no_token" in refused.stderr, refused
    assert machine.hook({**PUSH, "tool_input": {"command": "ls"}}).returncode == 0
    # a copy: what happens to the clone does not change the guard
    assert str(machine.clone).encode() not in b"".join(
        p.read_bytes() for p in machine.user.glob(".claude/*.json")
    )
    linked = machine.user / ".local" / "bin" / "kanoniv-auth"
    assert subprocess.run([str(linked), "--version"], capture_output=True, check=True).stdout

    again = machine.install()
    assert again.returncode == 0, again
    assert "guarded already" in again.stdout
    assert (machine.user / ".kanoniv" / "root.key").read_bytes() == key
    assert {path.name for path in machine.venv.parent.glob("venv*")} == {"venv"}

    gone = machine.install("--uninstall")
    assert gone.returncode == 0, gone
    assert "run ./install.sh once more" in gone.stdout
    assert "pip uninstall" not in gone.stdout  # the program is gone
    assert not machine.venv.exists()
    assert not linked.is_symlink()
    assert not (machine.user / ".claude").exists()
    assert (machine.user / ".kanoniv" / "root.key").read_bytes() == key
    assert "no program" in machine.install("--uninstall").stdout


def test_a_package_that_is_not_the_locked_one_changes_nothing(machine: Machine) -> None:
    for name in ("agents", "base"):
        lock = machine.clone / "requirements" / f"{name}.lock"
        text = lock.read_text("utf-8").replace("--hash=sha256:", "--hash=sha256:0")
        lock.write_text(text.replace("sha256:0", "sha256:" + "0" * 64 + "#"), encoding="utf-8")
    done = machine.install()
    assert done.returncode == 2, done
    assert "fix: " in done.stderr
    assert not machine.venv.exists()
    assert not (machine.user / ".claude").exists()
    assert not (machine.user / ".kanoniv" / "root.key").exists()


def test_other_words_and_places_are_refused(machine: Machine) -> None:
    assert machine.install("--help-me").returncode == 2
    assert machine.install(HOME="/nowhere/at/all").returncode == 2
    shutil.rmtree(machine.clone / "kanoniv_auth")
    done = machine.install()
    assert done.returncode == 2
    assert "no checkout" in done.stderr
