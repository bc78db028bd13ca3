"""What the package's types are to others: the wheel carries them, and a type checker knows every public one.

mypy looks from the inside; this looks at the installed wheel, where every inferred type is one that may differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth

ROOT = Path(__file__).resolve().parent.parent
CHECKER = Path(sys.executable).with_name("basedpyright")


def run(*words: str, cwd: Path, path: str = "", expected: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in expected, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with our wheel in it, and nothing else."""
    if not CHECKER.exists():
        pytest.skip("basedpyright is not beside this interpreter: run through make")
    place = tmp_path_factory.mktemp("typing")
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT),
        cwd=place,
    )  # fmt: skip
    run(sys.executable, "-m", "venv", "--without-pip", str(place / "venv"), cwd=place)
    (packages,) = (place / "venv").glob("lib/python*/site-packages")
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        assert "kanoniv_auth/py.typed" in file.namelist()
        file.extractall(packages)
    return place


def check(place: Path, *words: str, expected: tuple[int, ...] = (0,)) -> Any:
    """Run the type checker as somebody who has installed the wheel."""
    # it takes the first python on PATH for the one to look in
    bin_ = str(place / "venv" / "bin")
    return json.loads(
        run(str(CHECKER), "--outputjson", *words, cwd=place, path=bin_, expected=expected)
    )


def test_every_public_type_is_known(place: Path) -> None:
    report = check(place, "--verifytypes", "kanoniv_auth", "--ignoreexternal", expected=(0, 1))
    found = report["typeCompleteness"]
    assert str(place) in found["pyTypedPath"]
    unknown = {
        symbol["name"]: [entry["message"] for entry in symbol["diagnostics"]]
        for symbol in found["symbols"]
        if symbol["isExported"] and (not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"])
    }
    assert unknown == {}
    assert found["completenessScore"] == 1
    assert found["exportedSymbolCounts"]["withKnownType"] > 500
    names = {symbol["name"] for symbol in found["symbols"]}
    assert {f"kanoniv_auth.{name}" for name in kanoniv_auth._HOME_OF} <= names


USE = """
import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import assert_type

import kanoniv_auth as ka

@ka.requires("deploy.{env}")
def deploy(env: str, *, times: int = 1) -> bytes:
    return b""

@ka.requires("deploy")
async def later(env: str) -> int:
    return 1

@ka.requires("deploy")
def steps() -> Generator[int, str, bool]:
    yield 1
    return True

@ka.requires("deploy")
async def stream() -> AsyncGenerator[int, str]:
    yield 1

class Service:
    @ka.requires("deploy.{env}")
    def deploy(self, env: str) -> list[str]:
        return [env]

assert_type(deploy("staging", times=2), bytes)
assert_type(steps(), Generator[int, str, bool])
assert_type(stream(), AsyncGenerator[int, str])
assert_type(Service().deploy("staging"), list[str])
with ka.delegated("kd2.") as found, ka.narrow(["deploy"], ttl="5m") as token:
    assert_type(found.agent_did, str)
    assert_type(token, str)

async def main() -> None:
    assert_type(await later("staging"), int)
    async with ka.delegated("kd2.") as found, ka.narrow("deploy", 300) as token:
        assert_type(found.scopes, tuple[str, ...])
        assert_type(token, str)

assert_type(ka.remove_agent("x"), bool)
assert_type(ka.rename_agent("x", "y").did, str)
asyncio.run(main())
"""
MISUSE = {
    "deploy(1)": "reportArgumentType",
    "deploy('x', 2)": "reportCallIssue",
    "deploy('x').decode().nothing": "reportAttributeAccessIssue",
    "later('x') + 1": "reportOperatorIssue",
    "ka.narrow(1)": "reportArgumentType",
    "ka.requires('deploy', token='kd2.')": "reportArgumentType",
}


def test_what_is_wrapped_keeps_its_type(place: Path) -> None:
    (place / "use.py").write_text("from __future__ import annotations\n" + USE)
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (place / "pyrightconfig.json").write_text(json.dumps(settings))
    assert check(place, "use.py")["generalDiagnostics"] == []
    wrong = USE + "\n".join(MISUSE)
    (place / "misuse.py").write_text("from __future__ import annotations\n" + wrong)
    lines = wrong.splitlines()
    found = [
        (lines[entry["range"]["start"]["line"] - 1], entry["rule"])
        for entry in check(place, "misuse.py", expected=(1,))["generalDiagnostics"]
        if entry["severity"] == "error"
    ]
    assert [pair for pair in found if pair[1] in MISUSE.values()] == list(MISUSE.items())
