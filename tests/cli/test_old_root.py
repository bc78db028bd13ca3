"""`init --force`: what it says about the tokens of roots that were here before is what `verify` does."""

from __future__ import annotations

import re

import pytest

from tests.cli.shell import Shell

GONE = "its tokens are no longer trusted here"


def verified(shell: Shell, token: str) -> bool:
    return shell.kanoniv("verify", "-s", "build", "-t", "-", stdin=token).status == 0


def made(shell: Shell) -> str:
    said = shell.kanoniv("delegate", "-s", "build")
    assert said.status == 0, said
    return said.out.strip()


def forced(shell: Shell, *words: str) -> str:
    said = shell.kanoniv("init", "--force", *words)
    assert said.status == 0, said
    return said.err


def pin(shell: Shell, label: str) -> None:
    listed = shell.kanoniv("roots", "list").out
    key = re.search(r"did:key:\S+", listed)
    assert key is not None
    assert shell.kanoniv("roots", "add", label, key[0]).status == 0


@pytest.fixture
def begun(shell: Shell) -> Shell:
    assert shell.kanoniv("init").status == 0
    return shell


def test_a_root_that_is_replaced_is_trusted_no_more(begun: Shell) -> None:
    token = made(begun)
    assert GONE in forced(begun)
    assert not verified(begun, token)


def test_a_former_root_whose_overlap_goes_on_is_named(begun: Shell) -> None:
    first = made(begun)
    assert begun.kanoniv("roots", "rotate", "--overlap", "1h").status == 0
    second = made(begun)
    said = forced(begun)
    assert GONE in said
    assert (verified(begun, first), verified(begun, second)) == (True, False)
    label = re.search(r"still trusted here for \S+: kanoniv-auth roots remove (former-\w+)", said)
    assert label is not None, said
    assert begun.kanoniv("roots", "remove", label[1]).status == 0
    assert not verified(begun, first)
    assert "still trusted" not in forced(begun)


def test_a_root_that_is_pinned_as_well_stays_trusted_and_it_says_so(begun: Shell) -> None:
    pin(begun, "team")
    token = made(begun)
    said = forced(begun)
    assert verified(begun, token)
    assert GONE not in said
    assert "its tokens are still trusted here: kanoniv-auth roots remove team" in said


def test_a_root_in_another_place_was_never_the_homes(begun: Shell) -> None:
    token = made(begun)
    assert begun.kanoniv("init", "-o", "other.key").status == 0
    said = forced(begun, "-o", "other.key")
    assert "the old key is kept at" in said
    assert GONE in said
    assert verified(begun, token)


def test_a_copy_of_the_homes_root_is_still_the_homes_root(begun: Shell) -> None:
    token = made(begun)
    copy = begun.place / "copy.key"
    copy.write_bytes((begun.home / "root.key").read_bytes())
    copy.chmod(0o600)
    said = forced(begun, "-o", str(copy))
    assert "its tokens are still trusted here: it is this home's own root" in said
    assert verified(begun, token)


def test_an_environment_that_names_the_old_root(begun: Shell) -> None:
    key = re.search(r"did:key:\S+", begun.kanoniv("roots", "list").out)
    assert key is not None
    said = begun.kanoniv("init", "--force", KANONIV_ROOT_PUB=key[0])
    assert GONE not in said.err
    assert "still trusted here: KANONIV_ROOT_PUB or KANONIV_ROOT_DID names it" in said.err


@pytest.mark.parametrize("text", ["nonsense", ""])
def test_an_old_key_that_was_none(begun: Shell, text: str) -> None:
    (begun.home / "root.key").write_text(text)
    said = forced(begun)
    assert "the old key is kept at" in said
    assert "trusted" not in said
