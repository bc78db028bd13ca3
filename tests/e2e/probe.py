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


def status(field: str) -> str:
    """A line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{field}:"))


def writable() -> list[str]:
    """Mount points this user can make a file in."""
    places = [
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    ]
    found = []
    for place in places:
        mark = Path(place) / "probe-mark"
        if Path(place).is_dir() and not refused(lambda mark=mark: mark.touch()):  # type: ignore[misc]
            mark.unlink()
            found.append(place)
    return sorted(set(found))


def main() -> int:
    mounts = [
        line.split()
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    ]
    script = Path("/tmp/script")
    script.write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
    script.chmod(0o755)
    found = {
        "word": sys.argv[1:],
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "connect": refused(lambda: socket.create_connection(("192.0.2.1", 443), 2)),
        "resolve": refused(lambda: socket.getaddrinfo("github.com", 443)),
        "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
        "capabilities": {name: status(name) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
        "no_new_privileges": status("NoNewPrivs"), "seccomp": status("Seccomp"),
        "core_limit": [line.split()[4:6] for line in Path("/proc/self/limits").read_text(encoding="utf-8").splitlines()
                       if line.startswith("Max core")],
        "root_options": next(m[5].split(",") for m in mounts if m[4] == "/"),
        "app_options": next(m[5].split(",") for m in mounts if m[4] == "/app"),
        "write_root": refused(lambda: Path("/probe").touch()),
        "write_app": refused(lambda: Path("/app/probe").touch()),
        "writable": writable(),
        "run_from_tmp": refused(lambda: subprocess.run([script], check=False)),
        "sockets": [str(p) for p in (Path("/var/run/docker.sock"), Path("/run/docker.sock")) if p.exists()],
        "workspace": [str(p) for p in (Path("/github"), Path("/home/runner"), Path(os.environ.get("GITHUB_WORKSPACE", "/nowhere"))) if p.exists()],
        "environment": sorted(os.environ),
        "pids_max": Path("/sys/fs/cgroup/pids.max").read_text(encoding="utf-8").strip() if Path("/sys/fs/cgroup/pids.max").exists() else "",
        "stdin": sys.stdin.read(),
    }  # fmt: skip
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
