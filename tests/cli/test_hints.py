"""No hint sends anybody to a command or an option that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kanoniv_auth.cli import fixes, render
from kanoniv_auth.cli.table import COMMANDS
from kanoniv_auth.core import errors
from kanoniv_auth.core.errors import REASONS, AuthError

ROOT = Path(__file__).parents[2]
GLOBAL = {"--help", "--version"}
SAMPLE: dict[str, object] = {
    "detail": "something", "size": 1, "limit": 1, "root_did": "did:agent:" + "0" * 32, "trusted": (),
    "where": "link 0", "link": 1, "scope": "a.b", "have": ("a", "b"), "need": "c", "depth": 17, "what": "x",
    "at": 1, "now": 2, "got": "", "want": "me", "caveat": "[]", "name": "x", "path": "/x", "mode": 0o644,
    "endpoint": "https://auth.example",
}  # fmt: skip
VARIANTS: list[dict[str, object]] = [
    {},
    {"want": None, "got": "other"},
    {"want": "", "got": "other"},
    {"folder": "/x/keys"},
    {"version": 1},
    {"detail": "a bundle (kdb2.) holds a private key"},
    {"detail": "a PEM key needs the extra: pip install kanoniv-auth[ci]"},
    {"path": "/x/local.pub"},
    {"fix": "4h"},
    {"fix": "kanoniv-auth init --force"},
]


def error(slug: str, facts: dict[str, object]) -> AuthError:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    owner = next(kind for kind in kinds if issubclass(kind, AuthError) and slug in kind.slugs)
    made = owner(slug, **facts)
    assert isinstance(made, AuthError)
    return made


def check_commands(text: str) -> None:
    for line in text.splitlines():
        for tail in re.findall(r"kanoniv-auth ((?:[a-z-]+)(?: [^;:,()`]*)?)", line):
            words = tail.split()
            if words[0] in ("makes", "command"):
                continue
            command = COMMANDS.get(" ".join(words[:2]), COMMANDS.get(words[0]))
            if words[0] in GLOBAL:
                continue
            assert command is not None, f"{words[0]!r} is no command: {line}"
            known = {flag for option in command.options for flag in option.flags} | GLOBAL
            flags = [word for word in words[1:] if re.fullmatch(r"--?[a-z][a-z-]*", word)]
            assert set(flags) <= known, f"{flags} are not all options of {words[0]}: {line}"


@pytest.mark.parametrize("slug", sorted(REASONS))
def test_every_slug_has_a_hint_that_works(slug: str) -> None:
    assert slug in fixes._FIXES
    for variant in VARIANTS:
        text = render.refusal(error(slug, {**SAMPLE, **variant}))
        assert text.count(f"[{slug}]") == 1
        fix = text.split("fix: ")[1]
        assert fix.strip()
        check_commands(text)


def test_hints_written_elsewhere_work_too() -> None:
    for path in [*ROOT.glob("kanoniv_auth/api/*.py"), *ROOT.glob("kanoniv_auth/store/*.py"),
                 *ROOT.glob("kanoniv_auth/cli/*.py")]:  # fmt: skip
        for text in re.findall(
            r'"([^"\n]*kanoniv-auth [^"\n]*)"', path.read_text(encoding="utf-8")
        ):
            check_commands(text.replace("{name}", "x"))


def test_the_checker_itself_notices() -> None:
    for text in ("kanoniv-auth ask-nicely -s x", "kanoniv-auth verify --nope"):
        with pytest.raises(AssertionError):
            check_commands(text)


def test_foreign_text_cannot_colour_or_forge_a_line() -> None:
    text = render.refusal(error("scope", {"need": "a\n\x1b[31mroot", "have": ("b\rc",)}))
    assert "\x1b" not in text
    assert "\r" not in text
    assert len(text.splitlines()) == 4
