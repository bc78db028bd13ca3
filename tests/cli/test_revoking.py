"""`revoke` and `revocations` as a person and a script meet them, and many of them at once."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import COMMAND, Said, Shell


def slug(said: Said) -> str:
    line = next(line for line in said.err.splitlines() if line.startswith("error:"))
    return line.rpartition("[")[2][:-1]


def facts(said: Said) -> Any:
    assert said.err == ""
    return json.loads(said.out)


def listed(shell: Shell) -> Any:
    return facts(shell.kanoniv("revocations", "list", "--json"))["lists"]


def test_twenty_at_once_lose_nothing(shell: Shell) -> None:
    shell.token("build")
    ids = [f"{number:064x}" for number in range(1, 21)]
    running = [
        subprocess.Popen([COMMAND, "revoke", "--id", one], env=shell.env, stdout=subprocess.DEVNULL)
        for one in ids
    ]
    assert [process.wait(timeout=60) for process in running] == [0] * 20
    (row,) = listed(shell)
    assert (row["ids"], row["seq"]) == (20, 20)
    again = [facts(shell.kanoniv("revoke", "--id", one, "--json"))["already"] for one in ids]
    assert again == [True] * 20


def test_what_was_acknowledged_outlives_a_kill(shell: Shell) -> None:
    shell.token("build")
    dice = random.Random(7)  # noqa: S311 - the same moments each time
    acknowledged = []
    for batch in range(3):
        ids = [f"{batch * 100 + number:064x}" for number in range(1, 9)]
        running = [
            subprocess.Popen(
                [COMMAND, "revoke", "--id", one], env=shell.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            for one in ids
        ]  # fmt: skip
        for process in dice.sample(running, 4):
            time.sleep(dice.uniform(0, 0.15))
            process.kill()
        answers = [process.communicate(timeout=60)[0] for process in running]
        acknowledged += [one for one, text in zip(ids, answers, strict=True) if text]
    assert len(acknowledged) >= 12
    for one in acknowledged:
        assert facts(shell.kanoniv("revoke", "--id", one, "--json"))["already"], one
    assert shell.kanoniv("verify", "-s", "build").status == 0


def test_a_damaged_list_stops_every_command_and_names_the_file(shell: Shell) -> None:
    token = shell.token("build")
    assert shell.kanoniv("revoke", "--id", "1" * 64).status == 0
    path = next((shell.home / "revocations").iterdir())
    path.write_text(path.read_text()[:-9])
    for words in (
        ("verify", "-s", "build"), ("exec", "-s", "build", "--", "true"), ("sign", "-a", "build"), ("whoami",),
        ("status",), ("delegate", "-s", "build", "--parent", token), ("revoke",), ("revocations", "list"),
        ("request-scope", "-s", "test"), ("revocations", "export"),
    ):  # fmt: skip
        said = shell.kanoniv(*words)
        assert (said.status, said.out, slug(said)) == (2, "", "storage"), words
        assert said.err.count(str(path)) == 2, words
    path.unlink()
    assert shell.kanoniv("verify", "-s", "build").status == 0


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_a_list_that_others_can_write(shell: Shell, mode: int) -> None:
    shell.token("build")
    shell.kanoniv("revoke")
    path = next((shell.home / "revocations").iterdir())
    path.chmod(mode)
    said = shell.kanoniv("verify", "-s", "build")
    assert (said.status, slug(said)) == (2, "key_permissions")
    fix = said.err.partition("fix: ")[2].strip()
    assert shell.line(fix).status == 0
    said = shell.kanoniv("verify", "-s", "build")
    assert (said.status, slug(said)) == (1, "revoked")


@pytest.mark.parametrize(
    "words",
    [
        ("-t", "x", "--id", "1"), ("-a", "x", "--holder", "y"), ("--token-file", "x", "-a", "y"),
        ("-t", "-", "-k", "-"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_one_thing_is_revoked_at_a_time(shell: Shell, words: tuple[str, ...]) -> None:
    shell.token("build")
    said = shell.kanoniv("revoke", *words)
    assert (said.status, slug(said)) == (2, "usage")
    assert not (shell.home / "revocations").exists()


def test_without_a_root_key_there_is_nobody_to_revoke(shell: Shell, tmp_path: Path) -> None:
    token = shell.token("build")
    elsewhere = str(tmp_path / "elsewhere")
    said = shell.kanoniv("revoke", "-t", token, KANONIV_HOME=elsewhere)
    assert (said.status, slug(said)) == (2, "no_root_key")
    said = shell.kanoniv(
        "revoke", "-t", token, "-k", str(shell.home / "root.key"), KANONIV_HOME=elsewhere
    )
    assert said.status == 0
    (row,) = facts(shell.kanoniv("revocations", "list", "--json", KANONIV_HOME=elsewhere))["lists"]
    assert row["ids"] == 1


def test_the_wrong_root_key_says_whose_is_needed(shell: Shell, tmp_path: Path) -> None:
    token = shell.token("build")
    did = facts(shell.kanoniv("whoami", "--json"))["root_did"]
    elsewhere = str(tmp_path / "elsewhere")
    shell.kanoniv("init", KANONIV_HOME=elsewhere)
    said = shell.kanoniv("revoke", "-t", token, KANONIV_HOME=elsewhere)
    assert (said.status, slug(said)) == (2, "usage")
    assert did in said.err


@pytest.mark.parametrize("text", ["", "kdr2.", "kd2.abc", "nonsense"])
def test_what_is_no_list_is_not_imported(shell: Shell, text: str) -> None:
    shell.token("build")
    said = shell.kanoniv("revocations", "import", "-", stdin=text)
    assert (said.status, said.out, slug(said)) == (2, "", "parse")
    assert not (shell.home / "revocations").exists()


def test_a_version_1_token_ends_with_its_holders_key(shell: Shell) -> None:
    token = shell.token("build", "--format", "v1", "--embed-key")
    assert shell.kanoniv("verify", "-s", "build", "-t", token).status == 0
    made = facts(shell.kanoniv("revoke", "-t", token, "--json"))
    assert made["kind"] == "key"
    said = shell.kanoniv("verify", "-s", "build", "-t", token)
    assert (said.status, slug(said)) == (1, "revoked")
    said = shell.kanoniv("revoke", "-t", token[:-8])
    assert (said.status, said.out) == (2, "")


def test_an_older_list_is_refused_with_exit_1(shell: Shell) -> None:
    shell.token("build")
    shell.kanoniv("revoke", "--id", "1" * 64)
    old = shell.kanoniv("revocations", "export").out
    shell.kanoniv("revoke", "--id", "2" * 64)
    said = shell.kanoniv("revocations", "import", "-", "--json", stdin=old)
    assert (said.status, facts(said)["code"]) == (1, "rolled_back")
    assert listed(shell)[0]["ids"] == 2


def test_every_revocation_is_in_the_log(shell: Shell) -> None:
    shell.token("build")
    shell.kanoniv("revoke")
    shell.kanoniv("revoke")
    text = shell.kanoniv("revocations", "export").out
    shell.kanoniv("revocations", "import", "-", stdin=text)
    shell.kanoniv("roots", "rotate")
    shell.kanoniv("roots", "add", "x", "11" * 31 + "ff")
    rows = [json.loads(line) for line in (shell.home / "audit.jsonl").read_text().splitlines()]
    events = [
        (row["event"], row["details"].get("verb"), row["details"].get("already")) for row in rows
    ]
    assert events[-4:] == [
        ("revoke", None, False), ("revoke", None, True), ("revocations", "import", True), ("roots", "rotate", None),
    ]  # fmt: skip
