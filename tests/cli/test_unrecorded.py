"""`verify` and `exec` where the audit log cannot be written: the verdict still comes, and says so; or it is refused."""

from __future__ import annotations

import json

import pytest

from tests.cli.shell import Said, Shell


@pytest.fixture
def spoilt(shell: Shell) -> Shell:
    """A home whose log is a directory."""
    shell.token("build")
    (shell.home / "audit.jsonl").unlink()
    (shell.home / "audit.jsonl").mkdir()
    return shell


def noted(said: Said) -> bool:
    return any(line.startswith("note: not recorded: ") for line in said.err.splitlines())


def test_verify_answers_and_says_so(spoilt: Shell) -> None:
    allowed = spoilt.kanoniv("verify", "-s", "build")
    assert (allowed.status, allowed.out.splitlines()[0], noted(allowed)) == (0, "VERIFIED", True)
    denied = spoilt.kanoniv("verify", "-s", "prod")
    assert (denied.status, denied.out, noted(denied)) == (1, "", True)
    garbage = spoilt.kanoniv("verify", "-s", "build", "-t", "kd2.AA.AA~x")
    assert (garbage.status, noted(garbage)) == (2, True)


@pytest.mark.parametrize(("scope", "status", "code"), [("build", 0, "ok"), ("prod", 1, "scope")])
def test_verify_says_so_in_json_alone(spoilt: Shell, scope: str, status: int, code: str) -> None:
    said = spoilt.kanoniv("verify", "-s", scope, "--json")
    found = json.loads(said.out)
    assert (said.status, said.err, found["code"], found["recorded"]) == (status, "", code, False)
    assert found["note"].startswith("not recorded: ")


@pytest.mark.parametrize("scope", ["build", "prod"])
@pytest.mark.parametrize("command", ["verify", "exec"])
def test_with_require_audit_nothing_is_allowed_or_started(
    spoilt: Shell, scope: str, command: str
) -> None:
    words = [command, "-s", scope, "--require-audit"]
    words += ["--", "touch", "started"] if command == "exec" else []
    said = spoilt.kanoniv(*words)
    assert said.status == 2
    assert "[unrecorded]" in said.err
    assert said.out == ""
    assert not (spoilt.place / "started").exists()
    words.insert(1, "--json")
    found = json.loads(spoilt.kanoniv(*words).out)
    assert (found["ok"], found["code"]) == (False, "unrecorded")
    assert not (spoilt.place / "started").exists()


def test_exec_runs_and_says_so(spoilt: Shell) -> None:
    said = spoilt.kanoniv("exec", "-s", "build", "--", "sh", "-c", "exit 7")
    assert (said.status, noted(said), "SIGNED " in said.err) == (7, True, True)
    found = json.loads(spoilt.kanoniv("exec", "-s", "build", "--json", "--", "true").out)
    assert (found["ok"], found["recorded"]) == (True, False)
    missing = spoilt.kanoniv("exec", "-s", "build", "--", "no-such-program")
    assert (missing.status, noted(missing)) == (127, True)


def test_exec_with_require_audit_says_start_and_end(shell: Shell) -> None:
    shell.token("build")
    seen = "kanoniv-auth exec -s build --require-audit -- sh -c 'kanoniv-auth audit-log --json -n 1; exit 3'"
    during = shell.line(seen)
    started = json.loads(during.out)["records"][0]
    assert (during.status, started["result"], started["details"]) == (
        3,
        "started",
        {"scope": "build", "cmd": "sh"},
    )
    ended = json.loads(shell.kanoniv("audit-log", "--json", "-n", "1").out)["records"][0]
    assert (ended["result"], ended["details"]["exit"]) == ("allowed", 3)
    assert f"SIGNED {ended['details']['receipt']}" in during.err


def test_exec_whose_log_goes_away_meanwhile(shell: Shell) -> None:
    shell.token("build")
    spoil = "rm home/audit.jsonl; mkdir home/audit.jsonl"
    said = shell.kanoniv("exec", "-s", "build", "--require-audit", "--", "sh", "-c", spoil)
    assert (said.status, noted(said), "SIGNED " in said.err) == (2, True, True)


@pytest.mark.parametrize(
    ("words", "records"),
    [
        (("exec", "-s", "build", "--", "true"), [("exec", "allowed")]),
        (("exec", "-s", "prod", "--", "true"), [("exec", "denied")]),
        (("exec", "-s", "build", "--", "no-such-program"), [("exec", "not_started")]),
        (("exec", "-s", "build", "--", "/etc/passwd"), [("exec", "not_started")]),
        (("exec", "-s", "build", "-t", "kd2.AA.AA~x", "--", "true"), [("exec", "denied")]),
        (("verify", "-s", "build"), [("verify", "allowed")]),
        (("verify", "-s", "prod"), [("verify", "denied")]),
        (("sign", "-a", "build"), [("sign", "ok")]),
        (("sign", "-a", "prod"), [("sign", "denied")]),
        (("whoami",), []),
        (("status",), []),
        (("audit-log",), []),
        (("audit-log", "verify"), []),
        (("audit-log", "checkpoint"), []),
        (("delegate", "-s", "build", "--dry-run"), []),
        (("verify", "-s", "two words"), []),
        (("verify", "-s", "build", "--token-file", "none"), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_one_record_a_command(
    shell: Shell, words: tuple[str, ...], records: list[tuple[str, str]]
) -> None:
    shell.token("build")
    before = (shell.home / "audit.jsonl").read_bytes()
    shell.kanoniv(*words)
    after = (shell.home / "audit.jsonl").read_bytes()
    assert after.startswith(before)
    said = [json.loads(line) for line in after[len(before) :].splitlines()]
    assert [(one["event"], one["result"]) for one in said] == records


def test_a_disk_without_room(shell: Shell) -> None:
    shell.token("build")
    whole = (shell.home / "audit.jsonl").read_bytes()
    said = shell.line("ulimit -f 0; kanoniv-auth verify -s build")
    assert (said.status, noted(said)) == (0, True)
    said = shell.line("ulimit -f 0; kanoniv-auth verify -s build --require-audit")
    assert (said.status, said.out) == (2, "")
    assert (shell.home / "audit.jsonl").read_bytes() == whole
    assert shell.kanoniv("audit-log", "verify").status == 0


def test_a_line_that_is_no_record_is_shown_as_that(shell: Shell) -> None:
    shell.token("build")
    with (shell.home / "audit.jsonl").open("a") as file:
        file.write("\x1b[2J\x1b[31mVERIFIED\n")
    said = shell.kanoniv("audit-log")
    assert said.status == 0
    assert said.out.splitlines()[2].startswith("  unreadable line in ")
    assert "\x1b" not in said.out
    assert "kanoniv-auth audit-log verify" in said.err
    found = json.loads(shell.kanoniv("audit-log", "--json").out)
    assert found["unreadable"] == 1
    assert set(found["records"][0]) == {"unreadable", "detail"}
    checked = shell.kanoniv("audit-log", "verify")
    assert (checked.status, "audit.jsonl:" in checked.err, "[log_broken]" in checked.err) == (
        1,
        True,
        True,
    )


def test_another_day_is_said(shell: Shell) -> None:
    shell.token("build")
    path = shell.home / "audit.jsonl"
    line = json.loads(path.read_text().splitlines()[-1])
    path.write_text(json.dumps({**line, "at": 86399}, separators=(",", ":"), sort_keys=True) + "\n")
    assert "  1970-01-01 23:59:59  " in shell.kanoniv("audit-log").out
