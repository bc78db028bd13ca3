"""Whatever is typed or lies about: one clear error, its code, its fix, exit 1 or 2, and never a traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kanoniv_auth.cli.main import main
from kanoniv_auth.cli.table import COMMANDS
from tests.cli.shell import COMMAND, Said, Shell


def assert_clear(said: Said, status: int = 2) -> None:
    assert said.status == status, said
    lines = said.err.splitlines()
    assert sum(line.startswith("error: ") for line in lines) == 1, said
    assert lines[-1].startswith("fix: "), said
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home with a root key, for commands that must change nothing."""
    shell = Shell(tmp_path_factory.mktemp("ready"))
    assert shell.kanoniv("init").status == 0
    return shell


TOKENS = [
    "",
    "x",
    "kd2.",
    "kd2.a.b~s",
    "kd2." + "A" * 16400,
    "eyJhbGciOiJFZERTQSJ9.e30.",
    "kdb2.AA.BB",
    "kd2.\u00e9~sA",
    "\x1b[31m",
    "-",
]


@pytest.mark.parametrize("token", TOKENS, ids=range(len(TOKENS)))
def test_malformed_tokens(ready: Shell, token: str) -> None:
    for said in (
        ready.kanoniv("verify", "-s", "build", "-t", token),
        ready.kanoniv("whoami", KANONIV_TOKEN=token),
        ready.kanoniv("delegate", "-s", "build", "--parent", token),
    ):
        assert_clear(said)
        assert len(token) < 5 or token not in said.err  # never echoed


