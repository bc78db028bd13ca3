"""Real MCP peers, installed once below `.bench/`: npm's reference servers, and the Python SDK's client and server."""

from __future__ import annotations

import os
import shutil
import subprocess
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from bench import environments

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFEST = ROOT / "tests" / "mcp" / "peers" / "package.json"
SCOPE = "node_modules/@modelcontextprotocol"


def node_server(name: str) -> list[str]:
    """The command of one of npm's servers; skips where there is no node, or no registry."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not here")
    folder = environments.BENCH / "npm"
    environments.BENCH.mkdir(exist_ok=True)
    (environments.BENCH / ".gitignore").write_text("*\n", encoding="utf-8")
    with (environments.BENCH / "npm.lock").open("w") as lock:
        flock(lock, LOCK_EX)  # two workers, one folder
        _install(npm, folder)
    return [node, str(folder / SCOPE / f"server-{name}" / "dist" / "index.js")]


def _install(npm: str, folder: Path) -> None:
    wanted, stamp = MANIFEST.read_text(encoding="utf-8"), folder / "made"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(MANIFEST, folder)
    words = ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]
    try:
        subprocess.run(
            [npm, *words, "--loglevel=error"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=180,
            env={k: v for k, v in os.environ.items() if not k.startswith("KANONIV_")},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("npm's reference servers cannot be installed here")
    stamp.write_text(wanted, encoding="utf-8")


def python_sdk() -> str:
    """The interpreter that has PyPI's `mcp`; skips where it cannot be had."""
    environments.BENCH.mkdir(exist_ok=True)
    with (environments.BENCH / "mcp.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        try:
            environments.make("mcp")
        except subprocess.CalledProcessError:
            pytest.skip("the Python SDK of MCP cannot be installed here")
    return str(environments.python("mcp"))
