"""A word that a person is to paste into a shell arrives as it is, whatever the shell would make of it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess

import pytest

from kanoniv_auth.cli.quoting import quoted
from tests.cli.shell import Shell

WORDS = [
    "~root", "~", "~/x", "a=~root", "a:~root", "x=b:~root", "=ls", "=", "a=b", "*", "a b", "it's", "$HOME", "`id`",
    "!x", "-x", "#x", "a#", "{a,b}", "[a]", "%1", "@x", "+x", "a\\b", "", ":~", "^x", "a;b", "a|b", "(x)", "<x", "?",
    "--x=~root",
]  # fmt: skip
SHELLS = [name for name in ("sh", "bash", "zsh", "dash", "ksh") if shutil.which(name)]


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_gives_it_back(name: str, tmp_path: object) -> None:
    line = " ".join(quoted(word) for word in WORDS)
    done = subprocess.run(
        [name, "-c", f"printf '%s\\0' {line}"],
        cwd=str(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\0")[:-1] == WORDS


@pytest.mark.parametrize("word", ["~root", "=ls", "a:~root", "a=~root"])
def test_what_a_shell_expands_somewhere_is_quoted(word: str) -> None:
    """zsh, which is not everywhere, has an = of its own."""
    assert quoted(word) == f"'{word}'"


def test_what_needs_no_quotes_has_none() -> None:
    for word in ("deploy.staging,build", "a=b", "/home/you/.kanoniv", "did:key:z6Mk", "4h", "a@b"):
        assert quoted(word) == word


@pytest.mark.parametrize("audience", ["~root", "=ls"])
def test_the_command_that_is_asked_for_names_the_audience(shell: Shell, audience: str) -> None:
    shell.token("build", "--audience", audience)
    said = shell.kanoniv("request-scope", "-s", "deploy", "--json")
    assert f"--audience '{audience}'" in json.loads(said.out)["accept"]


def test_a_home_with_a_space_is_one_word_of_the_fix(shell: Shell) -> None:
    home = shell.home.parent / "my home ~"
    home.mkdir(mode=0o700)
    entry = {"did": "did:agent:" + "0" * 32, "private_key": "00" * 32}
    (home / "agents.json").write_text(json.dumps({"bob": entry}))
    shell.kanoniv("init", KANONIV_HOME=str(home))
    said = shell.kanoniv("delegate", "-s", "x", "-n", "bob", "--json", KANONIV_HOME=str(home))
    assert shlex.split(json.loads(said.out)["fix"]) == [
        "kanoniv-auth",
        "migrate",
        "--from",
        str(home),
    ]


def test_so_is_a_key_that_is_open_to_others(shell: Shell) -> None:
    home = shell.home.parent / "my home"
    shell.kanoniv("init", KANONIV_HOME=str(home))
    (home / "machine.key").chmod(0o644)
    said = shell.kanoniv("delegate", "-s", "x", "--json", KANONIV_HOME=str(home))
    answer = json.loads(said.out)
    assert answer["code"] == "unrecorded"
    assert shlex.split(answer["fix"]) == ["chmod", "600", str(home / "machine.key")]
