"""`exec`: exit statuses, signals, environment, and what happens when the receipt cannot be kept."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.shell import COMMAND, Shell

WAIT = "trap 'echo got TERM; exit 5' TERM; trap 'echo got INT; exit 6' INT; echo ready; while :; do sleep 0.05; done"


def start(shell: Shell, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "exec", "-s", "build", "--", *command],
        env=shell.env,
        cwd=shell.place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # no terminal: what is forwarded comes from exec alone
    )


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 5), (signal.SIGINT, 6)], ids=["TERM", "INT"]
)
def test_signals_reach_the_child(shell: Shell, number: signal.Signals, status: int) -> None:
    shell.token("build")
    with start(shell, "sh", "-c", WAIT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(
                process.pid, signal.SIGKILL
            )  # it failed; leaving the block would wait for ever
            raise
    assert out == f"got {number.name[3:]}\n"
    assert process.returncode == status
    assert err.startswith("SIGNED ")


def test_a_key_at_the_terminal_reaches_the_child_once(shell: Shell) -> None:
    shell.token("build")
    script = "trap 'echo got INT' INT; trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    terminal, other_end = pty.openpty()
    # a session leader's first terminal becomes its controlling one
    attach = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(other_end)]
    command = [COMMAND, "exec", "-s", "build", "--", "sh", "-c", script]
    process = subprocess.Popen([*attach, *command], env=shell.env, start_new_session=True)
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        seen = b""
        while b"ready" not in seen:
            seen += screen.read(1000)
        screen.write(b"\x03")
        while b"got INT" not in seen:
            seen += screen.read(1000)
        time.sleep(0.3)  # a second one would have come by now
        process.send_signal(signal.SIGTERM)
        while b"SIGNED" not in seen:
            seen += screen.read(1000)
        assert process.wait(10) == 5
    os.close(other_end)
    assert seen.count(b"got INT") == 1


def test_a_child_that_dies_by_a_signal(shell: Shell) -> None:
    shell.token("build")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE):
        said = shell.kanoniv("exec", "-s", "build", "--", "sh", "-c", f"kill -{int(number)} $$")
        assert said.status == 128 + number
        assert said.err.startswith("SIGNED ")


def test_a_forwarded_signal_that_kills(shell: Shell) -> None:
    shell.token("build")
    with start(shell, "sh", "-c", "echo ready; exec sleep 20") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM


def test_the_child_has_default_signals_and_an_empty_mask(shell: Shell) -> None:
    shell.token("build")
    said = shell.kanoniv("exec", "-s", "build", "--", "cat", "/proc/self/status")
    rows = dict(line.split(":\t") for line in said.out.splitlines() if line.startswith("Sig"))
    # the C library keeps 32 and 33 to itself
    masks = {name: int(rows[name], 16) & 0x7FFFFFFF for name in ("SigBlk", "SigIgn", "SigCgt")}
    assert masks == {"SigBlk": 0, "SigIgn": 0, "SigCgt": 0}


def test_the_environment_loses_the_root_key_and_nothing_else(shell: Shell) -> None:
    token = shell.token("build")
    more = {"KANONIV_ROOT_KEY": "not even a key", "KANONIV_TOKEN": token, "OTHER": "x"}
    said = shell.kanoniv("exec", "-s", "build", "--", "env", "-0", **more)
    found = dict(line.partition("=")[::2] for line in said.out.split("\0") if line)
    expected = {**shell.env, **more}
    del expected["KANONIV_ROOT_KEY"]
    assert found == expected


def test_stdin_is_the_childs(shell: Shell) -> None:
    shell.token("build")
    said = shell.kanoniv("exec", "-s", "build", "--", "cat", stdin="through and through")
    assert said.out == "through and through"


def test_no_receipt_no_start(shell: Shell) -> None:
    shell.token("build")
    (shell.home / "receipts").write_text("in the way")
    said = shell.kanoniv("exec", "-s", "build", "--", "touch", "started")
    assert said.status == 2
    assert said.err.startswith("DENIED\nerror: ")
    assert "fix: " in said.err
    assert not (shell.place / "started").exists()


def test_a_receipt_lost_at_the_end_turns_success_into_2(shell: Shell) -> None:
    shell.token("build")
    said = shell.kanoniv("exec", "-s", "build", "--", "rm", "-rf", str(shell.home / "receipts"))
    assert said.status == 2
    assert "the command ran and ended with 0, but it has no receipt" in said.err
    assert "Traceback" not in said.err


def test_no_key_no_exec(shell: Shell) -> None:
    shell.token("build")
    for path in (shell.home / "keys").iterdir():
        path.unlink()
    assert shell.kanoniv("verify", "-s", "build").status == 0
    said = shell.kanoniv("exec", "-s", "build", "--", "touch", "started")
    assert said.status == 1
    assert "[holder_unproven]" in said.err
    assert not (shell.place / "started").exists()


def test_the_receipt_says_what_happened(shell: Shell) -> None:
    shell.token("build")
    began = int(time.time())
    shell.kanoniv("exec", "-s", "build.api", "--", "sh", "-c", "exit 9")
    said = shell.kanoniv("audit", str(shell.home / "receipts"))
    assert "  Action:   build.api\n" in said.out
    assert "  Target:   sh\n" in said.out
    assert "  Result:   failure\n" in said.out
    assert "exit_status=9" in said.out
    assert int(said.out.split("Signed:")[1].split()[0]) >= began


def test_an_edited_receipt_is_found(shell: Shell) -> None:
    shell.token("build")
    for _ in range(2):
        shell.kanoniv("exec", "-s", "build", "--", "true")
    path = min(Path(shell.home / "receipts").iterdir())
    text = path.read_text(encoding="ascii")
    path.write_text(text[:20] + ("A" if text[20] != "A" else "B") + text[21:], encoding="ascii")
    assert shell.kanoniv("audit", str(shell.home / "receipts")).status == 1


def test_nothing_is_started_that_no_receipt_could_hold(shell: Shell) -> None:
    shell.token("build")
    for value in ("x" * 70_000, "\udcff"):
        said = shell.kanoniv("exec", "-s", "build", "--context", f"k={value}", "--", "echo", "RAN")
        assert (said.status, said.out) == (2, ""), said.err
        assert "DENIED" in said.err
