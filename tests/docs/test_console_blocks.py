"""Every command and every Python line that a page shows is run, in the order of the page; what is not says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.markdown import NOT_RUN, Block, read
from tests.support.session import (
    BEFORE,
    ROOT,
    WITH_SERVICE,
    person,
    play,
    service_beside,
    steps_of,
)
from tests.support.transcript import Step

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = {"console", "python"}
SHELL = {"sh", "bash", "shell", "zsh", "powershell"}
OTHER = {"", "json", "text", "yaml"}
SYNOPSES = {ROOT / "docs" / "reference" / "cli.md"}  # generated from the table of commands


def blocks_of(path: Path) -> list[Block]:
    return read(path.read_text(encoding="utf-8")).blocks


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "path", [p for p in PAGES if RUN & {b.language for b in blocks_of(p)}], ids=name_of
)
def test_the_page_is_true(path: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    shell = person(tmp_path / "you")
    BEFORE.get(name_of(path), lambda _: None)(shell.place)
    steps = steps_of([block for block in blocks_of(path) if block.language in RUN], notes)
    assert steps
    if name_of(path) not in WITH_SERVICE:
        play(steps, shell, notes)
        return
    with service_beside(shell.place) as service:
        play(steps, shell, notes, service)


def test_what_is_not_run_says_why() -> None:
    silent = [
        f"{name_of(path)}:{block.line}"
        for path in PAGES
        for block in blocks_of(path)
        if block.language in SHELL and not NOT_RUN.fullmatch(block.before)
    ]
    assert silent == []


def test_what_is_run_is_not_said_to_be_left_out() -> None:
    wrong = [
        f"{name_of(path)}:{block.line}"
        for path in PAGES
        for block in blocks_of(path)
        if block.language in RUN and NOT_RUN.fullmatch(block.before)
    ]
    assert wrong == []


def test_no_command_hides_in_a_block_of_another_kind() -> None:
    hidden = [
        f"{name_of(path)}:{block.line}"
        for path in PAGES
        if path not in SYNOPSES
        for block in blocks_of(path)
        if block.language not in RUN | SHELL
        for line in block.text.splitlines()
        if line.startswith(("$ ", "kanoniv-auth ", "pip install"))
    ]
    assert hidden == []
    kinds = {block.language for path in PAGES for block in blocks_of(path)}
    assert kinds <= RUN | SHELL | OTHER


@pytest.mark.parametrize(
    "step",
    [
        Step("echo a", "b\n", "", 0, 1),
        Step("echo a >&2", "", "", 0, 1),
        Step("false", "", "", 0, 1),
        Step("exit 0", "", "", 0, 1),
        Step("kanoniv-auth verify -s a", "*", "*", 0, 1),
    ],
    ids=["stdout", "stderr", "status", "end", "ours"],
)
def test_a_page_that_is_not_true_is_found(step: Step, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    with pytest.raises(AssertionError, match="line 1"):
        play([step], person(tmp_path / "you"), notes)


@pytest.mark.parametrize(
    "code",
    ["1 / 0", "verify('deploy.prod')", "verify('deploy.staging')  # raises ScopeViolation"],
    ids=["defect", "refusal", "no refusal"],
)
def test_a_snippet_that_is_not_true_is_found(code: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    before = "from kanoniv_auth import init_root, delegate, verify\ninit_root()\ndelegate('deploy.staging')\n"
    good, bad = (Block("python", text, line, "") for line, text in ((1, before), (9, code)))
    with pytest.raises(AssertionError, match="line 9"):
        play(steps_of([good, bad], notes), person(tmp_path / "you"), notes)
