"""An environment of its own for a tool, made once from a lock file: wheels with these hashes and no more."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path


class NotInstallable(Exception):
    """The lock has no wheel for this machine or this Python."""


def locked(folder: Path, lock: Path, base: str) -> Path:
    """Make the environment with the Python `base`, unless it is there for this very lock; returns its interpreter.

    Raises: NotInstallable, CalledProcessError.
    """
    python, stamp = folder / "bin" / "python", folder / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    done = subprocess.run(
        [
            str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "--only-binary", ":all:", "-r", str(lock),
        ],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise NotInstallable(f"{lock.name} cannot be installed for {base}: {last}")
    stamp.write_text(wanted, encoding="ascii")
    return python
