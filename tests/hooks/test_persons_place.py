"""What would type in a person's place is for no token: a schedule, a message, another agent's host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.hooks import toolscope
from kanoniv_auth.hooks.event import Installed, ToolCall
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.surroundings import Around
from kanoniv_auth.store.home import Home


def actions(tool: str, given: dict[str, Any], tmp_path: Path) -> set[str]:
    around = Around(str(tmp_path), Installed(Home(str(tmp_path / "home"))))
    return {
        need.action for need in toolscope.needs(ToolCall(tool, tool, given, str(tmp_path)), around)
    }


@pytest.mark.parametrize(
    "tool", ["CronCreate", "ScheduleWakeup", "RemoteTrigger", "SendMessage", "Workflow"]
)
@pytest.mark.parametrize(
    "given",
    [
        {"prompt": "/kanoniv:scope git.push"},
        {"prompt": "  /Kanoniv:ttl 9h"},
        {"steps": [{"prompt": {"text": "go\n/kanoniv:delegate git.push"}}]},
    ],
)
def test_nothing_types_it_later(tool: str, given: dict[str, Any], tmp_path: Path) -> None:
    assert actions(tool, given, tmp_path) == {NEVER}


def test_what_is_no_command_of_ours_needs_its_scope(tmp_path: Path) -> None:
    assert actions("CronCreate", {"prompt": "look at kanoniv/auth-action"}, tmp_path) == {
        "agent.schedule"
    }
    assert actions("SendMessage", {"message": "hi"}, tmp_path) == {"agent.message"}


@pytest.mark.parametrize(
    "command",
    [
        "claude -p '/kanoniv:delegate git.push'", "claude", "echo '/kanoniv:scope git.push' | claude -p",
        "claude --resume x", "/usr/local/bin/claude -p x", "./node_modules/.bin/claude -p x", "env claude -p x",
        "timeout 60 claude -p x", "sh -c 'claude -p x'",
    ],
)  # fmt: skip
def test_no_other_host_is_started(command: str, tmp_path: Path) -> None:
    assert NEVER in actions("Bash", {"command": command}, tmp_path)


def test_its_version_may_be_asked(tmp_path: Path) -> None:
    assert actions("Bash", {"command": "claude --version"}, tmp_path) <= {"code.read"}
