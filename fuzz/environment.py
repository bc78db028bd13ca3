"""The fuzzer's own environment, made once from requirements/fuzz.lock. There are wheels for Linux alone."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "fuzz.lock"
FOLDER = ROOT / "build" / "fuzz"
VERSIONS = ("3.12", "3.11", "3.13", "3.10")


class NoFuzzer(Exception):
    """There is no wheel of the fuzzer for this machine."""


def prepare() -> Path:
    """Make the environment unless it is there; returns its interpreter. Raises: NoFuzzer, CalledProcessError."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    base = _interpreter()
    shutil.rmtree(FOLDER, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(FOLDER)], check=True)
    done = subprocess.run(
        [
            str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK),
        ],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise NoFuzzer(f"the fuzzer cannot be installed for {base}: {' '.join(last)}")
    stamp.write_text(wanted, encoding="ascii")
    return python


def _interpreter() -> str:
    """This Python when there is a wheel for it, or another one on PATH. Raises: NoFuzzer."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NoFuzzer(f"the fuzzer has no wheels for {sys.platform} on {platform.machine()}")
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
    raise NoFuzzer(
        f"no Python of {', '.join(VERSIONS)} is on PATH, and the fuzzer has wheels for no other"
    )
