"""What a person types, read strictly; the table of presets is the product's."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.hooks import typed
from kanoniv_auth.hooks.presets import PRESETS
from kanoniv_auth.hooks.typed import Delegation


@pytest.mark.parametrize(
    ("text", "name", "scopes", "ttl"),
    [
        ("code.edit", None, ("code.edit",), None),
        ("build", None, ("build",), None),
        ("code.edit,test.run 4h", None, ("code.edit", "test.run"), "4h"),
        (" code.edit, test.run  4h ", None, ("code.edit", "test.run"), "4h"),
        ("code.edit ,test.run", None, ("code.edit", "test.run"), None),
        ("bot code.edit", "bot", ("code.edit",), None),
        ("bot code.edit 1h30m", "bot", ("code.edit",), "1h30m"),
        ("full-dev", None, PRESETS["full-dev"].scopes, None),
        ("Full-Dev 90m", None, PRESETS["full-dev"].scopes, "90m"),
        ("bot repo-scoped 2h", "bot", PRESETS["repo-scoped"].scopes, "2h"),
        ("code.edit never", None, ("code.edit",), "never"),  # which Order refuses, by its own words
        ("git.push.{repo}.{branch}", None, ("git.push.{repo}.{branch}",), None),
    ],
)
def test_delegation(text: str, name: str | None, scopes: tuple[str, ...], ttl: str | None) -> None:
    assert typed.delegation(text) == Delegation(name, scopes, ttl)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "a b c", "a b c 4h", "bot code.edit 4h extra", "code.edit\ntest.run", "code.edit\n",
        "code.edit\x1b[31m", "code.edit\u202etest", "code.edit\u00a0test.run x", "git.*", "git.push.* 4h", "*", ",",
        "bot , 4h", "code.edit, 4h", "4h", "x" * 5000, "code.edit\t4h", "code.edit\0",
        "fulldev", "full_dev 4h", "full dev 4h", "Read Only", "bot readonly",
        "code.edit,build-only", "read-only,test.run",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed.delegation(text)
    assert caught.value.facts["fix"]


def test_nothing_typed_shows_the_presets() -> None:
    with pytest.raises(UsageError) as caught:
        typed.delegation("")
    for preset in PRESETS.values():
        assert preset.name in str(caught.value)


@pytest.mark.parametrize("text", ["", "a b", "a, b c", "git.*", "a\nb", ","])
def test_scopes(text: str) -> None:
    with pytest.raises(UsageError):
        typed.scopes(text)
    assert typed.scopes("a, b") == ("a", "b")
    assert typed.scopes("build-only") == ("code.edit", "test.run")


@pytest.mark.parametrize("text", ["", "2 h", "2h 3h", "2h\n"])
def test_time(text: str) -> None:
    with pytest.raises(UsageError):
        typed.time(text)
    assert typed.time(" 2h ") == "2h"


@pytest.mark.parametrize("text", ["0", "101", "-1", "x", "1 2", "1e1", "٣", "9" * 40])
def test_count(text: str) -> None:
    with pytest.raises(UsageError):
        typed.count(text)
    assert (typed.count(""), typed.count("5"), typed.count("100")) == (20, 5, 100)


def test_the_presets_are_the_products() -> None:
    assert {preset.title: preset.scopes for preset in PRESETS.values()} == {
        "Full dev": ("code.edit", "test.run", "git.commit", "git.push"),
        "Read-only + test": ("code.read", "test.run"),
        "Repo-scoped": ("code.edit", "test.run", "git.push.{repo}.{branch}"),
        "Build only": ("code.edit", "test.run"),
    }
    for name, preset in PRESETS.items():
        assert name == preset.name
        filled = [one.replace("{repo}", "r").replace("{branch}", "b") for one in preset.scopes]
        assert set(parse_scopes(filled)) == set(filled)