def test_bytes_that_are_no_text(ready: Shell) -> None:
    shell = ready
    (shell.place / "t").write_bytes(b"kd2.\xff\xfe~s\x00")
    for words in (
        ("verify", "-s", "build", "--token-file", "t"),
        ("accept", "t"),
        ("audit", "t"),
        ("verify", "-s", "build", "--token-file", "."),
        ("verify", "-s", "build", "--token-file", "missing"),
    ):
        assert_clear(shell.kanoniv(*words))
    done = subprocess.run(
        [COMMAND.encode(), b"verify", b"-s", b"build", b"-t", b"kd2.\xff~s"],
        env=shell.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("delegate",),
        ("delegate", "-s", ""),
        ("delegate", "-s", "a b"),
        ("delegate", "-s", "*"),
        ("delegate", "-s", "build", "-t", "soon"),
        ("delegate", "-s", "build", "-t", "-1"),
        ("delegate", "-s", "build", "-n", "a/b"),
        ("delegate", "-s", "build", "--to", "nobody"),
        ("delegate", "-s", "build", "--to", "nobody", "--export"),
        ("delegate", "-s", "build", "--to", "nobody", "--home", "x"),
        ("delegate", "-s", "build", "-k", "missing.key"),
        ("delegate", "-s", "build", "-k", "-", "--parent", "-"),
        ("delegate", "-s", "build", "--parent", ""),
        ("verify", "-s", "build", "-a", "nobody"),
        ("verify", "-s", "build", "-t", "-", "--context", "novalue"),
        ("verify", "-s", "build", "--nope"),
        ("verify", "-s", "build", "surplus"),
        ("accept",),
        ("accept", "kdb2.AAAA.BBBB"),
        ("audit",),
        ("audit", "kde2.AAAA"),
        ("audit", "{}"),
        ("audit", "-"),
        ("sign", "-a", "build", "--metadata", "novalue"),
        ("nonsense",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_mistyped(ready: Shell, words: tuple[str, ...]) -> None:
    status = 1 if words == ("audit", "{}") else 2
    assert_clear(ready.kanoniv(*words), status)
    files = {path.name for path in ready.home.rglob("*") if path.is_file()}
    log = {"audit.jsonl", "audit.checkpoint", "machine.key"}
    assert files == {"root.key", "local.pub", "lock", *log}


PROGRAM = st.sampled_from([name for name in COMMANDS if name != "exec"])
FLAGS = sorted(
    {flag for command in COMMANDS.values() for option in command.options for flag in option.flags}
)
WORD = st.one_of(
    st.sampled_from(FLAGS), st.sampled_from(["build", "4h", "a=b", "kd2.A~s", "./x", "{}"]),
    st.text(st.characters(exclude_characters="\0/~"), max_size=5),
)  # fmt: skip


@given(command=PROGRAM, words=st.lists(WORD, max_size=6))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_command_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    monkeypatch.setattr(os, "read", _at_end(nothing))
    status = main([command, *words])
    monkeypatch.undo()
    os.close(nothing)
    said = capsys.readouterr()
    assert status in (0, 1, 2)
    if status and "--json" not in words and command != "status":
        assert "\nfix: " in said.err, said


def _at_end(nothing: int) -> object:
    read = os.read
    return lambda fd, size: read(nothing if fd == 0 else fd, size)


@pytest.mark.parametrize("mode", ["644", "640"])
def test_a_key_that_others_can_read(shell: Shell, mode: str) -> None:
    shell.token("build")
    shell.line(f"chmod {mode} home/keys/*.key")
    said = shell.kanoniv("sign", "-a", "build")
    assert_clear(said)
    fix = said.err.splitlines()[-1].removeprefix("fix: ")
    assert fix.startswith("chmod 600 ")
    assert shell.line(fix).status == 0
    assert shell.kanoniv("sign", "-a", "build").status == 0


def test_umask_000(shell: Shell) -> None:
    commands = ("init", "delegate -s build -n bot", "exec -s build -- true")
    said = shell.line("umask 000; " + " && ".join(f"kanoniv-auth {words}" for words in commands))
    assert said.status == 0
    open_to_others = shell.line("find home -perm /077").out
    assert open_to_others == ""


def private_mounts() -> list[str]:
    """A way to mount a file system that only a child sees."""
    for words in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            done = subprocess.run(
                [*words, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
            )
        except FileNotFoundError:
            pytest.skip("unshare is not installed")
        if done.returncode == 0:
            return words
    pytest.skip("this user may not mount anything, not even in a namespace of its own")


def test_a_read_only_home(shell: Shell) -> None:
    shell.token("build")
    words = private_mounts()
    home = str(shell.home)

    def inside(command: str) -> Said:
        script = f"mount --bind {home} {home} && mount -o remount,ro,bind {home} && {command}"
        return shell.words([*words, "sh", "-c", script])

    assert inside("kanoniv-auth verify -s build").status == 0
    for command in ("delegate -s build", "sign -a build", "init --force"):
        assert_clear(inside(f"kanoniv-auth {command}"))
    said = inside("kanoniv-auth exec -s build -- touch started")
    assert_clear(said._replace(err=said.err.removeprefix("DENIED\n")))
    assert not (shell.place / "started").exists()


def test_a_full_disk(shell: Shell) -> None:
    words = private_mounts()
    shell.home.mkdir()
    script = (
        f"mount -t tmpfs -o size=64k,mode=700 none {shell.home} && kanoniv-auth init >/dev/null && "
        "kanoniv-auth delegate -s build >/dev/null && cat home/tokens/latest >before && "
        "dd if=/dev/zero of=home/filler bs=1k 2>/dev/null; "
        "kanoniv-auth verify -s build >/dev/null && echo verified; kanoniv-auth delegate -s other >out; echo $?; "
        "cmp home/tokens/latest before && find home -name '.*.new'; wc -c <out"
    )
    said = shell.words([*words, "sh", "-c", script])
    assert said.out.split() == ["verified", "2", "0"]
    assert "No space left on device" in said.err
    assert "fix: free some space" in said.err


def test_output_that_nobody_can_read(shell: Shell) -> None:
    shell.token("build")
    said = shell.line("kanoniv-auth verify -s build >/dev/full")
    assert said.status == 2
    assert said.err.startswith("error: cannot write the output")
    assert shell.line("kanoniv-auth verify -s build >&-") == Said(0, "", "")
    assert shell.line("kanoniv-auth verify -s prod >&- 2>&-") == Said(1, "", "")
    assert shell.line("kanoniv-auth verify -s prod -t - <&-").status == 2
    assert shell.line("kanoniv-auth delegate -s build >&- 2>&- <&-") == Said(0, "", "")
    assert shell.kanoniv("verify", "-s", "build").status == 0
    said = shell.line(
        "(sleep 0.2; kanoniv-auth verify -s build; echo $? >status) | true; cat status"
    )
    assert said == Said(0, "141\n", "")
