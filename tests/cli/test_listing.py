"""`agents …`, `tokens`, `delegate -s … -s …`: what they print where, whom they ask, and hostile things to print."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.shell import COMMAND, Shell

ESCAPE = "\033[31mred\033[0m\r\nforged"


def on_terminal(shell: Shell, *words: str, types: str = "") -> tuple[int, str]:
    """Run a command with a terminal on all three descriptors."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=shell.env,
        cwd=shell.place,
    )
    os.close(theirs)
    if types:
        os.write(ours, types.encode())
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:
        pass  # Linux says so when the other end is closed
    os.close(ours)
    return process.wait(timeout=20), shown.decode()


def answer(shell: Shell, *words: str, status: int = 0) -> dict[str, object]:
    """What --json says: one object, and nothing on stderr."""
    said = shell.kanoniv(*words, "--json")
    assert (said.status, said.err, said.out.count("\n")) == (status, "", 1), said
    found = json.loads(said.out)
    assert isinstance(found, dict)
    assert found["ok"] is (status == 0)
    return found


def agents(shell: Shell) -> list[str]:
    rows = answer(shell, "agents", "list")["agents"]
    assert isinstance(rows, list)
    return [row["name"] for row in rows]


@pytest.fixture
def bot(shell: Shell) -> str:
    """A registered agent's token."""
    return shell.token("build", "-n", "bot")


# --------------------------------------------------------------------------------- asking before removing


@pytest.mark.parametrize("types", ["y\n", "yes\n", " Y \n"])
def test_removing_asks_on_a_terminal(shell: Shell, bot: str, types: str) -> None:
    status, shown = on_terminal(shell, "agents", "remove", "bot", types=types)
    assert status == 0
    assert "Its key is deleted for good. [y/N]" in shown
    assert "kanoniv-auth revoke --holder did:key:z" in shown
    assert agents(shell) == []
    assert list((shell.home / "keys").glob("*.key")) == []


@pytest.mark.parametrize("types", ["\n", "n\n", "no\n", "yes please\n", "\x04", "bot\n"])
def test_anything_but_yes_leaves_it_there(shell: Shell, bot: str, types: str) -> None:
    status, shown = on_terminal(shell, "agents", "remove", "bot", types=types)
    assert status == 1
    assert "bot is still there" in shown
    assert agents(shell) == ["bot"]
    assert len(list((shell.home / "keys").glob("*.key"))) == 1


def test_where_nobody_can_be_asked_yes_must_be_said(shell: Shell, bot: str) -> None:
    for stdin in ("", "y\n"):
        said = shell.kanoniv("agents", "remove", "bot", stdin=stdin)
        assert said.status == 2
        assert said.err.splitlines()[-1] == "fix: kanoniv-auth agents remove bot --yes"
    assert answer(shell, "agents", "remove", "bot", status=2)["code"] == "usage"
    assert agents(shell) == ["bot"]
    said = shell.kanoniv("agents", "remove", "bot", "--yes")
    assert said.status == 0
    assert agents(shell) == []


def test_the_printed_command_stops_what_the_agent_has(shell: Shell, bot: str) -> None:
    assert shell.kanoniv("verify", "-s", "build", "--token", bot).status == 0
    stop = answer(shell, "agents", "remove", "bot", "--yes")["stop"]
    assert isinstance(stop, str)
    assert shell.kanoniv("verify", "-s", "build", "--token", bot).status == 0
    assert shell.line(stop).status == 0
    said = shell.kanoniv("verify", "-s", "build", "--token", bot)
    assert (said.status, "[revoked]" in said.err) == (1, True)


@pytest.mark.parametrize("spoil", ["gone", "open", "nonsense"])
def test_an_agent_with_a_spoilt_key_can_be_removed(shell: Shell, bot: str, spoil: str) -> None:
    (path,) = (shell.home / "keys").glob("*.key")
    if spoil == "gone":
        path.unlink()
    elif spoil == "open":
        path.chmod(0o644)
    else:
        path.write_text("nonsense")
    said = shell.kanoniv("agents", "show", "bot")
    assert said.status == 2
    assert "Traceback" not in said.err
    found = answer(shell, "agents", "remove", "bot", "--yes")
    assert (found["did_key"], found["stop"]) == (None, None)
    assert not path.exists()


# ------------------------------------------------------------------------------ what is printed, and where


