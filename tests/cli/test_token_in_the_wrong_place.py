"""A token given where a file, a scope or a name is wanted: what is said about it ends in logs, so it is not shown."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell


@pytest.mark.parametrize(
    "line",
    [
        ("verify", "-s", "build", "--token-file", "TOKEN"),
        ("verify", "-s", "TOKEN"),
        ("verify", "TOKEN", "-s", "build"),
        ("verify", "-s", "build", "-a", "TOKEN"),
        ("verify", "-s", "build", "--root-did", "TOKEN"),
        ("audit", "TOKEN"),
        ("delegate", "-s", "TOKEN"),
        ("delegate", "-s", "build", "-t", "TOKEN"),
        ("TOKEN",),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_it_is_not_shown(shell: Shell, line: tuple[str, ...], form: tuple[str, ...]) -> None:
    token = shell.token("build")
    said = shell.kanoniv(*[word.replace("TOKEN", token) for word in line], *form)
    assert said.status == 2
    assert token[20:60] not in said.out + said.err
