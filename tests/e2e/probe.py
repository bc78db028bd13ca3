"""Runs inside the container in the place of the product's entrypoint and tells what it finds, as JSON on stdout.

Standard library only. Never imported by a test: it is mounted as `/app/entrypoint.py`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def refused(attempt: Callable[[], object]) -> str:
    """The name of the error an attempt ends with, or "" when it works."""
    try:
        attempt()
    except OSError as error:
        return type(error).__name__ + (f" {error.errno}" if error.errno else "")
    return ""


def lines(path: str) -> list[str]:
    """A file of /proc."""
    return Path(path).read_text(encoding="utf-8").splitlines()


def status(field: str) -> str:
    """One field of /proc/self/status."""
    return next(
        line.split(":", 1)[1].strip()
        for line in lines("/proc/self/status")
        if line.startswith(f"{field}:")
    )


def there(*paths: str) -> list[str]:
    """Those that exist."""
    return sorted({path for path in paths if Path(path).exists()})


def writable(places: list[str]) -> list[str]:
    """Mount points this user can make a file in."""
    found = set()
    for place in places:
        mark = Path(place) / "probe-mark"
        if Path(place).is_dir() and not refused(mark.touch):
            mark.unlink()
            found.add(place)
    return sorted(found)


def main() -> int:
    mounts = [line.split() for line in lines("/proc/self/mountinfo")]
    script = Path("/tmp/script")
    script.write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
    script.chmod(0o755)
    found = {
        "word": sys.argv[1:],
        "stdin": sys.stdin.read(),
        "environment": sorted(os.environ),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "connect": refused(lambda: socket.create_connection(("192.0.2.1", 443), 2)),
        "resolve": refused(lambda: socket.getaddrinfo("github.com", 443)),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "capabilities": {
            name: status(name) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
        },
        "no_new_privileges": status("NoNewPrivs"),
        "seccomp": status("Seccomp"),
        "core_limit": [
            line.split()[4:6] for line in lines("/proc/self/limits") if line.startswith("Max core")
        ],
        "root_options": next(m[5].split(",") for m in mounts if m[4] == "/"),
        "app_options": next(m[5].split(",") for m in mounts if m[4] == "/app"),
        "write_root": refused(lambda: Path("/probe").touch()),
        "write_app": refused(lambda: Path("/app/probe").touch()),
        "writable": writable([m[4] for m in mounts]),
        "run_from_tmp": refused(lambda: subprocess.run([script], check=False)),
        "sockets": there("/var/run/docker.sock", "/run/docker.sock"),
        "workspace": there(
            "/github", "/home/runner", os.environ.get("GITHUB_WORKSPACE", "/github")
        ),
    }
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
