"""A stand-in for the Dockerfile's base image where none can be pulled: this interpreter and what it needs, as a folder.

Laid out as `python:3-slim` is (`/usr/local/bin/python`, `/usr/local/lib/python3.X`, pip, a shell, coreutils), made by
copying from this machine: the interpreter that runs the tests, be it Debian's or one built from source. pip in it finds
packages in `/wheelhouse` alone, so the product's Dockerfile builds untouched and without network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
PROGRAMS = (
    "sh", "bash", "env", "id", "ls", "cat", "mkdir", "rm", "cp", "mv", "chmod", "chown", "mktemp", "true", "sleep",
    "find", "grep", "sed", "sort", "head", "touch", "ln", "test",
)  # fmt: skip
# Loaded by name at run time or wanted by wheels, so `ldd` of what we copy does not name them all.
LIBRARIES = (
    "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6", "libgcc_s.so.1", "libnss_files.so.2",
)  # fmt: skip
LEFT_OUT = ("test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "site-packages", "dist-packages",
            "__pycache__", "EXTERNALLY-MANAGED", "config-*", "sitecustomize.py")  # fmt: skip
PIP_CONF = "[global]\nno-index = true\nfind-links = /wheelhouse\ndisable-pip-version-check = true\nroot-user-action = ignore\n"


def build(tree: Path, wheelhouse: Path) -> Path:
    """Lay the image out in the empty folder `tree`."""
    python = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    library = tree / "usr/local/lib" / VERSION
    shutil.copytree(
        sysconfig.get_path("stdlib"),
        library,
        symlinks=False,
        ignore=_left_out,
        ignore_dangling_symlinks=True,
    )
    _dynamic_modules(library)
    for folder in ("site-packages", "dist-packages"):  # Debian's interpreter looks in the second
        shutil.copytree(
            _pip(), library / folder / "pip", ignore=shutil.ignore_patterns("__pycache__")
        )
    programs = tree / "usr/local/bin"
    programs.mkdir()
    shutil.copy2(python, programs / VERSION)
    for name in ("python", "python3"):
        (programs / name).symlink_to(VERSION)
    _script(programs / "pip", '#!/bin/sh\nexec /usr/local/bin/python3 -m pip "$@"\n')
    (programs / "pip3").symlink_to("pip")
    copied = [programs / VERSION, *library.rglob("*.so"), *_programs(tree)]
    _libraries(tree, copied)
    _system(tree)
    shutil.copytree(wheelhouse, tree / "wheelhouse")
    return tree


def fill_wheelhouse(wheelhouse: Path, lock: Path) -> Path:
    """Every wheel of a lock file, by hash, for this interpreter and this machine."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps",
         "--only-binary", ":all:", "-d", str(wheelhouse), "-r", str(lock)],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return wheelhouse


def _left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if any(Path(name).match(pattern) for pattern in LEFT_OUT)}


def _dynamic_modules(library: Path) -> None:
    """lib-dynload lies elsewhere on some builds (lib64, a debug build)."""
    here = (
        Path(sysconfig.get_path("platstdlib", vars={"platbase": sys.base_prefix})) / "lib-dynload"
    )
    if here.is_dir() and not (library / "lib-dynload").exists():
        shutil.copytree(here, library / "lib-dynload")


def _pip() -> Path:
    import pip  # noqa: PLC0415 - only where an image is built

    return Path(pip.__path__[0])


def _programs(tree: Path) -> list[Path]:
    """A shell and the small tools; `/bin` is `/usr/bin`, as in the image we stand in for."""
    (tree / "usr/bin").mkdir()
    (tree / "bin").symlink_to("usr/bin")
    placed = []
    for name in PROGRAMS:
        found = shutil.which(name, path="/usr/bin:/bin")
        if found:
            placed.append(Path(shutil.copy2(Path(found).resolve(), tree / "usr/bin" / name)))
    return placed


def _libraries(tree: Path, programs: Iterable[Path]) -> None:
    """What `ldd` names, each at its own path, and LIBRARIES from the folder libc lies in."""
    listed = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    ).stdout
    wanted = set(re.findall(r"(/[^\s:()]+\.so[^\s:()]*) \(0x", listed))
    libc = next(path for path in wanted if Path(path).name.startswith("libc.so"))
    wanted |= {str(Path(libc).parent / name) for name in LIBRARIES}
    for path in wanted:
        if Path(path).exists():
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(path).resolve(), target)


def _system(tree: Path) -> None:
    for folder in ("etc", "root", "tmp", "proc", "sys", "dev", "run", "var/tmp", "app"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    (tree / "tmp").chmod(0o1777)
    (tree / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n"
    )
    (tree / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (tree / "etc/pip.conf").write_text(PIP_CONF)
    for folder, _, _ in os.walk(tree):
        if Path(folder) != tree / "tmp":
            Path(folder).chmod(0o755)


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
