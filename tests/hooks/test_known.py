"""Which scopes a tool of a coding agent asks for: all that the analysis finds, and nothing of one's own making."""

from __future__ import annotations

import pytest

from kanoniv_auth.hooks import known
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.presets import PRESETS
from kanoniv_auth.hooks.shell.analysis import analyse
from tests.hooks.shell.corpus import rows
from tests.hooks.shell.world import World


def test_every_scope_that_a_command_needs_is_known() -> None:
    commands = [command for name in ("denied", "everyday") for _, command in rows(name)]
    found = {need.action for command in commands for need in analyse(command, World())}
    assert len(found) > 30
    assert sorted(action for action in found - {NEVER, ""} if not known.is_known(action)) == []


def test_every_scope_of_a_preset_is_known() -> None:
    for preset in PRESETS.values():
        assert all(known.is_known(one) for one in preset.scopes), preset.name


@pytest.mark.parametrize(
    "text",
    [
        "code", "git", "git.push", "git.push.app", "git.push.app.feature%2fx", "net.fetch.example%2ecom", "mcp",
        "mcp.github", "mcp.github.create_issue", "tool.Anything", "shell.run.docker", "shell.any", "agent.schedule",
        "data.publish", "secrets.read", "fs.write", "ci.edit", "net.send", "shell.unsandboxed", "mcp.files.resources",
    ],
)  # fmt: skip
def test_what_covers_or_is_a_scope_of_a_tool(text: str) -> None:
    assert known.is_known(text)
    assert known.note((text,)) == ""


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("codeedit", "code.edit"),
        ("code.edi", "code.edit"),
        ("Code.Edit", "code.edit"),
        ("code.edit.src", "code.edit"),
        ("code_edit", "code.edit"),
        ("tests.run", "test.run"),
        ("git.psuh.app.main", "git.push"),
        ("git.push.app.main.more", "git.push"),
        ("push", "git.push"),
        ("deploy.staging", None),
        ("x", None),
        ("worktree", "agent.worktree"),
        ("dangerouslyDisableSandbox", None),
    ],
)
def test_what_no_tool_asks_for_is_said_in_one_line(text: str, near: str | None) -> None:
    assert not known.is_known(text)
    said = known.note((text, "test.run"))
    assert text in said
    assert "\n" not in said
    assert said.count("test.run") == (near == "test.run")
    assert said.count("?") == (near is not None)
    assert near is None or f"{text} ({near}?)" in said
