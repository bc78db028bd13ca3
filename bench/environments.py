"""The environments of the contenders, made once under `.bench/` from pinned versions.

Wheels come from wherever pip is told to look. `ours` holds the wheel of this very tree, built anew each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / ".bench"
SODIUM = "PyNaCl==1.6.2"
PIP = "pip==26.3"
# the console script's template is pip's: the one of Python's own old pip imports `re`
WITH_SCRIPT = ("ours", "published")
PEERS = {
    "published": ("kanoniv-auth==0.3.0", "cryptography==50.0.2", "click==8.5.1", SODIUM),
    "biscuit": ("biscuit-python==0.4.0", SODIUM),
    "tenuo": ("tenuo==0.3.3", SODIUM),
    "pyjwt": ("PyJWT[crypto]==2.15.1", "cryptography==50.0.2", SODIUM),
}
# not measured: the other verifier of version 1, and an MCP client and server, for the tests that compare with them
PACKAGES = {
    **PEERS,
    "published-rust": ("kanoniv-agent-auth==0.2.0",),
    "mcp": ("mcp==2.3.0", "rfc8785==0.1.4"),
}


def prepare() -> None:
    """Make `.bench/` with every environment in it; what is there already is kept."""
    _make_folder()
    # workers import `bench` from here, and nothing else of the checkout
    link = BENCH / "src/bench"
    if not link.is_symlink():
        link.symlink_to("../../bench")
    with ThreadPoolExecutor(2) as both_cores:
        made = [both_cores.submit(_make, name, *packages) for name, packages in PEERS.items()]
        made.append(both_cores.submit(_make, "ours"))
        for each in made:
            each.result()
    wheel = _build()
    lock = str(ROOT / "requirements/base.lock")
    _pip("ours", "--require-hashes", "--no-deps", "-r", lock)
    _pip("ours", "--no-deps", "--no-index", "--force-reinstall", str(wheel))


def make(name: str) -> None:
    """Make one environment of `PACKAGES`, unless it is there. Raises: CalledProcessError."""
    _make_folder()
    _make(name, *PACKAGES[name])


def python(name: str) -> Path:
    """The interpreter of one environment."""
    return BENCH / name / "bin/python"


def script(name: str) -> Path:
    """The console script `kanoniv-auth` of one environment."""
    return BENCH / name / "bin/kanoniv-auth"


def home(name: str) -> Path:
    """An empty home directory that a contender may fill."""
    path = BENCH / "homes" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def worker_environment(name: str) -> dict[str, str]:
    """What a contender's process sees: its own home, our workers, none of our variables."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("KANONIV_", "PYTHON"))
    }
    return {**kept, "HOME": str(home(name)), "PYTHONPATH": str(BENCH / "src")}


def _make_folder() -> None:
    (BENCH / "src").mkdir(parents=True, exist_ok=True)
    # ignores itself: nothing in here belongs into a repository
    (BENCH / ".gitignore").write_text("*\n", encoding="utf-8")


def _make(name: str, *packages: str) -> None:
    wanted, stamp = " ".join((PIP, *packages)), BENCH / name / "made"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(BENCH / name, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", BENCH / name], check=True)
    if name in WITH_SCRIPT:
        _pip(name, PIP)
    if packages:
        _pip(name, *packages)
    stamp.write_text(wanted, encoding="utf-8")


def _pip(name: str, *arguments: str) -> None:
    command: list[str | Path] = [
        python(name),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*command, *arguments], check=True, stderr=subprocess.DEVNULL)


def _build() -> Path:
    dist = BENCH / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    command: list[str | Path] = [sys.executable, "-m", "build", "--no-isolation", "--wheel"]
    subprocess.run([*command, "--outdir", dist, ROOT], check=True, stdout=subprocess.DEVNULL)
    return next(dist.glob("*.whl"))
