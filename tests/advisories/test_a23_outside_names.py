"""A23: a branch, repository or tool whose name contains what separates scopes.

Whoever may name a branch names it `main.evil`, `../main`, or `main` with a Cyrillic letter, and hopes that the scope
made from it is covered by the one for `main`. The published product pasted names in as they came. One function
encodes.
"""

from __future__ import annotations

import unicodedata

import pytest

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import scope
from tests.advisories.attacker import ALICE, Links
from tests.advisories.verifier import ACCEPTED, verdict

GRANTED = scope("git", "push", "acme/app", "main")
TOKEN = Links().grow(ALICE, scp=[GRANTED]).sealed()

BRANCHES = [
    "main.evil", "Main", "MAIN", "m\u0430in", "main ", " main", "main\n", "main\0", "main/x", "main/../main", "./main",
    "main%2eevil", "%6dain", "main%", "main*", "*", "mai", "mainx", "main,release", "main;", "refs/heads/main",
    "\uff4dain", "main\u200b", "main\u0301", "ma\u0131n", "main.", ".main",
]  # fmt: skip


@pytest.mark.parametrize("branch", BRANCHES, ids=ascii)
def test_a_branch_that_is_not_main(branch: str) -> None:
    action = scope("git", "push", "acme/app", branch)
    assert action.count(".") == 3
    assert verdict(TOKEN, action) == "scope"


@pytest.mark.parametrize(
    "repository", ["acme/app.git", "acme.app", "acme%2fapp", "acme/app/", "acme", "Acme/app"]
)
def test_a_repository_that_is_not_that_one(repository: str) -> None:
    assert verdict(TOKEN, scope("git", "push", repository, "main")) == "scope"


def test_the_right_names_pass() -> None:
    assert GRANTED == "git.push.acme%2fapp.main"
    assert verdict(TOKEN, scope("git", "push", "acme/app", "main")) == ACCEPTED
    assert verdict(TOKEN, scope("git", "push", "acme/app", "main", "more")) == ACCEPTED


def test_two_names_never_make_one_scope() -> None:
    """Also not a composed and a decomposed letter: nothing is normalised, so nothing is mistaken."""
    composed, decomposed = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")
    names = [
        *BRANCHES,
        "main",
        "acme/app",
        "acme%2fapp",
        "acme%252fapp",
        composed,
        decomposed,
        "a.b",
        "a%2eb",
        "a:b",
    ]
    assert len({scope(name) for name in names}) == len(names)


def test_dots_are_segments_only_between_arguments() -> None:
    assert scope("a", "b") == "a.b"
    assert scope("a.b") == "a%2eb"
    assert scope("git:push") == "git%3apush"
    assert scope("git:push") != scope("git", "push")


@pytest.mark.parametrize(
    "segments",
    [(), ("",), ("a", ""), ("", "a"), ("x" * 201,), ("é" * 67,), ("a",) * 17, ("\ud800",)],
)
def test_names_that_cannot_be_a_scope_are_refused_not_shortened(segments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        scope(*segments)
    assert caught.value.slug == "usage"


NOT_SCOPES = [
    "main%2Eevil", "main%2", "main%", "main%zz", "main%41", "main%5f", "main%2d", "main%", "é", "a b", "a/b", "a:b",
    "a\u200b", "A%", "%", "%%", "%2e%", "% 2e", "%+2",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_SCOPES, ids=ascii)
def test_a_second_spelling_of_a_scope_in_a_link(text: str) -> None:
    raw_json = Links().grow(ALICE, scp=[text])
    assert verdict(raw_json.sealed(), text) == "parse"
    assert verdict(TOKEN, text) == "scope"
