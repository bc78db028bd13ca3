"""One table, two parsers: wherever the light one answers, click answers the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings, strategies as st

from kanoniv_auth.cli import argv, main, manual, tree
from kanoniv_auth.cli.table import COMMANDS
from kanoniv_auth.core.errors import UsageError

SAMPLES = [
    ["-s", "a"],
    ["-sa"],
    ["--scope", "a"],
    ["--scope=a"],
    ["--scope="],
    ["-s", "a", "-t", "-"],
    ["-s", "-t"],
    ["-s", "a", "-s", "b"],
    ["-s", "a", "--context", "k=v", "--context=l=w", "--json"],
    ["-s", "a", "--token-file", "x", "--root-did", "y", "--audience", "z", "-a", "bot"],
    ["-s", "a", "--"],
    ["-s", "a", "--", "ls"],
    ["-s", "a", "ls", "-l", "--", "-s", "b"],
    ["-s", "a", "--", "--", "ls"],
    ["-s", "a", "-", "b"],
    ["-s=a"],
    ["--json=yes", "-s", "a"],
    ["--scop", "a"],
    ["--help"],
    ["-s"],
    [],
]


HOOK_SAMPLES = [
    ["--root-did", "d"],
    ["--root-did=d"],
    ["--root-did="],
    ["--root-did", "d", "--next", "p q"],
    ["--next=p", "--root-did", "d", "--json"],
    ["--root-did", "d", "--root-did", "e"],
    ["--root-did", "--next"],
    ["--root-did", "-"],
    ["--next", "p"],
    ["--root", "d"],
    ["--root-did", "d", "--json=yes"],
    ["--root-did", "d", "-s", "a"],
    ["--root-did", "d", "--force"],
    ["--root-did", "d", "--help"],
    ["--root-did"],
    [],
]
HOOK_TAILS = [
    ["origin", "u"],
    ["--", "origin", "u"],
    ["--", "--json", "-u"],
    ["", ""],
    ["-", "u"],
    ["origin", "--json", "u"],
    ["origin", "--json"],
    ["origin", "--", "u"],
    ["origin", "u", "--json"],
    ["origin"],
    ["origin", "u", "v"],
    ["--", "origin", "--", "u"],
    ["--"],
]
AGENT_SAMPLES = [
    ["--root-did", "d", "--home", "h", "--site", "s"],
    ["--root-did=d", "--home=h", "--site=s", "--site", "t"],
    ["--site", "s", "--site", "s", "--require-audit"],
    ["--require-audit", "--json"],
    ["--home="],
    ["--home", "-"],
    ["--home", "--site"],
    ["--home", "a", "--home", "b"],
    ["--root-did", "a,b"],
    [],
    ["--"],
    ["--", "x"],
    ["x"],
    ["--home"],
    ["--require-audit=1"],
    ["--bogus"],
    ["--help"],
]
LINES = {
    **{f"hook {host}": AGENT_SAMPLES for host in argv.AGENT_HOSTS},
    "verify": SAMPLES,
    "exec": [[*words, "--", "ls"] for words in SAMPLES] + SAMPLES,
    "hook pre-push": [[*words, *tail] for words in HOOK_SAMPLES for tail in HOOK_TAILS],
}


def by_click(command: str, words: list[str]) -> argv.Arguments | None:
    try:
        answer = tree.parse([*command.split(), *words])
    except UsageError:
        return None
    return answer if isinstance(answer, argv.Arguments) else None


def assert_same(command: str, words: list[str]) -> bool:
    light = argv.parse(argv.LIGHT[command], words)
    if light is None:
        return False  # left to click, which then answers alone
    assert light == by_click(command, words), words
    return True


@pytest.mark.parametrize("command", sorted(argv.LIGHT))
def test_the_same_lines_through_both(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    answered = [words for words in LINES[command] if assert_same(command, words)]
    assert len(answered) >= 8  # the light parser is no decoration


@pytest.mark.parametrize("command", sorted(argv.LIGHT))
def test_what_click_refuses_the_light_parser_leaves(command: str) -> None:
    for words in LINES[command]:
        if by_click(command, words) is None:
            assert argv.parse(argv.LIGHT[command], words) is None, words


def test_a_group_and_its_command_are_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["hook pre-push", "--root-did", "d", "--", "origin", "u"]) == 2
    assert "no such command" in capsys.readouterr().err


FLAGS = sorted(
    {flag for row in argv.LIGHT.values() for option in row.options for flag in option.flags}
)
WORD = st.one_of(
    st.sampled_from(
        [*FLAGS, "--", "-", "", "a", "k=v", "-sx", "--scope=x", "-h", "--json=1", "-st"]
    ),
    st.text(max_size=6),
)


@given(command=st.sampled_from(sorted(argv.LIGHT)), words=st.lists(WORD, max_size=7))
@example(command="exec", words=["-s", "a", "b", "--help"])
@example(command="hook pre-push", words=["--root-did", "a", "b", "--json", "c"])
@settings(max_examples=400, deadline=None)
def test_any_line_through_both(command: str, words: list[str]) -> None:
    assert_same(command, words)


def test_every_option_and_command_has_words() -> None:
    assert set(manual.COMMANDS) == set(COMMANDS)
    used = {option.dest for command in COMMANDS.values() for option in command.options}
    assert used == set(manual.OPTIONS)


@pytest.mark.parametrize(
    ("line", "detail", "meant"),
    [
        ("delegate -s", "option '-s' requires an argument", "delegate "),
        ("agents rename one", "argument 'OLD NEW' takes 2 values", "agents rename "),
        ("audit-log verify --nope", "no such option '--nope'", "audit-log verify "),
        ("agents nope", "no such command 'nope'", "agents "),
        ("nope -s x", "no such command 'nope'", ""),
    ],
)
def test_a_typing_error_leads_to_the_help_of_its_command(
    line: str, detail: str, meant: str
) -> None:
    with pytest.raises(UsageError) as caught:
        tree.parse(line.split())
    assert caught.value.facts == {"detail": detail, "fix": f"kanoniv-auth {meant}--help"}
