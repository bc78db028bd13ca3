"""A stand-in for the Dockerfile's base image where none can be pulled: this interpreter and what it needs, as a folder.

Laid out as `python:3-slim` is (`/usr/local/bin/python`, `/usr/local/lib/python3.X`, pip, a shell, coreutils), made by
copying an interpreter of this machine, be it Debian's or one built from source. Nothing of this machine's configuration
goes in, so a build in it has no way to any package index.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import libraries

PROGRAMS = (
    "sh", "bash", "env", "id", "ls", "cat", "mkdir", "rm", "cp", "mv", "chmod", "chown", "mktemp", "true", "sleep",
    "find", "grep", "sed", "sort", "head", "touch", "ln", "test",
)  # fmt: skip
# Loaded by name at run time or wanted by wheels, so `ldd` of what we copy does not name them all.
LIBRARIES = (
    "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6", "libgcc_s.so.1", "libnss_files.so.2",
    "libstdc++.so.6",  # every Debian image has it: apt needs it
)  # fmt: skip
LEFT_OUT = ("test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "site-packages", "dist-packages",
            "__pycache__", "EXTERNALLY-MANAGED", "config-*", "sitecustomize.py")  # fmt: skip
ASK = """
import json, sys, sysconfig, os
base = {"installed_base": sys.base_prefix, "base": sys.base_prefix, "platbase": sys.base_exec_prefix,
        "installed_platbase": sys.base_exec_prefix}
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "library": sysconfig.get_path("stdlib", vars=base),
    "platform_library": sysconfig.get_path("platstdlib", vars=base),
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine, as it describes itself. Paths of the installation under a virtual environment."""

    version: str
    executable: str
    library: str
    platform_library: str

    @property
    def name(self) -> str:
        return f"python{self.version}"


def interpreter(executable: str = sys.executable) -> Interpreter:
    """Ask a Python where it lives. Raises: OSError, CalledProcessError, when it is none."""
    told = subprocess.run([executable, "-I", "-c", ASK], capture_output=True, check=True).stdout
    return Interpreter(**json.loads(told))


def find(version: str) -> Interpreter | None:
    """An installed Python of that version ("3.12"), or None."""
    versions = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for candidate in (
        sys.executable,
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
        *versions,
    ):
        try:
            found = interpreter(str(candidate))
        except (OSError, subprocess.CalledProcessError):
            continue
        if found.version == version:
            return found
    return None


def build(tree: Path, python: Interpreter) -> Path:
    """Lay the image out in the empty folder `tree`."""
    library = tree / "usr/local/lib" / python.name
    shutil.copytree(python.library, library, ignore=_left_out, ignore_dangling_symlinks=True)
    dynamic = Path(python.platform_library) / "lib-dynload"  # elsewhere on some builds (lib64)
    if dynamic.is_dir() and not (library / "lib-dynload").exists():
        shutil.copytree(dynamic, library / "lib-dynload")
    for folder in ("site-packages", "dist-packages"):  # Debian's interpreter looks in the second
        shutil.copytree(
            _pip(), library / folder / "pip", ignore=shutil.ignore_patterns("__pycache__")
        )
    programs = tree / "usr/local/bin"
    programs.mkdir()
    shutil.copy2(python.executable, programs / python.name)
    for name in ("python", "python3"):
        (programs / name).symlink_to(python.name)
    (programs / "pip").write_text(
        '#!/bin/sh\nexec /usr/local/bin/python3 -m pip "$@"\n', encoding="utf-8"
    )
    (programs / "pip").chmod(0o755)
    _libraries(tree, [programs / python.name, *library.rglob("*.so"), *_programs(tree)])
    _system(tree)
    return tree


def fill_wheelhouse(wheelhouse: Path, lock: Path) -> Path:
    """Every wheel of a lock file, by hash, for the interpreter that runs the tests."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps",
         "--only-binary", ":all:", "-d", str(wheelhouse), "-r", str(lock)],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return wheelhouse


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if any(Path(name).match(pattern) for pattern in LEFT_OUT)}


def _pip() -> Path:
    import pip  # noqa: PLC0415 - only where an image is built

    return Path(pip.__path__[0])


def _programs(tree: Path) -> list[Path]:
    """A shell and the small tools; `/bin` is `/usr/bin`, as in the image we stand in for."""
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "bin").symlink_to("usr/bin")
    placed = []
    for name in PROGRAMS:
        found = shutil.which(name, path="/usr/bin:/bin")
        if found:
            placed.append(Path(shutil.copy2(Path(found).resolve(), tree / "usr/bin" / name)))
    return placed


def _libraries(tree: Path, programs: Iterable[Path]) -> None:
    """What `ldd` names, each at its own path, and LIBRARIES from the folder libc lies in."""
    wanted = libraries(programs)
    libc = next(path for path in wanted if path.name.startswith("libc.so"))
    for path in wanted | {libc.parent / name for name in LIBRARIES}:
        if path.exists():
            target = tree / str(path).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path.resolve(), target)


def _system(tree: Path) -> None:
    for folder in ("etc", "root", "tmp", "proc", "sys", "dev", "run", "var/tmp", "app"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    (tree / "tmp").chmod(0o1777)
    (tree / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n"
    )
    (tree / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    for folder, _, _ in os.walk(tree):
        if Path(folder) != tree / "tmp":
            Path(folder).chmod(0o755)
