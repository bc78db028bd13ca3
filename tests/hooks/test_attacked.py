"""What was tried against the hook of a coding agent and came through: payloads, links, folders git would follow."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.hooks import hosts, toolscope
from kanoniv_auth.hooks.event import Installed, ToolCall
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.surroundings import Around
from kanoniv_auth.store.home import Home
from tests.hooks import calls


class Place:
    """A user's directory with a project in it, as the hook sees them."""

    def __init__(self, folder: Path) -> None:
        self.user, self.project = folder / "user", folder / "user" / "app"
        (self.project / ".git").mkdir(parents=True)

    def around(self) -> Around:
        return Around(str(self.project), Installed(Home(str(self.user / ".kanoniv"))))

    def asked(self, host: str, **fields: Any) -> list[str]:
        """What a payload's calls need, read by the host's adapter. fields: in place of the usual ones."""
        usual = {**calls.claude("Bash", self.project, command="true"), **fields}
        data: dict[str, object] = json.loads(json.dumps(usual))
        event = hosts.adapter(hosts.recognise(host, data)).read(data, str(self.project))
        found = []
        for call in event.calls:
            needs = toolscope.needs(call, Around(call.cwd, self.around_installed()))
            found += [need.action for need in needs]
        return found

    def around_installed(self) -> Installed:
        return Installed(Home(str(self.user / ".kanoniv")))

    def bash(self, command: str) -> list[str]:
        call = ToolCall("Bash", "Bash", {"command": command}, str(self.project))
        return [need.action for need in toolscope.needs(call, self.around())]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in ("KANONIV_HOME", "TMPDIR", "CLAUDE_CONFIG_DIR", "CLAUDE_PLUGIN_ROOT", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Place(tmp_path)


# ------------------------------------------------------------------------------- what the hook is made of


@pytest.mark.parametrize(
    "name", ["bin/python", "bin/python3.11", "bin/python3", "pyvenv.cfg", "bin"]
)
def test_every_link_to_the_interpreter_and_what_configures_it(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = place.project / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python3.11").symlink_to(sys.executable)
    (venv / "bin" / "python3").symlink_to("python3.11")
    (venv / "bin" / "python").symlink_to("python3")
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    monkeypatch.setattr(sys, "executable", str(venv / "bin" / "python"))
    around = place.around()
    assert around.write_scope(f".venv/{name}", around.cwd, below=True) == NEVER
    assert around.write_scope(".venv/lib/x.py", around.cwd) == "code.edit"


@pytest.mark.parametrize("name", ["CLAUDE_CONFIG_DIR", "CLAUDE_PLUGIN_ROOT", "CODEX_HOME"])
def test_a_hosts_configuration_in_another_place(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(place.project / "conf"))
    assert "agent.config" in place.bash("echo x > conf/settings.json")
    assert place.asked(
        "claude-code", tool_name="Write", tool_input={"file_path": f"{place.project}/conf/a/b"}
    ) == ["agent.config"]


def test_what_would_run_in_gits_name(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that the agent puts where the shell looks first runs with `git status`, which needs no scope."""
    tools = place.project / "tools"
    tools.mkdir()
    around = place.around()
    assert around.write_scope("tools/git", around.cwd) == "code.edit"
    monkeypatch.setenv("PATH", f"{tools}:{place.project}::/usr/bin")
    around = place.around()
    assert around.write_scope("tools/git", around.cwd) == "agent.config"
    assert around.write_scope("src/git", around.cwd) == "code.edit"
    for name in (".venv/bin/git", "venv/bin/git", "web/node_modules/.bin/git"):
        assert around.write_scope(name, around.cwd) == "agent.config", name
    assert "agent.config" in place.bash("mv x tools")


# ------------------------------------------------------------------------ folders git takes for repositories


def test_a_repository_whose_parts_lie_elsewhere(place: Place) -> None:
    """git looks for `objects` and `refs` where a file `commondir` says, and follows the settings there."""
    for name in ("fake/objects", "fake/refs", "sub"):
        (place.project / name).mkdir(parents=True)
    (place.project / "sub/HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (place.project / "sub/commondir").write_text("../fake\n", encoding="utf-8")
    assert "git.config" in place.bash("git -C sub diff HEAD~1 HEAD")
    assert "git.config" in place.bash("cd sub && git status")


# --------------------------------------------------------------------------------------- two shapes in one


@pytest.mark.parametrize("host", ["claude-code", "codex", "copilot", "cursor"])
@pytest.mark.parametrize("tool", ["Edit", "Write"])
def test_a_patch_beside_a_path(tool: str, host: str, place: Place) -> None:
    patch = "*** Begin Patch\n*** Add File: src/a.py\n+x\n*** End Patch"
    given = {"file_path": f"{place.project}/.claude/settings.json", "content": "x", "patch": patch}
    assert "agent.config" in place.asked(host, tool_name=tool, tool_input=given)


def test_a_tools_input_does_not_say_whose_tool_it_is(place: Place) -> None:
    given = {toolscope.SERVER: "a__b"}
    found = place.asked("claude-code", tool_name="mcp__a__b__c", tool_input=given)
    assert found == ["tool.mcp__a__b__c"]
    found = place.asked("gemini", tool_name="mcp__a__b__c", tool_input=given)
    assert found == ["tool.mcp__a__b__c"]
    real = {"name": "a", "source": "project"}
    found = place.asked("claude-code", tool_name="mcp__a__b__c", tool_input=given, mcp_server=real)
    assert found == ["mcp.a.b__c"]


@pytest.mark.parametrize("field", ["skill", "name", "skill_name", "command"])
def test_every_name_of_a_skill_counts(field: str, place: Place) -> None:
    given = {"skill": "pdf", "name": "pdf", field: "/kanoniv:scope git.push"}
    assert NEVER in place.asked("claude-code", tool_name="SlashCommand", tool_input=given)


def test_what_another_agent_is_told_is_not_typed(place: Place) -> None:
    given = {"prompt": " /kanoniv:scope git.push", "subagent_type": "x"}
    assert NEVER in place.asked("claude-code", tool_name="Agent", tool_input=given)
    given["prompt"] = "Ask the person for /kanoniv:scope where it is needed."
    assert place.asked("claude-code", tool_name="Agent", tool_input=given) == ["agent.spawn"]


@pytest.mark.parametrize("folder", [".git", "{project}/.git"])
def test_codex_runs_a_command_in_another_folder(folder: str, place: Place) -> None:
    given = {"command": "echo x > config", "workdir": folder.format(project=place.project)}
    assert place.asked("codex", tool_name="shell", tool_input=given)[-2] == "agent.config"


# ------------------------------------------------------------------------------------------ names that split


def test_a_name_that_becomes_two_in_a_list_of_names(place: Place) -> None:
    path = f"{place.project}/a {place.user}/.kanoniv/tokens/latest"
    assert place.asked("claude-code", tool_name="Write", tool_input={"file_path": path}) == [
        "fs.write"
    ]
    path = f"{place.project}/my notes/a b.txt"
    assert place.asked("claude-code", tool_name="Write", tool_input={"file_path": path}) == [
        "code.edit"
    ]


# ----------------------------------------------------------------------------------- what git starts on its own

SETTINGS = """\
[core]
\thooksPath = tools/hooks
\tfsmonitor = "./scripts/watch.sh" --fast
[include]
\tpath = ../shared.gitcfg
[diff "x"] textconv = node scripts/show.js
[filter "lfs"]
\tclean = git-lfs clean -- %f
[branch "main"]
\tmerge = refs/heads/main
"""
STARTED = [
    "tools/hooks/pre-commit",
    "tools/hooks",
    "scripts/watch.sh",
    "shared.gitcfg",
    "scripts/show.js",
]


@pytest.mark.parametrize("linked", [False, True])
def test_what_the_repositorys_settings_have_git_start(linked: bool, place: Place) -> None:
    if linked:
        (place.project / ".git").rmdir()
        (place.project / ".git").write_text(
            "gitdir: ../main/.git/worktrees/app\n", encoding="utf-8"
        )
    folder = place.user / "main" / ".git" if linked else place.project / ".git"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(SETTINGS, encoding="utf-8")
    around = place.around()
    for path in STARTED:
        if linked and path == "shared.gitcfg":
            continue  # beside the other work tree
        assert around.write_scope(path, around.cwd) == "agent.config", path
    for path in ("tools/x.py", "scripts/y.js", "clean", "refs/heads/main", "src/a.py"):
        assert around.write_scope(path, around.cwd) == "code.edit", path


def test_a_project_that_is_reached_by_a_link(place: Place) -> None:
    link = place.user / "link"
    link.symlink_to(place.project)
    around = Around(str(link), place.around_installed())
    for path, wanted in (
        ("src/a.py", "code.edit"),
        (f"{link}/src/a.py", "code.edit"),
        (f"{place.project}/src/a.py", "code.edit"),
        (f"{link}/.git/config", "agent.config"),
        (f"{link}/../other", "fs.write"),
        (f"{link}er/x", "fs.write"),
        (str(link), "fs.write"),
    ):
        assert around.write_scope(path, str(link)) == wanted, path