def test_lines_for_scripts_and_a_table_for_people(shell: Shell, bot: str) -> None:
    shell.token("deploy,test", "-n", "deploy-bot")
    lines = shell.kanoniv("agents", "list").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["bot", "deploy-bot"]
    _, shown = on_terminal(shell, "agents", "list")
    table = shown.splitlines()
    assert table[0].split() == ["NAME", "DID", "CREATED"]
    assert len({line.index("did:") for line in table[1:]}) == 1
    _, shown = on_terminal(shell, "tokens")
    assert shown.splitlines()[1].split() == ["AGENT", "SCOPES", "TTL", "FILE"]
    assert shell.kanoniv("tokens").out.splitlines()[2:4] == [
        "    Agent:  deploy-bot",
        "    Scopes: deploy, test",
    ]


@pytest.mark.parametrize("words", [("agents", "list"), ("tokens",), ("agents", "show", "bot")])
def test_no_colour_where_none_is_wanted(shell: Shell, bot: str, words: tuple[str, ...]) -> None:
    assert "\033" not in shell.kanoniv(*words).out
    shell.env["NO_COLOR"] = "1"
    assert "\033" not in on_terminal(shell, *words)[1]


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_a_terminals_that_shows_it(shell: Shell, variable: dict[str, str]) -> None:
    shell.token("deploy")
    shell.env["TERM"] = "xterm"
    assert "\033[32mACTIVE" in on_terminal(shell, "status")[1]
    shell.env.update(variable)
    assert "\033" not in on_terminal(shell, "status")[1]


def test_nothing_from_outside_reaches_the_terminal_raw(shell: Shell, bot: str) -> None:
    registry = json.loads((shell.home / "agents.json").read_text())
    registry["bot"]["created_at"] = ESCAPE
    (shell.home / "agents.json").write_text(json.dumps(registry))
    hostile = shell.home / "tokens" / f"{ESCAPE}.token"
    hostile.write_text(bot)
    for words in (("agents", "list"), ("agents", "show", "bot"), ("tokens",)):
        said = shell.kanoniv(*words)
        assert said.status == 0
        assert "\033" not in said.out
        assert "\r" not in said.out
        assert not any(line.startswith("forged") for line in said.out.splitlines())
        assert "\033" not in on_terminal(shell, *words)[1].replace("\033[32m", "").replace(
            "\033[0m", ""
        )
        assert "\033" not in json.dumps(answer(shell, *words))


def test_a_name_from_outside_is_refused_by_its_grammar(shell: Shell, bot: str) -> None:
    for words in (
        ("show", ESCAPE),
        ("remove", "--yes", ESCAPE),
        ("rename", "bot", ESCAPE),
        ("show", "../bot"),
    ):
        said = shell.kanoniv("agents", *words)
        assert said.status == 2
        assert "not in the grammar" in said.err
        assert "\033" not in said.err


def test_a_corrupt_registry_is_one_clear_error(shell: Shell, bot: str) -> None:
    (shell.home / "agents.json").write_text("{")
    for words in (("agents", "list"), ("agents", "show", "bot"), ("agents", "rename", "bot", "x"),
                  ("agents", "remove", "bot", "--yes"), ("tokens",), ("delegate", "-s", "a", "-n", "bot")):  # fmt: skip
        said = shell.kanoniv(*words)
        assert said.status == 2
        assert "agents.json" in said.err
        assert "fix: " in said.err
        assert said.err.count("\n") <= 3
    assert (shell.home / "agents.json").read_text() == "{"
    assert shell.kanoniv("verify", "-s", "build").status == 0  # which needs no names


def test_the_state_of_a_token_is_what_proving_it_says(shell: Shell, tmp_path: Path) -> None:
    shell.token("build", "--audience", "elsewhere")
    shell.token("test", "-t", "never")
    (path,) = [
        p
        for p in (shell.home / "tokens").glob("*.token")
        if p.read_text() == shell.line("cat home/tokens/latest").out
    ]
    path.with_name("edited.token").write_text(path.read_text()[:-6] + "AAAAAA")
    rows = answer(shell, "tokens")["tokens"]
    assert isinstance(rows, list)
    assert sorted(row["state"] for row in rows) == ["active", "active", "bad_signature"]
    assert all(type(row["issued_at"]) is int for row in rows)
    said = shell.kanoniv("tokens", KANONIV_ROOT_DID="did:agent:" + "0" * 32)
    assert said.out.count("[untrusted_root]") == 3
    assert "no expiry" in said.out


