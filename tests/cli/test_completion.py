"""Completion scripts, in the shells they are for: bash always, zsh and fish where they are installed."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kanoniv_auth.cli import completing, manual
from kanoniv_auth.cli.table import COMMANDS
from tests.cli.shell import Shell

# what completion inside of a terminal would do with the words, done with `print`
ZSH_STUBS = """
compdef() { }
compset() { }
_describe() { local name="${@[-1]}"; print -rl -- "${(@)${(@P)name}%%:*}" }
compadd() { print -rl -- "${(@P)2}" }
_files() { print -r -- "<files>$1" }
_command_names() { print -r -- "<programs>" }
_normal() { print -r -- "<command of: $words[CURRENT]>" }
"""

Complete = Callable[..., list[str]]


def script(shell: Shell, kind: str) -> Path:
    said = shell.kanoniv("completion", kind)
    assert (said.status, said.err) == (0, "")
    path = shell.place / f"completion.{kind}"
    path.write_text(said.out, encoding="utf-8")
    return path


def run(shell: Shell, program: str, text: str) -> list[str]:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[program]
    said = shell.words([path, *options, "-c", text])
    assert (said.status, said.err) == (0, ""), said
    return said.out.splitlines()


def by_bash(shell: Shell, *words: str) -> list[str]:
    line = " ".join([shlex.quote(word) for word in ("kanoniv-auth", *words)])
    text = (
        f"source {script(shell, 'bash')}; COMP_WORDS=({line}); COMP_CWORD={len(words)};"
        "complete -p kanoniv-auth >/dev/null && _kanoniv_auth;"
        '[ "${#COMPREPLY[@]}" -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return run(shell, "bash", text)


def by_zsh(shell: Shell, *words: str) -> list[str]:
    line = " ".join([shlex.quote(word) for word in ("kanoniv-auth", *words)])
    text = (
        f"{ZSH_STUBS}\nsource {script(shell, 'zsh')}\nwords=({line}) CURRENT={len(words) + 1}\n"
        "_kanoniv_auth; true"
    )
    found = run(shell, "zsh", text)
    # the completion system, of which there is none here, keeps what begins as the word does
    return [word for word in found if word and word.startswith((words[-1], "<"))]


def by_fish(shell: Shell, *words: str) -> list[str]:
    line = "kanoniv-auth " + " ".join(words)
    text = f"source {script(shell, 'fish')}; complete -C {shlex.quote(line)}"
    return [line.partition("\t")[0] for line in run(shell, "fish", text)]


SHELLS: dict[str, Complete] = {"bash": by_bash, "zsh": by_zsh, "fish": by_fish}
every_shell = pytest.mark.parametrize("complete", SHELLS.values(), ids=SHELLS)
TOP = {name.partition(" ")[0] for name in COMMANDS} - {"hook"}


@every_shell
def test_the_first_word(shell: Shell, complete: Complete) -> None:
    assert set(complete(shell, "")) - {"--help", "--version"} == TOP
    assert set(complete(shell, "re")) == {"request-scope", "revoke", "revocations"}
    assert complete(shell, "nothing-like-it") == []


@every_shell
@pytest.mark.parametrize("group", [name for name in manual.GROUPS if name != "hook"])
def test_the_second_word_of_a_group(shell: Shell, complete: Complete, group: str) -> None:
    below = {name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{group} ")}
    assert set(complete(shell, group, "")) == below


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("hook ")])
def test_every_option_of_every_command_in_bash(shell: Shell, name: str) -> None:
    flags = {flag for option in COMMANDS[name].options for flag in option.flags}
    assert set(by_bash(shell, *name.split(), "-")) == flags
    assert set(by_bash(shell, *name.split(), "--j")) == {"--json"}


@every_shell
@pytest.mark.parametrize("name", ["delegate", "agents remove", "audit-log", "exec"])
def test_the_options_of_some_commands(shell: Shell, complete: Complete, name: str) -> None:
    flags = {
        flag for option in COMMANDS[name].options for flag in option.flags if flag.startswith("--")
    }
    assert flags <= set(complete(shell, *name.split(), "--"))


@every_shell
def test_words_that_an_option_or_command_takes(shell: Shell, complete: Complete) -> None:
    assert set(complete(shell, "delegate", "--format", "")) == {"v1", "v2"}
    assert complete(shell, "delegate", "--dry-run", "--format", "v1") == ["v1"]
    assert set(complete(shell, "completion", "")) == set(completing.SHELLS)
    for words in (("delegate", "-s", ""), ("verify", "--token", ""), ("delegate", "--ttl", "")):
        assert complete(shell, *words) == []  # nothing that could be guessed


@every_shell
def test_agents_are_asked_for_by_name(shell: Shell, complete: Complete) -> None:
    for words in (("verify", "-a", ""), ("agents", "show", ""), ("delegate", "--name", "")):
        assert complete(shell, *words) == []
    for name in ("deploy-bot", "dev", "other"):
        shell.token("build", "-n", name)
    for before in (("verify", "-a"), ("agents", "show"), ("agents", "rename"), ("delegate", "-n")):
        assert set(complete(shell, *before, "de")) == {"deploy-bot", "dev"}, before
    assert set(complete(shell, "agents", "remove", "")) == {"deploy-bot", "dev", "other"}


def test_a_spoilt_registry_runs_nothing_and_names_nothing(shell: Shell) -> None:
    shell.token("build", "-n", "bot")
    did = shell.kanoniv("agents", "list").out.split("\t")[1]
    hostile = "$(touch ran)"
    (shell.home / "agents.json").write_text(json.dumps({hostile: {"did": did}}))
    assert by_bash(shell, "agents", "show", "") == []
    assert not (shell.place / "ran").exists()


def test_files_and_folders_in_bash(shell: Shell) -> None:
    (shell.place / "a token").write_text("")
    (shell.place / "a*").write_text("")
    (shell.place / "a folder").mkdir()
    assert set(by_bash(shell, "verify", "--token-file", "a")) == {"a token", "a*", "a folder"}
    assert set(by_bash(shell, "verify", "--token-file", "=", "a t")) == {"a token"}
    assert set(by_bash(shell, "delegate", "--home", "a")) == {"a folder"}
    assert set(by_bash(shell, "audit", "a ")) == {"a token", "a folder"}
    assert "printf" in by_bash(shell, "exec", "-s", "x", "--", "printf")
    assert set(by_bash(shell, "exec", "-s", "x", "--", "cat", "a t")) == {"a token"}
    assert by_bash(shell, "exec", "-s", "x", "--", "cat", "--js") == []


def test_files_and_commands_in_zsh(shell: Shell) -> None:
    assert by_zsh(shell, "verify", "--token-file", "") == ["<files>"]
    assert by_zsh(shell, "verify", "--token-file=") == ["<files>"]
    assert by_zsh(shell, "delegate", "--home", "") == ["<files>-/"]
    assert by_zsh(shell, "exec", "-s", "x", "") == ["<programs>"]
    assert by_zsh(shell, "exec", "-s", "x", "--", "cat", "--x") == ["<command of: --x>"]


def test_files_and_commands_in_fish(shell: Shell) -> None:
    (shell.place / "token").write_text("")
    assert "token" in by_fish(shell, "verify", "--token-file", "to")
    assert "printf" in by_fish(shell, "exec", "-s", "x", "--", "print")


def test_sourcing_says_and_runs_nothing(shell: Shell) -> None:
    path = script(shell, "bash")
    assert run(shell, "bash", f"set -eu; PATH=; . {path}; . {path}") == []


def test_no_other_shell(shell: Shell) -> None:
    said = shell.kanoniv("completion", "tcsh")
    assert said.status == 2
    assert "bash, zsh or fish" in said.err


@pytest.mark.parametrize("kind", ["bash_source", "bash_complete", "zsh_source"])
def test_no_variable_turns_a_command_into_a_script(shell: Shell, kind: str) -> None:
    said = shell.kanoniv("tokens", _KANONIV_AUTH_COMPLETE=kind, COMP_WORDS="x", COMP_CWORD="1")
    assert (said.status, said.out) == (0, "0 saved token(s)\n")
