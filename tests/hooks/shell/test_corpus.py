"""Commands that must be refused with the scope they need, and what agents run all day: how much of it is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from kanoniv_auth.core.scopes import check_wire, covers
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.shell.analysis import analyse
from tests.hooks.shell.corpus import TYPICAL, rows
from tests.hooks.shell.world import World

DENIED, EVERYDAY = rows("denied"), rows("everyday")
# of what agents run all day: what a typical token does not cover, and what was not understood at all
MOST_REFUSED, MOST_NOT_UNDERSTOOD = 0.10, 0.03


def actions(command: str) -> tuple[str, ...]:
    found = tuple(need.action for need in analyse(command, World()))
    for action in found:
        assert action == NEVER or check_wire(action) == action
    return found


def missing(command: str) -> list[str]:
    return [action for action in actions(command) if not covers(TYPICAL, action)]


def test_the_lists_are_long_enough() -> None:
    assert len(DENIED) + sum(expected == "ok" for expected, _ in EVERYDAY) >= 800
    assert len(DENIED) >= 300
    assert len(EVERYDAY) >= 300
    for rows_ in (DENIED, EVERYDAY):
        assert Counter(command for _, command in rows_).most_common(1)[0][1] <= 2


@pytest.mark.parametrize(("expected", "command"), DENIED, ids=[repr(row[1]) for row in DENIED])
def test_it_needs_what_nobody_has_by_chance(expected: str, command: str) -> None:
    assert expected in actions(command)
    assert missing(command)


@pytest.mark.parametrize(("expected", "command"), EVERYDAY, ids=[repr(r[1]) for r in EVERYDAY])
def test_it_is_everyday_work(expected: str, command: str) -> None:
    found = missing(command)
    assert found == [] if expected == "ok" else expected in found


def test_how_much_everyday_work_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    refused = [command for _, command in EVERYDAY if missing(command)]
    lost = [command for command in refused if "shell.any" in actions(command)]
    with capsys.disabled():
        print(
            f"\nof {len(EVERYDAY)} everyday commands a token for code.edit, test.run and git.commit is refused "
            f"{len(refused)} ({len(refused) / len(EVERYDAY):.1%}); not understood: {len(lost)} "
            f"({len(lost) / len(EVERYDAY):.1%})"
        )
    assert len(refused) <= MOST_REFUSED * len(EVERYDAY)
    assert len(lost) <= MOST_NOT_UNDERSTOOD * len(EVERYDAY)


# wrappers that leave what they start as it is, in every order; and texts around it
WRAPPERS = (
    "command ",
    "env ",
    "nice -n 3 ",
    "timeout 5 ",
    "nohup ",
    "time ",
    "stdbuf -oL ",
    "sudo ",
    "exec ",
)
AROUND = ("{}", "ls; {}", "ls && {}", "{} | cat", "( {} )", "{{ {}; }}", "if true; then {}; fi", "echo $({})",
          "while true; do {}; done", "for x in a; do {}; done", "! {}", "{} &", "ls\n{}\nls", "cd src && {}",
          "{} >/dev/null 2>&1", ">x {}", "case x in y) {};; esac")  # fmt: skip


@pytest.mark.parametrize("around", AROUND)
def test_wherever_it_stands_a_push_is_a_push(around: str) -> None:
    for one in WRAPPERS:
        for other in WRAPPERS:
            command = around.format(f"{one}{other}git push origin main")
            assert "git.push.app.main" in actions(command), command


def test_eight_wrappers_are_followed_and_nine_are_not_understood() -> None:
    assert "git.push.app.main" in actions("env " * 8 + "git push origin main")
    assert "shell.any" in actions("env " * 9 + "git push origin main")
    assert "shell.any" in actions("env " * 2000 + "git push origin main")


@pytest.mark.parametrize(
    "text",
    ["ls \x00", "ls \x07", "ls\rgit push", "ls\u00a0-la", "ls\u2003-la", "ls \u202e", "ls \ufeff", "ls \x7f", "ls \x85",
     "ls \u200b", "ls \u3000x", "ls \ud800", "echo " + "x" * 10_000, "echo '" + "\n" * 9_995 + "'x"],
)  # fmt: skip
def test_letters_that_shells_disagree_about_are_refused(text: str) -> None:
    assert "shell.any" in actions(text)


def test_letters_of_other_languages_are_letters() -> None:
    assert missing("echo 'größe — 大小 🙂' && git commit -m 'Größe'") == []


@pytest.mark.parametrize("text", ["", "  ", "\n\n", "# nothing", "  # git push"])
def test_nothing_needs_nothing_more(text: str) -> None:
    assert actions(text) == ("code.read",)


def test_deep_and_long_texts_end() -> None:
    assert "shell.any" in actions("echo " + "$(echo " * 50 + ")" * 50)
    assert "shell.any" in actions("(" * 3000 + "git push" + ")" * 3000)
    assert "shell.any" in actions("if true; then " * 300 + "git push" + "; fi" * 300)
    assert "shell.any" in actions("for x in a b c d e f g h; do " * 5 + "git push" + "; done" * 5)
    assert "git.push.app.feature" in actions("ls; " * 2000 + "git push")


def test_a_need_names_the_command_and_no_more_than_fits() -> None:
    need = analyse("ls; git push origin main " + "-q " * 100, World())[-1]
    assert need.subject.startswith("git push origin main -q")
    assert len(need.subject) == 160
    assert need.why == "it pushes a branch"
