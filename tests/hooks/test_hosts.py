"""Six hosts, one decision: in whatever form a call comes, it needs the same, and no is said so that it counts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.cli.argv import AGENT_HOSTS
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.hooks import agent, hosts, toolscope
from kanoniv_auth.hooks.event import DONE, FAILED, GATE, TOLD, Installed
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.surroundings import Around
from kanoniv_auth.store.home import Home
from tests.hooks.calls import PAYLOADS, claude, files, name_of, payload

NEEDS = {
    "edit": {"code.edit"},
    "write_ci": {"ci.edit"},
    "write_config": {"agent.config"},
    "write_elsewhere": {"fs.write"},
    "read": {"code.read"},
    "read_secret": {"secrets.read"},
    "read_home": {NEVER},
    "status": {"code.read"},
    "push": {"git.push.auth-action.main"},
    "mcp": {"mcp.crm.resolve"},
}
# what a host does not say, or has no tool for
OTHERWISE = {("cursor", "mcp"): {"mcp.unnamed.resolve"}}


class Place:
    """A user, and a project of theirs that pushes somewhere."""

    def __init__(self, place: Path) -> None:
        self.user = place / "user"
        self.project = self.user / "work" / "auth-action"
        self.project.mkdir(parents=True)
        for words in (
            ["init", "-q", "-b", "main"],
            ["remote", "add", "origin", "https://example.com/kanoniv/auth-action.git"],
            [
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@y",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "x",
            ],
        ):
            subprocess.run(["git", *words], cwd=self.project, check=True, capture_output=True)
        self.installed = Installed(Home(str(self.user / ".kanoniv")), "did:key:z6MkwZ")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path)
    monkeypatch.setenv("HOME", str(found.user))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("KANONIV_HOME", raising=False)
    monkeypatch.delenv("KANONIV_TOKEN", raising=False)
    return found


def event_of(host: str, fields: dict[str, Any], place: Place) -> Any:
    found = hosts.adapter(hosts.recognise(host, fields))
    return found.read(fields, str(place.project))


def needed(host: str, fields: dict[str, Any], place: Place) -> set[str]:
    event = event_of(host, fields, place)
    assert event.kind == GATE
    found = {
        need.action
        for call in event.calls
        for need in toolscope.needs(call, Around(call.cwd, place.installed))
    }
    # what everybody may do says nothing beside another
    return found - {"code.read"} or found


def shown(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


KNOWN = [path for path in files() if name_of(path) in NEEDS]


@pytest.mark.parametrize("path", KNOWN, ids=shown)
def test_the_same_call_needs_the_same(path: Path, place: Place) -> None:
    host, name = path.parent.name, name_of(path)
    expected = OTHERWISE.get((host, name), NEEDS[name])
    assert needed(host, payload(path, place.project, place.user), place) == expected


@pytest.mark.parametrize("path", files(), ids=shown)
def test_a_host_is_told_apart_by_what_it_sends(path: Path, place: Place) -> None:
    fields = payload(path, place.project, place.user)
    # Cursor and Copilot run what is installed for Claude Code
    if path.parent.name in {"cursor", "copilot", "windsurf"} and "claude-form" not in path.stem:
        assert hosts.recognise("claude-code", fields) == path.parent.name
    assert hosts.recognise(path.parent.name, fields) == path.parent.name


# nothing in these says whose they are; those hosts run no entry of another's
MARKED = [p for p in KNOWN if p.parent.name != "gemini" and "claude-form" not in p.stem]


@pytest.mark.parametrize("path", MARKED, ids=shown)
def test_an_entry_of_claude_codes_decides_it_in_the_same_way(path: Path, place: Place) -> None:
    fields = payload(path, place.project, place.user)
    expected = OTHERWISE.get((path.parent.name, name_of(path)), NEEDS[name_of(path)])
    assert needed("claude-code", fields, place) == expected


def test_every_host_has_every_call_it_can_make() -> None:
    found = {
        host: {name_of(path) for path in (PAYLOADS / host).glob("*.json")} for host in AGENT_HOSTS
    }
    for host, names in found.items():
        assert names >= set(NEEDS) - ({"mcp"} if host == "copilot" else set()), host


def test_the_hosts_are_said_in_two_places_and_agree() -> None:
    assert AGENT_HOSTS == hosts.HOSTS


# ---------------------------------------------------------------------------------------- how no is said

DENIALS = {
    "claude-code": ("hookSpecificOutput", "permissionDecision"),
    "codex": ("hookSpecificOutput", "permissionDecision"),
    "gemini": ("decision",),
    "copilot": ("permissionDecision",),
    "cursor": ("permission",),
    "windsurf": None,
}


@pytest.mark.parametrize("path", [p for p in KNOWN if name_of(p) == "edit"], ids=shown)
def test_no_is_said_in_the_hosts_words_on_stderr_and_by_status(path: Path, place: Place) -> None:
    host = path.parent.name
    data = json.dumps(payload(path, place.project, place.user)).encode()
    found = agent.answer(host, data, place.installed, str(place.project))
    assert found.exit == 2
    assert "no_token" in found.err
    assert "code.edit" in found.err
    keys = DENIALS[host]
    if keys is None:
        assert found.out == {}
        return
    value: Any = found.out
    for key in keys:
        value = value[key]
    assert value == "deny"


@pytest.mark.parametrize("path", [p for p in KNOWN if name_of(p) == "read"], ids=shown)
def test_yes_is_no_opinion(path: Path, place: Place) -> None:
    data = json.dumps(payload(path, place.project, place.user)).encode()
    found = agent.answer(path.parent.name, data, place.installed, str(place.project))
    assert (found.out, found.err, found.exit) == ({}, "", 0)


# -------------------------------------------------------------------------------------- events of theirs


@pytest.mark.parametrize(
    ("host", "fields", "kind"),
    [
        ("claude-code", {"hook_event_name": "PostToolUse", "tool_name": "Bash", "cwd": "/"}, DONE),
        ("claude-code", {"hook_event_name": "PostToolUseFailure", "tool_name": "Bash", "cwd": "/"}, FAILED),
        ("claude-code", {"hook_event_name": "Stop"}, TOLD),
        ("claude-code", {"hook_event_name": "PermissionRequest", "tool_name": "Bash"}, TOLD),
        ("claude-code", {"hook_event_name": "BeforeAnything", "tool_name": "Bash", "cwd": "/"}, GATE),
        ("claude-code", {"tool_name": "Bash", "cwd": "/"}, GATE),
        ("codex", {"hook_event_name": "UserPromptSubmit", "prompt": "x"}, TOLD),
        ("gemini", {"hook_event_name": "AfterTool", "tool_name": "glob", "cwd": "/"}, DONE),
        ("gemini", {"hook_event_name": "BeforeModel", "llm_request": {}}, TOLD),
        ("gemini", {"hook_event_name": "PreToolUse", "tool_name": "glob", "cwd": "/"}, GATE),
        ("copilot", {"sessionId": "s", "prompt": "x", "cwd": "/"}, TOLD),
        ("copilot", {"toolName": "bash", "toolArgs": "{}", "cwd": "/", "toolResult": {}}, DONE),
        ("copilot", {"toolName": "bash", "toolArgs": "{}", "cwd": "/", "error": "x"}, FAILED),
        ("cursor", {"hook_event_name": "stop", "conversation_id": "c"}, TOLD),
        ("cursor", {"hook_event_name": "afterFileEdit", "file_path": "/x", "cwd": "/"}, DONE),
        ("cursor", {"hook_event_name": "beforeSomething", "command": "x", "tool_name": "Shell", "cwd": "/"}, GATE),
        ("cursor", {"hook_event_name": "subagentStart", "cwd": "/"}, GATE),
        ("windsurf", {"agent_action_name": "pre_user_prompt", "tool_info": {}}, TOLD),
        ("windsurf", {"agent_action_name": "post_run_command", "tool_info": {"command_line": "x", "cwd": "/"}}, DONE),
    ],
)  # fmt: skip
def test_what_an_event_is(host: str, fields: dict[str, Any], kind: str, place: Place) -> None:
    assert event_of(host, fields, place).kind == kind


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "/", "tool_input": {}}),
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "/", "tool_name": 7, "tool_input": {}}),
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "/", "tool_name": "", "tool_input": {}}),
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "/", "tool_name": "Edit", "tool_input": []}),
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "/", "tool_name": "Edit", "tool_input": "x"}),
        ("claude-code", {"hook_event_name": "PreToolUse", "tool_name": "Edit", "tool_input": {}}),
        ("claude-code", {"hook_event_name": "PreToolUse", "cwd": "src", "tool_name": "Edit", "tool_input": {}}),
        ("claude-code", {"hook_event_name": ["PreToolUse"], "cwd": "/", "tool_name": "Edit"}),
        ("claude-code", {}),
        ("codex", {"hook_event_name": "PreToolUse", "turn_id": "t", "cwd": "/"}),
        ("gemini", {"hook_event_name": "BeforeTool", "cwd": "/"}),
        ("copilot", {"toolArgs": "{}", "cwd": "/"}),
        ("copilot", {"toolName": "bash", "toolArgs": "not json", "cwd": "/"}),
        ("copilot", {"toolName": "bash", "toolArgs": "{}"}),
        ("cursor", {"hook_event_name": "preToolUse", "cwd": "/"}),
        ("cursor", {"hook_event_name": "beforeMCPExecution", "cwd": "/", "tool_input": "{}"}),
        ("windsurf", {"agent_action_name": "pre_launch_rocket", "tool_info": {}}),
        ("windsurf", {"agent_action_name": "pre_run_command", "tool_info": []}),
        ("windsurf", {"agent_action_name": "pre_mcp_tool_use", "tool_info": {"mcp_tool_name": "x"}}),
        ("windsurf", {"tool_info": {"command_line": "ls"}}),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(host: str, fields: dict[str, Any], place: Place) -> None:
    with pytest.raises(TokenParseError):
        event_of(host, fields, place)
    found = agent.answer(host, json.dumps(fields).encode(), place.installed, str(place.project))
    assert found.exit == 2
    assert found.err


def test_a_command_that_is_no_text_is_refused(place: Place) -> None:
    for fields in (
        {"hook_event_name": "beforeShellExecution", "conversation_id": "c", "cwd": "/"},
        {"agent_action_name": "pre_run_command", "tool_info": {"cwd": "/", "command_line": ["ls"]}},
        claude("Bash", "/", command=["ls"]),
        claude("Bash", "/"),
    ):
        found = agent.answer("claude-code", json.dumps(fields).encode(), place.installed, "/")
        assert found.exit == 2
        assert "[parse]" in found.err


# --------------------------------------------------------------------------------------- one host's own


def test_a_patch_needs_what_each_of_its_files_needs(place: Place) -> None:
    text = (
        "*** Begin Patch\n*** Update File: src/a.py\n*** Move to: .github/workflows/x.yml\n@@\n-a\n+b\n"
        "*** Delete File: .claude/settings.json\n*** Add File: /nowhere/x\n+*** Add File: src/not.py\n*** End Patch"
    )
    fields = {**claude("apply_patch", place.project), "turn_id": "t"}
    for given in ({"command": text}, {"input": text}, {"patch": text}, text):
        fields["tool_input"] = given
        assert needed("codex", fields, place) == {
            "code.edit",
            "ci.edit",
            "agent.config",
            "fs.write",
        }


@pytest.mark.parametrize(
    "text",
    [
        "", "*** Begin Patch", "*** Begin Patch\n*** End Patch", "*** Begin Patch\n@@\n*** End Patch",
        "*** Begin Patch\n*** Add File: \n*** End Patch", "*** Begin Patch\n*** Copy File: a\n*** End Patch",
        "*** Begin Patch\n*** Add File: a\nno mark\n*** End Patch", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b",
        "*** Begin Patch\n*** Add File: a\n+x",
    ],
)  # fmt: skip
def test_a_patch_that_cannot_be_read_is_refused(text: str, place: Place) -> None:
    fields = {**claude("apply_patch", place.project, command=text), "turn_id": "t"}
    with pytest.raises(TokenParseError):
        needed("codex", fields, place)


def test_a_header_with_blanks_before_it_is_one(place: Place) -> None:
    text = "*** Begin Patch\n*** Update File: src/a.py\n@@\n x\n  *** Delete File: .git/config\n*** End Patch"
    fields = {**claude("apply_patch", place.project, command=text), "turn_id": "t"}
    assert needed("codex", fields, place) == {"code.edit", "agent.config"}


def test_gemini_runs_a_command_in_another_folder(place: Place) -> None:
    fields = {**claude("run_shell_command", place.project), "hook_event_name": "BeforeTool"}
    fields["tool_input"] = {"command": "touch x", "dir_path": ".claude"}
    assert needed("gemini", fields, place) == {"agent.config"}


def test_gemini_mcp_name_that_could_be_split_twice(place: Place) -> None:
    fields = {**claude("mcp_a_b_c", place.project), "hook_event_name": "BeforeTool"}
    assert needed("gemini", fields, place) == {"tool.mcp_a_b_c"}
    fields["mcp_context"] = {"server_name": "a_b", "tool_name": "c"}
    assert needed("gemini", fields, place) == {"mcp.a_b.c"}


def test_copilot_types_into_a_running_shell(place: Place) -> None:
    fields = {
        "toolName": "write_bash",
        "toolArgs": '{"input":"git push\\n"}',
        "cwd": str(place.project),
    }
    assert needed("copilot", fields, place) == {"shell.any"}


def test_cursor_reads_what_is_attached(place: Place) -> None:
    fields = {
        "conversation_id": "c", "hook_event_name": "beforeReadFile", "workspace_roots": [str(place.project)],
        "file_path": "src/a.py", "attachments": [{"type": "file", "file_path": str(place.user / ".aws/credentials")}],
    }  # fmt: skip
    assert needed("cursor", fields, place) == {"secrets.read"}


def test_windsurf_reads_a_whole_folder(place: Place) -> None:
    fields = {"agent_action_name": "pre_read_code", "tool_info": {"file_path": str(place.user)}}
    assert needed("windsurf", fields, place) == {NEVER}
