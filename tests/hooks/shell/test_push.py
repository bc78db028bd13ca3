"""What a plain push needs follows from the settings."""

from __future__ import annotations

import pytest

from kanoniv_auth.hooks.shell.analysis import analyse
from tests.hooks.shell.world import World


def pushed(command: str, /, **settings: object) -> tuple[str, ...]:
    world = World()
    for name, value in settings.items():
        setattr(world, name, value)
    return tuple(need.action for need in analyse(command, world))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "git.push.app.feature"),
        ({"default": "current"}, "git.push.app.feature"),
        ({"default": "upstream"}, "git.push.app.main"),
        ({"default": "tracking"}, "git.push.app.main"),
        ({"default": "matching"}, "git.push.app"),
        ({"default": "something"}, "git.push.app"),
        ({"default": "nothing"}, "code.read"),
        ({"branch": None}, "code.read"),
        ({"branch": "a.b/c"}, "git.push.app.a%2eb%2fc"),
        ({"branch": "b" * 201}, "git.push.app"),
        ({"refspecs": ("HEAD:main",)}, "git.push.app.main"),
        ({"refspecs": ("refs/heads/*:refs/heads/*",)}, "git.push.app"),
        ({"refspecs": ("+feature",)}, "git.push.app"),
        ({"wide": "the remote is a mirror"}, "git.push.app"),
    ],
)
def test_a_plain_push(settings: dict[str, object], expected: str) -> None:
    assert pushed("git push", **settings) == (expected,)


def test_what_is_named_goes_before_what_is_set() -> None:
    assert pushed("git push origin main", default="matching") == ("git.push.app.main",)
    assert pushed("git push origin HEAD", branch=None) == ("git.push.app",)
    assert pushed("git push origin HEAD:x", branch=None) == ("git.push.app.x",)


def test_a_commit_outside_every_repository_needs_all_of_them() -> None:
    assert pushed("git -C /srv commit -m x") == ("git.commit",)
