"""One table, two parsers: wherever the light one answers, click answers the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings, strategies as st

from kanoniv_auth.cli import argv, manual, tree
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


def by_click(command: str, words: list[str]) -> argv.Arguments | None:
    try:
        answer = tree.parse([command, *words])
    except UsageError:
        return None
    return answer if isinstance(answer, argv.Arguments) else None


def assert_same(command: str, words: list[str]) -> bool:
    light = argv.parse(argv.LIGHT[command], words)
    if light is None:
        return False  # left to click, which then answers alone
    assert light == by_click(command, words)
    return True


@pytest.mark.parametrize("command", sorted(argv.LIGHT))
def test_the_same_lines_through_both(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    tail = ["--", "ls"] if command == "exec" else []
    answered = [words for words in SAMPLES if assert_same(command, [*words, *tail])]
    assert len(answered) >= 8  # the light parser is no decoration


@pytest.mark.parametrize("command", sorted(argv.LIGHT))
def test_what_click_refuses_the_light_parser_leaves(command: str) -> None:
    for words in SAMPLES:
        if by_click(command, words) is None:
            assert argv.parse(argv.LIGHT[command], words) is None, words


FLAGS = [flag for option in argv.LIGHT["verify"].options for flag in option.flags]
WORD = st.one_of(
    st.sampled_from(
        [*FLAGS, "--", "-", "", "a", "k=v", "-sx", "--scope=x", "-h", "--json=1", "-st"]
    ),
    st.text(max_size=6),
)


@given(command=st.sampled_from(sorted(argv.LIGHT)), words=st.lists(WORD, max_size=6))
@example(command="exec", words=["-s", "a", "b", "--help"])
@settings(max_examples=300, deadline=None)
def test_any_line_through_both(command: str, words: list[str]) -> None:
    assert_same(command, words)


def test_every_option_and_command_has_words() -> None:
    assert set(manual.COMMANDS) == set(COMMANDS)
    used = {option.dest for command in COMMANDS.values() for option in command.options}
    assert used == set(manual.OPTIONS)