def test_agent_changes_stand_in_the_audit_log(shell: Shell, bot: str) -> None:
    shell.kanoniv("agents", "rename", "bot", "new")
    shell.kanoniv("agents", "remove", "new", "--yes")
    lines = [json.loads(line) for line in (shell.home / "audit.jsonl").read_text().splitlines()]
    found = [(row["details"]["verb"], row["name"]) for row in lines if row["event"] == "agents"]
    assert found == [("register", "bot"), ("rename", "new"), ("remove", "new")]


# ---------------------------------------------------------------------------------------------- delegate


def test_scopes_may_be_said_several_times(shell: Shell) -> None:
    shell.token("build,test", "-s", "deploy.staging", "--scopes=docs", "-s", "build")
    found = answer(shell, "whoami")
    assert found["scopes"] == ["build", "deploy.staging", "docs", "test"]
    assert shell.kanoniv("delegate", "-s", "", "-s", " ").status == 2
    assert shell.kanoniv("delegate").status == 2


def test_a_number_without_a_unit_is_told_to_be_seconds(shell: Shell) -> None:
    shell.token("build")
    said = shell.kanoniv("delegate", "-s", "build", "-t", "4")
    assert said.err == "note: 4 without a unit is seconds; minutes and hours are 4m, 4h\n"
    assert 0 < int(str(answer(shell, "whoami")["ttl_remaining"])) <= 4
    assert shell.kanoniv("delegate", "-s", "build", "-t", "4", "--dry-run").err == said.err
    for clear in ("4s", "4h", "never", "1h30m"):
        assert shell.kanoniv("delegate", "-s", "build", "-t", clear).err == ""
    answer(shell, "delegate", "-s", "build", "-t", "4")


@pytest.mark.parametrize("where", ["a file", "a folder's place is a file"])
def test_a_home_that_cannot_be_used_registers_no_name(shell: Shell, where: str) -> None:
    shell.token("build")
    bad = shell.place / "bad"
    if where == "a file":
        bad.write_text("")
    else:
        bad.mkdir()
        (bad / "tokens").write_text("")
    said = shell.kanoniv("delegate", "-s", "build", "-n", "bot", "--home", "bad")
    assert said.status == 2
    assert "bad" in said.err
    assert agents(shell) == []


@pytest.mark.parametrize(
    ("scope", "fix"),
    [
        ("deploy.*", "there are no wildcards: use deploy, which covers all below it"),
        ("*", "there are no wildcards: name each scope, which covers all below it"),
        ("deploy.*.eu", "there are no wildcards: name each scope, which covers all below it"),
        ("a:*", "there are no wildcards: use a, which covers all below it"),
        ("deploy,x.**", "there are no wildcards: name each scope, which covers all below it"),
    ],
)
def test_there_are_no_wildcards_and_no_spelling_of_one(shell: Shell, scope: str, fix: str) -> None:
    shell.token("build")
    for words in (("delegate", "-s", scope), ("delegate", "-s", "build", "-s", scope)):
        said = shell.kanoniv(*words)
        assert said.status == 2
        assert said.err.splitlines()[-1] == f"fix: {fix}"
        assert "%2a" not in said.err
    if "," not in scope:
        assert shell.kanoniv("verify", "-s", scope).status == 2


def test_status_of_an_agent(shell: Shell, bot: str) -> None:
    """0 alive, 1 ended or refused, 2 no token: of that agent, whatever the latest is."""
    shell.token("other")
    said = shell.kanoniv("status", "-a", "bot")
    assert said.status == 0
    assert said.out.splitlines()[0] == "ACTIVE"
    assert "  Agent:  bot" in said.out
    assert "  Scopes: build" in said.out
    shell.token("short", "-n", "brief", "-t", "1s")
    time.sleep(1.1)
    said = shell.kanoniv("status", "-a", "brief")
    assert (said.status, said.out.splitlines()[0]) == (1, "EXPIRED")
    assert "kanoniv-auth delegate" in said.out
    assert answer(shell, "status", "-a", "brief", status=1)["status"] == "expired"
    shell.line("rm home/tokens/*.token")
    said = shell.kanoniv("status", "-a", "bot")
    assert (said.status, said.out.splitlines()[0]) == (2, "NO TOKEN")
    assert answer(shell, "status", "-a", "bot", status=2)["status"] == "no_token"
