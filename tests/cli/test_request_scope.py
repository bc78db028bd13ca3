"""`request-scope`: what it prints works when it is run, and what it cannot know it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.shell import Shell


def test_the_whole_way_there_and_back(shell: Shell, tmp_path: Path) -> None:
    """The agent asks, the root's holder pastes the command, the agent takes up what comes back."""
    token = shell.token(
        "build,deploy.staging", "--home", str(tmp_path / "agent"), "--audience", "ci"
    )
    root = json.loads(shell.kanoniv("roots", "list", "--json").out)["roots"][0]["did"]
    agent = {"KANONIV_HOME": str(tmp_path / "agent"), "KANONIV_ROOT_DID": root}
    said = shell.kanoniv("request-scope", "-s", "deploy.prod", "--ttl", "90m", "--json", **agent)
    asked = json.loads(said.out)
    assert (said.status, said.err) == (0, "")
    assert asked["scopes"] == ["build", "deploy.prod", "deploy.staging"]
    assert (asked["ttl"], asked["root_did"], asked["audience"]) == ("1h30m", root, "ci")
    grant = shell.line(asked["command"])
    assert grant.status == 0
    back = shell.words(shlex.split(asked["accept"]), stdin=grant.out, **agent)
    assert back.status == 0
    for scope in ("build", "deploy.staging", "deploy.prod"):
        done = shell.kanoniv("verify", "-s", scope, "--audience", "ci", **agent)
        assert done.status == 0, done
    assert back.out.strip() != token
    again = json.loads(shell.kanoniv("request-scope", "-s", "deploy.prod", "--json", **agent).out)
    assert (again["message"], "command" in again) == ("granted already", False)


def test_without_a_token_it_says_what_is_missing(shell: Shell) -> None:
    shell.kanoniv("init")
    said = shell.kanoniv("request-scope", "-s", "deploy")
    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[0].endswith("[no_token]")
    said = shell.kanoniv("request-scope", "-s", "deploy", "-a", "nobody")
    assert (said.status, said.err.splitlines()[0].endswith("[usage]")) == (2, True)


def test_an_agent_without_a_token_asks_for_its_first(shell: Shell) -> None:
    shell.token("build", "-n", "bob")
    for path in (shell.home / "tokens").iterdir():
        path.unlink()
    said = shell.kanoniv("request-scope", "-s", "deploy", "-a", "bob", "--ttl", "never")
    assert said.status == 0
    assert said.out.startswith("kanoniv-auth delegate -s deploy -t never --to did:key:z")
    assert shell.line(said.out).status == 0


def test_an_expired_token_still_says_what_it_had(shell: Shell) -> None:
    shell.token("build", "-t", "1s")
    shell.line("sleep 1.1")
    assert shell.kanoniv("verify", "-s", "build").status == 1
    said = shell.kanoniv("request-scope", "-s", "build")
    assert (said.status, said.out.partition(" --to ")[0]) == (
        0,
        "kanoniv-auth delegate -s build -t 4h",
    )


def test_what_was_revoked_is_not_asked_for_again(shell: Shell) -> None:
    """Whoever pastes the command must not give back, unknowing, what was taken."""
    shell.token("build")
    shell.kanoniv("revoke")
    said = shell.kanoniv("request-scope", "-s", "deploy")
    assert (said.status, said.out) == (1, "")


@pytest.mark.parametrize("scope", ["a b", "", "a;b", "$(x)", "A..b"])
def test_what_is_no_scope_ends_in_no_command(shell: Shell, scope: str) -> None:
    shell.token("build")
    said = shell.kanoniv("request-scope", f"--scope={scope}")
    assert (said.status, said.out) == (2, "")


def test_a_scope_that_looks_like_an_option(shell: Shell) -> None:
    shell.token("build")
    said = shell.kanoniv("request-scope", "--scope=-k")
    assert shell.line(said.out).status == 0


@pytest.mark.parametrize("whose", ["did:agent:x", "root", "", "did:key:z6"])
def test_whose_root_it_is_must_be_a_root(shell: Shell, whose: str) -> None:
    shell.token("build")
    assert shell.kanoniv("request-scope", "-s", "x", f"--from={whose}").status == 2
