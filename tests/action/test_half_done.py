"""A mint that fails half-way has armed nothing: variables come last, whole, and after everything was checked."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_ci.carrier import pack, unpack
from kanoniv_ci.engine import Engine
from kanoniv_ci.faults import Refusal
from kanoniv_ci.workflow import CommandFiles, Result, delimiter, finish, foreign_lines

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
    return {name: str(tmp_path / name) for name in names}


@pytest.mark.parametrize(
    "result",
    [
        Result(0, {"token": "t"}, {"KANONIV_TOKEN": "t", "PATH": "/evil"}),
        Result(0, {"not a name": "t"}, {"KANONIV_TOKEN": "t"}),
        Result(0, {"token": "a\0b"}, {"KANONIV_TOKEN": "t"}),
    ],
)
def test_nothing_is_written_before_all_of_it_is_made(
    paths: dict[str, str], tmp_path: Path, result: Result
) -> None:
    with pytest.raises((Refusal, ValueError)):
        finish(result, tmp_path, CommandFiles(paths, delimiter))
    assert [name for name in paths if Path(paths[name]).exists()] == []


@pytest.mark.parametrize("spoilt", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_variables_come_last(paths: dict[str, str], tmp_path: Path, spoilt: str) -> None:
    Path(paths[spoilt]).mkdir()
    result = Result(0, {"token": "t"}, {"KANONIV_TOKEN": "t"}, "summary")
    with pytest.raises(Refusal):
        finish(result, tmp_path, CommandFiles(paths, delimiter))
    assert not Path(paths["GITHUB_ENV"]).exists()


def test_half_an_entry_is_none(paths: dict[str, str], tmp_path: Path) -> None:
    program = (
        "import sys; from kanoniv_ci.workflow import CommandFiles, Result, delimiter, finish\n"
        "from kanoniv_ci.faults import Refusal; from pathlib import Path\n"
        f"files = CommandFiles({paths!r}, delimiter)\n"
        "try: finish(Result(0, {}, {'KANONIV_TOKEN': 'x' * 200}), Path('.'), files)\n"
        "except Refusal as refusal: sys.exit(refusal.problems[0].code != 'KAN-RUNNER-005')\n"
        "sys.exit(9)"
    )
    Path(paths["GITHUB_ENV"]).write_text("BEFORE=1\n", encoding="ascii")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))

    done = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=ROOT, preexec_fn=small_disk, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == 0
    assert Path(paths["GITHUB_ENV"]).read_text(encoding="ascii") == "BEFORE=1\n"


@pytest.mark.parametrize(
    "result",
    [
        Result(0, {"a b": "x"}),
        Result(0, {"a": "x\0"}),
        Result(0, {"a": "\ud800"}),
        Result(0, {}, {"a" * 101: "x"}),
        Result(0, summary="\ud800"),
        Result(256),
    ],
)
def test_a_container_cannot_bring_what_the_runner_cannot_hold(result: Result) -> None:
    with pytest.raises(Refusal):
        unpack(pack(result))


def test_lines_of_other_programs_are_no_commands(capfd: pytest.CaptureFixture[str]) -> None:
    with foreign_lines():
        subprocess.run(["printf", "::error::pwned"], stdout=2, check=True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("::stop-commands::stop-")
    assert lines[1:] == ["::error::pwned", f"::{lines[0].removeprefix('::stop-commands::')}::"]


def test_no_line_of_docker_is_a_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Registries and indexes put their own words into what docker and pip print."""
    binary = tmp_path / "docker"
    binary.write_text("#!/bin/sh\necho '::set-output name=python::/evil'\n", encoding="ascii")
    binary.chmod(0o755)
    Engine(str(binary), "unix:///nowhere", str(tmp_path)).do("pull", "image", seconds=20)
    said = capfd.readouterr()
    assert said.out == ""
    stop, foreign, *rest = said.err.splitlines()
    assert stop.startswith("::stop-commands::stop-")
    assert foreign == "::set-output name=python::/evil"
    assert [line for line in rest if line] == [f"::{stop.removeprefix('::stop-commands::')}::"]


def test_a_failed_mint_leaves_no_key(paths: dict[str, str], tmp_path: Path) -> None:
    Path(paths["GITHUB_ENV"]).mkdir()
    session = tmp_path / "session"
    result = Result(0, {}, {"KANONIV_TOKEN": "t"}, files={"token": b"t", "home/keys/a.key": b"k"})
    with pytest.raises(Refusal):
        finish(result, session, CommandFiles(paths, delimiter))
    assert [path for path in session.rglob("*") if path.is_file()] == []
