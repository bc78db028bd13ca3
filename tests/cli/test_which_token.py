"""Which token a command is about: --token, --token-file, --agent, $KANONIV_TOKEN, the one made last."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_auth.core.token import fingerprint
from tests.cli.shell import Said, Shell


def scope(said: Said) -> str:
    assert said.status == 0, said
    return said.out.split("Scopes:")[1].split("'")[1]


@pytest.fixture
def made(shell: Shell) -> dict[str, str]:
    """Tokens by what they grant; `latest` was made last."""
    scopes = (("given",), ("file",), ("agent", "-n", "bot"), ("environment",), ("latest",))
    tokens = {words[0]: shell.token(*words) for words in scopes}
    (shell.place / "token").write_text(tokens["file"])
    return tokens


def test_each_step_wins_over_the_next(shell: Shell, made: dict[str, str]) -> None:
    steps = [
        ("given", ("--token", made["given"]), {}),
        ("file", ("--token-file", "token"), {}),
        ("agent", ("--agent", "bot"), {}),
        ("environment", (), {"KANONIV_TOKEN": made["environment"]}),
        ("latest", (), {}),
    ]
    for at, (winner, _, _) in enumerate(steps):
        words = [word for _, words, _ in steps[at:] for word in words]
        env = {name: value for _, _, given in steps[at:] for name, value in given.items()}
        assert scope(shell.kanoniv("whoami", *words, **env)) == winner
        assert shell.kanoniv("verify", "-s", winner, *words, **env).status == 0
        assert (
            shell.kanoniv("exec", "-s", winner, *words, **env, stdin="").status == 2
        )  # no command
        assert shell.kanoniv("exec", "-s", winner, *words, "--", "true", **env).status == 0
        assert shell.kanoniv("status", *words, **env).status == 0
    assert scope(shell.kanoniv("whoami", "-t", "-", "-a", "bot", stdin=made["given"])) == "given"


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("--token", ""), {}),
        (("--token", " "), {}),
        (("--token", "-"), {}),
        (("--token-file", "not-there"), {}),
        (("--agent", "nobody"), {}),
        (("--agent", "unused"), {}),
        ((), {"KANONIV_TOKEN": ""}),
        ((), {"KANONIV_TOKEN": "  "}),
    ],
)
def test_a_step_that_gives_nothing_is_refused_and_means_no_other(
    shell: Shell, made: dict[str, str], words: tuple[str, ...], env: dict[str, str]
) -> None:
    script = "import kanoniv_auth; kanoniv_auth.register_agent('unused')"
    assert shell.line(f'python -c "{script}"').status == 0
    said = shell.kanoniv("verify", "-s", "latest", *words, **env)
    assert said.status == 2
    assert "VERIFIED" not in said.out
    for command in (("whoami",), ("status",), ("exec", "-s", "latest")):
        tail = ("--", "touch", "ran") if command[0] == "exec" else ()
        assert shell.kanoniv(*command, *words, *tail, **env).status == 2
    assert not (shell.place / "ran").exists()


def test_an_agents_newest_token_and_not_the_last_in_the_alphabet(shell: Shell) -> None:
    """The published product took the file whose name came last."""
    orders: set[bool] = set()
    for round_ in range(24):
        if len(orders) == 2:
            break
        old = shell.token(f"old{round_}", "-n", "bot")
        new = shell.token(f"new{round_}", "-n", "bot")
        files = {path.read_text(): path.name for path in (shell.home / "tokens").glob("*.token")}
        orders.add(files[old] < files[new])
        assert scope(shell.kanoniv("whoami", "-a", "bot")) == f"new{round_}"
        listed = shell.kanoniv("tokens").out
        assert listed.index(f"new{round_}") < listed.index(f"old{round_}")
    assert orders == {True, False}  # whichever name comes last: it made no difference


def test_an_older_token_that_lives_wins_over_a_newer_that_ended(shell: Shell) -> None:
    shell.token("long", "-n", "bot")
    shell.token("short", "-n", "bot", "-t", "1s")
    shell.line("sleep 1.1")
    assert scope(shell.kanoniv("whoami", "-a", "bot")) == "long"
    assert shell.kanoniv("verify", "-s", "short").status == 1  # latest is latest


def test_when_all_have_ended_the_newest_is_refused_as_that(shell: Shell) -> None:
    shell.token("one", "-n", "bot", "-t", "1s")
    shell.token("two", "-n", "bot", "-t", "1s")
    shell.line("sleep 1.1")
    said = shell.kanoniv("verify", "-s", "two", "-a", "bot")
    assert said.status == 1
    assert "[expired]" in said.err
    said = shell.kanoniv("status", "-a", "bot")
    assert (said.status, said.out.splitlines()[0]) == (1, "EXPIRED")


def test_a_token_of_another_agent_is_never_taken(shell: Shell) -> None:
    bot, other = shell.token("bot", "-n", "bot"), shell.token("other", "-n", "other")
    # under any name: what counts is whose token it is
    for path in (shell.home / "tokens").glob("*.token"):
        path.rename(
            path.with_name(f"zz{path.name}" if path.read_text() == other else f"aa{path.name}")
        )
    (shell.home / "tokens" / "zzz_bot.token").write_text(other)
    (shell.home / "tokens" / "zzzz.token").write_text("nonsense")
    assert scope(shell.kanoniv("whoami", "-a", "bot")) == "bot"
    assert fingerprint(bot) != fingerprint(other)


@pytest.mark.parametrize("name", ["../bot", "bot/../bot", "", "b t", "a" * 65, "bot\n"])
def test_a_name_is_no_path(shell: Shell, made: dict[str, str], name: str) -> None:
    said = shell.kanoniv("verify", "-s", "agent", f"--agent={name}")
    assert said.status == 2
    assert "not in the grammar" in said.err


def test_links_in_the_folder_change_nothing(
    shell: Shell, made: dict[str, str], tmp_path: Path
) -> None:
    outside = tmp_path / "outside.token"
    outside.write_text(made["given"])
    (shell.home / "tokens" / "zz.token").symlink_to(outside)
    assert scope(shell.kanoniv("whoami", "-a", "bot")) == "agent"
