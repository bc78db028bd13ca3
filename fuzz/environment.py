"""The fuzzer's own environment, made once from requirements/fuzz.lock. There are wheels for Linux alone."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from scripts.environment import NotInstallable, locked

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.12", "3.11", "3.13", "3.10")


def prepare() -> Path:
    """Make the environment unless it is there; returns its interpreter. Raises: NotInstallable, CalledProcessError."""
    return locked(ROOT / "build" / "fuzz", ROOT / "requirements" / "fuzz.lock", _interpreter())


def _interpreter() -> str:
    """This Python when there is a wheel for it, or another one on PATH. Raises: NotInstallable."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NotInstallable(f"the fuzzer has no wheels for {sys.platform} on {platform.machine()}")
    if sysconfig.get_python_version() in VERSIONS:
        return sys.executable
    for version in VERSIONS:
        name = f"python{version}"
        # a version manager's stub may be there and still refuse to run
        asked = [name, "-I", "-c", "import venv, ensurepip"]
        if (
            shutil.which(name)
            and not subprocess.run(asked, check=False, capture_output=True).returncode
        ):
            return name
    raise NotInstallable(
        f"no Python of {', '.join(VERSIONS)} is on PATH, and the fuzzer has wheels for no other"
    )
