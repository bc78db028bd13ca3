"""The plain reader and the one on tree-sitter: what both understand they understand alike; and what is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzz.shell_texts import Texts
from kanoniv_auth.hooks.shell import analysis, plain, tree
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, NotUnderstood, Simple, Word
from tests.hooks.shell.corpus import rows
from tests.hooks.shell.world import HOME, World

ROOT = Path(__file__).resolve().parents[3]


def sources(simple: Simple) -> tuple[object, ...]:
    """What comes through the pipe, up to where it is not known."""
    found: list[object] = []
    while simple.source is not None and simple.source.words:
        simple = simple.source
        found.append(simple.words)
    return tuple(found)


def same(commands: tuple[Simple, ...], extra: int) -> tuple[list[Any], list[tuple[str, str]]]:
    """What was read, without what the two write down in different ways.

    extra: how much deeper a substitution stands; the grammar sets a redirect that ends a list beside it
    """
    redirects = [(each.sign, each.target.text) for simple in commands for each in simple.redirects]
    found = [
        (
            simple.words,
            simple.assignments,
            max(len(simple.nest) - extra, 0),
            simple.piped,
            simple.after,
            sources(simple),
        )
        for simple in commands
        if simple.words or simple.assignments
    ]
    return found, sorted(redirects)


def both(text: str) -> bool:
    """Whether both understand a text; then they must agree."""
    found = []
    for extra, reader in enumerate((plain.read, tree.read)):
        try:
            found.append(same(reader(text, HOME), extra))
        except NotUnderstood:
            return False
    (one, one_redirects), (other, other_redirects) = found
    assert one_redirects == other_redirects, text
    assert len(one) == len(other), text
    if "< <(" in text:
        # so do the commands in such a redirect come at another place
        one.sort(key=repr)
        other.sort(key=repr)
    for left, right in zip(one, other, strict=True):
        # the grammar does not always say what comes through a pipe or after an &&, and then claims nothing
        assert left[:-2] == right[:-2], text
        assert right[-2] in {left[-2], ""}, text
        assert right[-1] == left[-1][: len(right[-1])], text
    return True


def test_both_readers_agree_on_the_lists() -> None:
    compared = 0
    for _, command in rows("everyday") + rows("denied"):
        compared += both(command)
    assert compared > 500


@pytest.mark.parametrize("seed", range(4))
def test_both_readers_agree_on_random_texts(seed: int) -> None:
    texts, compared = Texts(Random(seed)), 0  # noqa: S311 - repeatable
    for _ in range(2500):
        compared += both(texts.one())
    assert compared > 300


def test_random_texts_never_break_it() -> None:
    texts = Texts(Random(7))  # noqa: S311 - repeatable
    for _ in range(5000):
        assert analysis.analyse(texts.one(), World())


LETTERS = "agitpush 'x\"\\\n$(){};&|<>*#=~!-0{}[]`"


def test_random_letters_never_break_it() -> None:
    random = Random(5)  # noqa: S311 - repeatable
    for _ in range(5000):
        text = "".join(random.choice(LETTERS) for _ in range(random.randrange(1, 30)))
        assert analysis.analyse(text, World())
        assert analysis.analyse(f"git {text}", World())
        assert analysis.analyse(f"find . -exec {text}", World())
        assert analysis.analyse(f"sed {text}; xargs {text}; cp {text}", World())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ls a\\ b 'c d' \"e f\"", ["ls", "a b", "c d", "e f"]),
        ('echo "a\\"b\\$c\\\\d\\e"', ["echo", 'a"b$c\\d\\e']),
        ('echo ~ ~/x a~ $HOME/y "$HOME"', ["echo", HOME, f"{HOME}/x", "a~", f"{HOME}/y", HOME]),
        ("echo '' \"\" x''", ["echo", "", "", "x"]),
        ("echo a#b # c", ["echo", "a#b"]),
        ("echo {} a{b} {", ["echo", "{}", "a{b}", "{"]),
        ("echo \\\n  x", ["echo", "x"]),
        ('echo "a\\\nb"', ["echo", "ab"]),
        ("echo 'a\nb'", ["echo", "a\nb"]),
        ("2>x echo 3 >&2 4>&1", ["echo", "3"]),
    ],
)  # fmt: skip
def test_words(text: str, words: list[str]) -> None:
    (simple,) = plain.read(text, HOME)
    assert [word.text for word in simple.words] == words
    assert {word.kind for word in simple.words} == {LITERAL}
    assert both(text)


def test_patterns_are_told_from_quoted_ones() -> None:
    (simple,) = plain.read("ls *.py '*.py' \\*.py [ab] a?", HOME)
    assert [word.kind for word in simple.words[1:]] == [PATTERN, LITERAL, LITERAL, PATTERN, PATTERN]


def test_a_loop_is_read_once_for_each_value() -> None:
    found = tree.read('for f in a *.py; do rm "$f" $f.x; done', HOME)
    assert [simple.words[1:] for simple in found if simple.words] == [
        (Word("a"), Word("a.x")),
        (Word("*.py", PATTERN), Word("$f.x", "shown", single=False)),
    ]


IMPORTS = """
import sys
sys.path.insert(0, {root!r})
from kanoniv_auth.hooks.shell.analysis import analyse
from kanoniv_auth.hooks.checkout import Checkout
class Around(Checkout):
    cwd = home = "/tmp"
    def write_scope(self, path, cwd, *, below=False): return "code.edit"
    def read_scope(self, path, cwd, *, below=False): return "code.read"
before = set(sys.modules)
for command in {commands!r}:
    analyse(command, Around())
print(" ".join(sorted(set(sys.modules))))
"""


def imported(*commands: str, block: str = "") -> set[str]:
    program = f"import sys; sys.modules[{block!r}] = None\n" if block else ""
    program += IMPORTS.format(root=str(ROOT), commands=commands)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


HEAVY = {
    "re",
    "subprocess",
    "tree_sitter",
    "typing",
    "json",
    "enum",
    "dataclasses",
    "shutil",
    "pathlib",
}


def test_a_plain_command_imports_nothing_heavy() -> None:
    found = imported("git status && git diff | head -20", "ls -la", "rm x", "sed -i s/a/b/ x")
    assert not HEAVY & found
    assert {name for name in found if name.startswith("kanoniv_auth.")} >= {
        "kanoniv_auth.hooks.shell.git",
        "kanoniv_auth.hooks.shell.readers",
    }


def test_a_push_has_to_ask_git() -> None:
    assert "subprocess" in imported("git push")


def test_without_tree_sitter_compound_commands_are_not_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "kanoniv_auth.hooks.shell.tree", None)
    monkeypatch.delattr("kanoniv_auth.hooks.shell.tree", raising=False)
    needs = analysis.analyse("for x in a; do ls; done", World())
    assert [need.action for need in needs] == ["shell.any"]
    assert [need.action for need in analysis.analyse("ls && pwd", World())] == ["code.read"]
