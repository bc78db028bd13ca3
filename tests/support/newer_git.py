"""A git that runs hooks of its configuration (2.54 and later): the machine's, or the one `.ci/run` unpacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SINCE = (2, 54)
_UNPACKED = Path(__file__).parents[2] / "build" / "newer-git" / "bin"


def folder() -> str:
    """The folder to put first on the PATH; the test is skipped where there is no such git."""
    for path in (os.environ["PATH"], str(_UNPACKED)):
        git = shutil.which("git", path=path)
        if git is not None and _version(git) >= SINCE:
            return str(Path(git).parent)
    pytest.skip("no git 2.54 or later: sh scripts/newer_git.sh build/newer-git unpacks Debian's")


def _version(git: str) -> tuple[int, ...]:
    said = subprocess.run([git, "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])
