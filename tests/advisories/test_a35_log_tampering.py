"""A35: whoever may write the log's folder, or chooses a value in it, makes it say what did not happen.

The published product's audit log took forged lines out of an agent's name (its PoC C6), kept no denial (C3), and no
edit or deletion of a line was ever found (C7).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.advisories.terminal import Terminal
from tests.advisories.test_a34_log_injection import EVERYTHING, NASTY, is_clean

FORGED = (
    '{"agent":"","at":1,"checkpoint":0,"claimed":false,"cut":"","details":{},"event":"exec","name":"ceo",'
    '"prev":"' + "0" * 64 + '","result":"allowed","seq":1}'
)


@pytest.fixture
def used(terminal: Terminal) -> Terminal:
    """A home in which somebody did something."""
    terminal.done("init")
    terminal.done("delegate", "-s", "deploy", "-n", "bot")
    terminal.done("verify", "-s", "deploy")
    assert terminal.run("verify", "-s", "release").status == 1
    terminal.done("sign", "-a", "deploy", "--target", "web")
    return terminal


def log_of(terminal: Terminal) -> Path:
    return terminal.home / "audit.jsonl"


def test_c3_a_denial_is_in_the_log(used: Terminal) -> None:
    shown = used.run("audit-log").out
    assert [line for line in shown.splitlines() if "release" in line and line.endswith("denied")]


@pytest.mark.parametrize(
    "text", [*NASTY.values(), f"x\n{FORGED}\n"], ids=[*NASTY, "a whole record"]
)
def test_c6_a_value_forges_no_line(used: Terminal, text: str) -> None:
    before = len(log_of(used).read_bytes().splitlines())
    used.run("sign", "-a", "deploy", "--target", text)
    used.run("exec", "-s", "deploy", "--", f"./{text}")
    data = log_of(used).read_bytes()
    assert len(data.splitlines()) == len(data.decode("ascii").splitlines()) == before + 2
    assert used.run("audit-log", "-a", "ceo").out == "0 event(s)\n"
    assert used.run("audit-log", "verify").status == 0


def test_c6_nothing_in_the_view_moves_the_cursor_or_fakes_a_column(used: Terminal) -> None:
    used.run("sign", "-a", "deploy", "--target", EVERYTHING + " " * 30 + "allowed")
    assert is_clean(used.on_a_screen("audit-log").shown)
    assert is_clean(used.on_a_screen("audit-log", "-a", EVERYTHING).shown)
    assert is_clean(used.on_a_screen("audit-log", "--since", EVERYTHING).shown)
    with log_of(used).open("ab") as file:
        file.write(EVERYTHING.encode() + b"\n")
    assert is_clean(used.on_a_screen("audit-log").shown)
    assert is_clean(used.on_a_screen("audit-log", "verify").shown)


def test_c7_a_deleted_line_is_found(used: Terminal) -> None:
    used.done("delegate", "-s", "deploy")  # which is signed for
    whole = log_of(used).read_bytes().splitlines(keepends=True)
    for at in range(len(whole)):
        log_of(used).write_bytes(b"".join(whole[:at] + whole[at + 1 :]))
        said = used.run("audit-log", "verify")
        assert (said.status, said.slug) == (1, "log_broken")
        assert str(log_of(used)) in said.err


def test_c7_a_denial_made_into_a_permission_is_found(used: Terminal) -> None:
    used.done("audit-log", "checkpoint")
    data = log_of(used).read_bytes()
    assert data.count(b'"denied"') == 1
    log_of(used).write_bytes(data.replace(b'"denied"', b'"allowed"'))
    assert used.run("audit-log", "verify").slug == "log_broken"


def test_c7_the_whole_log_made_anew_is_found_by_a_checkpoint_from_elsewhere(used: Terminal) -> None:
    kept = used.run("audit-log", "checkpoint").out
    for name in ("audit.jsonl", "audit.checkpoint", "machine.key"):
        (used.home / name).unlink()
    used.done("delegate", "-s", "deploy")
    assert used.run("audit-log", "verify").status == 0
    said = used.run("audit-log", "verify", "--checkpoint", "-", stdin=kept)
    assert said.slug == "log_broken"


def test_a_name_that_is_only_claimed_is_marked(used: Terminal, tmp_path: Path) -> None:
    """Anybody can make a root, and with it a token for an agent called `bot`."""
    other = Terminal(tmp_path / "other")
    other.place.mkdir()
    other.done("init")
    other.done("delegate", "-s", "deploy", "-n", "bot")
    token = (other.home / "tokens" / "latest").read_text()
    assert used.run("verify", "-s", "deploy", "-t", "-", stdin=token).slug == "untrusted_root"
    first = used.run("audit-log", "-n", "1").out.splitlines()[2]
    assert "bot?" in first
    assert json.loads(log_of(used).read_text().splitlines()[-1])["claimed"] is True
