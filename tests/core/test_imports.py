"""What an import costs, counted in modules; and that the core cannot reach the outside world."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import nacl
import pytest

from tests.core.vector_files import ROOT

CORE = sorted((ROOT / "kanoniv_auth" / "core").glob("*.py"))
# each of these costs as much as two to five bare interpreters
HEAVY = {
    "argparse", "base64", "click", "cryptography", "dataclasses", "enum", "functools", "hashlib", "inspect",
    "json", "logging", "nacl.signing", "pathlib", "re", "subprocess", "typing",
}  # fmt: skip
OUTSIDE = {
    "asyncio", "datetime", "fcntl", "http", "io", "multiprocessing", "os", "pathlib", "random", "secrets", "select",
    "shutil", "signal", "socket", "ssl", "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
LIGHT = {"__future__", "_json", "binascii", "kanoniv_auth", "nacl"}


def loaded(statement: str) -> set[str]:
    """The modules that a bare interpreter has loaded after a statement and had not before."""
    paths = [str(ROOT), str(Path(nacl.__path__[0]).parent), sysconfig.get_path("platlib")]
    code = (
        f"import sys; sys.path[:0] = {paths!r}; before = set(sys.modules)\n{statement}\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(done.stdout.split())


def test_the_package_alone_loads_nothing() -> None:
    assert loaded("import kanoniv_auth") <= {"__future__", "kanoniv_auth"}


@pytest.mark.parametrize(
    "module",
    ["verification", "cache", "proof", "delegation", "envelope", "durations", "scopes", "keys"],
)
def test_import_budget(module: str) -> None:
    found = loaded(f"import kanoniv_auth.core.{module}")
    assert found & HEAVY == set()
    # `_sodium` is the compiled module under `nacl`, cffi's backend comes with it; `nacl` itself is empty
    foreign = {name for name in found if name.partition(".")[0] not in LIGHT}
    assert foreign <= {"_cffi_backend", "_sodium", "_sodium.lib"}
    assert {name for name in found if name.startswith("nacl.")} <= {"nacl._sodium"}


def test_verifying_loads_no_more() -> None:
    statement = (
        "from kanoniv_auth.core.verification import verify\n"
        "from kanoniv_auth.core.roots import TrustedRoots\n"
        "from kanoniv_auth.core.access import Access\n"
        "try: verify('kd2.' + 'A' * 120 + '~s' + 'A' * 96, roots=TrustedRoots(), audience=None, "
        "access=Access('a'), now=0, once=None, revoked=None, cache=None)\n"
        "except Exception as error: assert error.slug == 'parse', error"
    )
    assert loaded(statement) & HEAVY == set()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield str(node.module)


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_is_pure(path: Path) -> None:
    assert {name.partition(".")[0] for name in imports(path)} & OUTSIDE == set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert called & {"__import__", "compile", "eval", "exec", "input", "open", "print"} == set()


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_stands_on_itself(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith("kanoniv_auth")}
    assert {name for name in ours if not name.startswith("kanoniv_auth.core")} == set()
