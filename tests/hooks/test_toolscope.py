"""What a call needs, row by row: names that mislead, addresses that two readers read differently, patterns of paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.scopes import check_wire
from kanoniv_auth.hooks import paths, toolscope
from kanoniv_auth.hooks.event import Installed, ToolCall
from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.surroundings import Around
from kanoniv_auth.hooks.weburl import host_of
from kanoniv_auth.store.home import Home


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Around:
    project = tmp_path / "user" / "app"
    (project / ".git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("KANONIV_HOME", raising=False)
    monkeypatch.delenv("TMPDIR", raising=False)
    return Around(str(project), Installed(Home(str(tmp_path / "user" / ".kanoniv"))))


def actions(around: Around, tool: str, /, **given: Any) -> list[str]:
    found = toolscope.needs(ToolCall(tool, tool, given, around.cwd), around)
    for need in found:
        if need.action != NEVER:
            check_wire(need.action)
    return [need.action for need in found]


# ---------------------------------------------------------------------------------------------- MCP names


@pytest.mark.parametrize(
    ("tool", "server", "wanted"),
    [
        ("mcp__crm__resolve", None, "mcp.crm.resolve"),
        ("mcp__crm__resolve", "crm", "mcp.crm.resolve"),
        ("mcp__plugin_a_b__do", None, "mcp.plugin_a_b.do"),
        ("mcp__a__b__c", None, "tool.mcp__a__b__c"),
        ("mcp__a__b__c", "a__b", "mcp.a__b.c"),
        ("mcp__a__b__c", "a", "mcp.a.b__c"),
        ("mcp__a_b__c", "a.b", "mcp.a%2eb.c"),
        ("mcp__crm__resolve", "other", "tool.mcp__crm__resolve"),
        ("mcp__crm__", None, "tool.mcp__crm__"),
        ("mcp____x", None, "tool.mcp____x"),
        ("mcp__crm", None, "tool.mcp__crm"),
        ("mcp__crm__a.b", None, "mcp.crm.a%2eb"),
        ("mcp__" + "x" * 300 + "__y", None, "mcp"),
    ],
)
def test_an_mcp_tool(tool: str, server: str | None, wanted: str, around: Around) -> None:
    given = {} if server is None else {toolscope.SERVER: server}
    assert actions(around, tool, **given) == [wanted]


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [("Rocket", "tool.Rocket"), ("edit", "tool.edit"), ("Bash ", "tool.Bash%20"), ("a.b", "tool.a%2eb"),
     ("x" * 300, "tool")],
)  # fmt: skip
def test_a_tool_that_stands_in_no_row(tool: str, wanted: str, around: Around) -> None:
    assert actions(around, tool) == [wanted]


# ----------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://Example.com/x?y#z", "example.com"),
        ("http://example.com:8080", "example.com"),
        ("https://example.com.", "example.com"),
        ("HTTPS://127.0.0.1/", "127.0.0.1"),
        ("https://good.com?@evil.com", "good.com"),
        ("https://good.com@evil.com/", None),
        ("https://good.com\\@evil.com/", None),
        ("https://evil.com\t.good.com/", None),
        ("https://[::1]/", None),
        ("https://xn--e28h.com", "xn--e28h.com"),
        ("https://b\u00fccher.de", None),
        ("https://good.com\u3002evil.com", None),
        ("//example.com", None),
        ("ftp://example.com", None),
        ("file:///etc/passwd", None),
        ("https:example.com", None),
        ("https:///example.com", None),
        ("https://a..b/", None),
        ("https://a%2eb/", None),
        ("https://good.com:80:90/", None),
        (" https://good.com", None),
        ("https://" + "a" * 300, None),
        ("", None),
    ],
)
def test_the_host_of_an_address(address: str, host: str | None, around: Around) -> None:
    assert host_of(address) == host
    wanted = "net.fetch" if host is None else "net.fetch." + host.replace(".", "%2e")
    assert actions(around, "WebFetch", url=address) == [wanted]


def test_a_prompt_with_addresses_in_it(around: Around) -> None:
    assert actions(around, "WebFetch", prompt="see https://good.com") == ["net.fetch"]


# --------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("tool", "given", "wanted"),
    [
        ("Agent", {"prompt": "x"}, ["agent.spawn"]),
        ("Task", {"isolation": "worktree"}, ["agent.spawn"]),
        ("Agent", {"isolation": "remote"}, ["agent.spawn", "agent.remote"]),
        ("Agent", {"isolation": "something new"}, ["agent.spawn", "agent.remote"]),
        ("PowerShell", {"command": "Get-ChildItem"}, ["shell.any"]),
        ("PowerShell", {"dangerouslyDisableSandbox": True}, ["shell.any", "shell.unsandboxed"]),
        ("Bash", {"command": "ls", "dangerouslyDisableSandbox": True}, ["code.read", "shell.unsandboxed"]),
        ("Bash", {"command": "ls", "dangerouslyDisableSandbox": "false"}, ["code.read", "shell.unsandboxed"]),
        ("Bash", {"command": "ls", "dangerouslyDisableSandbox": False}, ["code.read"]),
        ("Skill", {"skill": "pdf"}, ["agent.skill"]),
        ("Skill", {"skill": "KANONIV:Scope"}, [NEVER]),
        ("Skill", {"skill": " /kanoniv:scope x"}, [NEVER]),
        ("Skill", {"skill": "plugin:kanoniv:scope"}, [NEVER]),
        ("ReadMcpResourceTool", {"server": "crm", "uri": "x"}, ["mcp.crm.resources"]),
        ("ListMcpResourcesTool", {}, ["mcp"]),
        ("Write", {"file_path": "/dev/null"}, []),
        ("Grep", {"pattern": "x", "glob": "*.pem"}, ["code.read", "secrets.read"]),
        ("Grep", {"pattern": "x", "path": "~/.aws"}, ["secrets.read"]),
        ("Glob", {"pattern": "~/.ssh/*"}, ["code.read"]),
        ("Glob", {"pattern": "~/.kanoniv/*/*"}, [NEVER]),
        ("Edit", {"file_path": "a.py", "path": ".claude/settings.json"}, ["code.edit", "agent.config"]),
        ("TodoWrite", {}, []),
        ("SaveMemory", {"fact": "x"}, ["agent.config"]),
    ],
)  # fmt: skip
def test_a_row(tool: str, given: dict[str, Any], wanted: list[str], around: Around) -> None:
    assert actions(around, tool, **given) == wanted


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("Bash", {}), ("Bash", {"command": None}), ("Bash", {"command": 7}), ("Monitor", {"description": "x"}),
        ("Edit", {}), ("Edit", {"file_path": ["a"]}), ("Write", {"file_path": ""}), ("Read", {"file_path": None}),
        ("Read", {"path": {"a": 1}}), ("Skill", {}), ("Skill", {"skill": 1}), ("ApplyPatch", {}),
        ("WebFetch", {"url": ["https://a"]}), ("Glob", {"pattern": 1}), ("Grep", {"path": 1}), ("NotebookEdit", {}),
    ],
)  # fmt: skip
def test_input_that_a_tool_does_not_take(tool: str, given: dict[str, Any], around: Around) -> None:
    with pytest.raises(TokenParseError):
        actions(around, tool, **given)


# -------------------------------------------------------------------------------------------------- paths

PLACES = paths.Places(
    "/home/u", "/home/u/p", ("/tmp",), ("/home/u/.kanoniv",), ours=("/home/u/p/.venv/lib", "/usr/bin/python3")
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/home/u/p/a", "code.edit"),
        ("/home/u/pp/a", "fs.write"),
        ("/home/u/p", "code.edit"),
        ("/home/u", "agent.config"),
        ("/home", "agent.config"),
        ("/", "agent.config"),
        ("/home/u/.kanoniv", NEVER),
        ("/home/u/.KANONIV/x", NEVER),
        ("/home/u/.kanon*", NEVER),
        ("/home/u/.k*/tokens", NEVER),
        ("/home/u/.[k]anoniv/tokens", NEVER),
        ("/home/*/.kanoniv/tokens", NEVER),
        ("/home/**/tokens", NEVER),
        ("/home/u/.kanoniv2", "fs.write"),
        ("/home/u/p/.git", "agent.config"),
        ("/home/u/p/.g?t/config", "agent.config"),
        ("/home/u/p/.gitignore", "code.edit"),
        ("/home/u/p/x/.GIT/config", "agent.config"),
        ("/home/u/p/.g\u200cit/config", "agent.config"),
        ("/home/u/p/.github", "agent.config"),
        ("/home/u/p/.github/ISSUE_TEMPLATE/x.md", "code.edit"),
        ("/home/u/p/.github/workflows", "ci.edit"),
        ("/home/u/p/.github/work*/x", "ci.edit"),
        ("/home/u/p/.bashrc", "code.edit"),
        ("/home/u/.bashrc", "agent.config"),
        ("/home/u/.config", "agent.config"),
        ("/home/u/.config/foo", "fs.write"),
        ("/home/u/p/.venv/lib/x.py", NEVER),
        ("/home/u/p/.venv", "agent.config"),
        ("/home/u/p/.venv/bin/x", "agent.config"),
        ("/usr/local/bin/git", "agent.config"),
        ("/tmp/x", "code.edit"),
        ("/tmp/x/.claude/settings.json", "agent.config"),
        ("/var/x", "fs.write"),
        ("/dev/null", ""),
        ("/dev/sda", "agent.config"),
        ("/dev/tcp/evil.com/80", "net.send.evil%2ecom"),
        ("/proc/self/mem", "agent.config"),
        ("/home/u/p/a\nb", NEVER),
        ("/home/u/p/app/[id]/page.tsx", "code.edit"),
        ("/home/u/p/*.py", "code.edit"),
    ],
)
def test_to_write(path: str, wanted: str) -> None:
    assert paths.to_write(path, PLACES) == wanted


@pytest.mark.parametrize(
    "path", ["/", "/home", "/home/u", "/home/u/p", "/home/u/p/.venv", "/usr", "/usr/bin"]
)
def test_what_holds_the_hook_does_not_go_with_its_folder(path: str) -> None:
    assert paths.to_write(path, PLACES, below=True) == NEVER


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/home/u/p/.claude/worktrees/x/src/a.py", "code.edit"),
        ("/home/u/p/.claude/worktrees/x/.claude/settings.json", "agent.config"),
        ("/home/u/p/.claude/settings.json", "agent.config"),
        ("/home/u/p/.claude/worktrees/y/a.py", "agent.config"),
    ],
)
def test_a_work_tree_of_the_hosts_own(path: str, wanted: str) -> None:
    inner = paths.Places("/home/u", "/home/u/p/.claude/worktrees/x", (), ("/home/u/.kanoniv",))
    assert paths.to_write(path, inner) == wanted


@pytest.mark.parametrize(
    ("path", "below", "wanted"),
    [
        ("/home/u/p/a", False, "code.read"),
        ("/home/u/p/.env", False, "secrets.read"),
        ("/home/u/p/.ENV.local", False, "secrets.read"),
        ("/home/u/p/.env.example", False, "code.read"),
        ("/home/u/p/.e*", False, "secrets.read"),
        ("/home/u/p/.env*", False, "secrets.read"),
        ("/home/u/p/*.py", False, "code.read"),
        ("/home/u/p/*", False, "code.read"),
        ("/home/u/p/*.pem", False, "secrets.read"),
        ("/home/u/p/server.key", False, "secrets.read"),
        ("/home/u/p/prod.env", False, "secrets.read"),
        ("/home/u/p/production.env", False, "secrets.read"),
        ("/home/u/p/App.ENV", False, "secrets.read"),
        ("/home/u/p/a.b.env", False, "secrets.read"),
        ("/home/u/p/secrets.env", False, "secrets.read"),
        ("/home/u/p/.prod.env", False, "secrets.read"),
        ("/home/u/p/app.env.example", False, "code.read"),
        ("/home/u/p/app.env.sample", False, "code.read"),
        ("/home/u/p/app.env.template", False, "code.read"),
        ("/home/u/p/example.env", False, "code.read"),
        ("/home/u/p/app.example.env", False, "code.read"),
        ("/home/u/p/env", False, "code.read"),
        ("/home/u/p/my_env", False, "code.read"),
        ("/home/u/p/environment", False, "code.read"),
        ("/home/u/p/process.env.js", False, "code.read"),
        ("/home/u/p/env.ts", False, "code.read"),
        ("/home/u/p/*.env", False, "secrets.read"),
        ("/home/u/p/p*.env", False, "secrets.read"),
        ("/home/u/p/pro?.env", False, "secrets.read"),
        ("/home/u/p/*.en[v]", False, "secrets.read"),
        ("/home/u/p/app.e*", False, "secrets.read"),
        ("/home/u/p/*.e?v", False, "secrets.read"),
        ("/home/u/p/ca*.pem", False, "secrets.read"),
        ("/home/u/p/tls/ca*.k?y", False, "secrets.read"),
        ("/home/u/p/ca?.p12", False, "secrets.read"),
        (f"/home/u/p/a.en[{'v' * 300}]", False, "secrets.read"),
        ("/home/u/p/src*.py", False, "code.read"),
        ("/home/u/p/a*.ts", False, "code.read"),
        ("/home/u/p/README.*", False, "code.read"),
        ("/home/u/p/*.md", False, "code.read"),
        ("/home/u/p/test_*.js*", False, "code.read"),
        ("/home/u/p/a*.y*ml", False, "code.read"),
        ("/home/u/p/*-env", False, "code.read"),
        ("/home/u/.ssh/id_ed25519", False, "secrets.read"),
        ("/home/u/.ssh", False, "secrets.read"),
        ("/home/u/.aws/credentials", False, "secrets.read"),
        ("/home/u/.config/gh/hosts.yml", False, "secrets.read"),
        ("/home/u/.config", False, "code.read"),
        ("/home/u/.config", True, "secrets.read"),
        ("/proc/1/environ", False, "secrets.read"),
        ("/proc/self/root/etc/hosts", False, "secrets.read"),
        ("/proc/cpuinfo", False, "code.read"),
        ("/etc/shadow", False, "secrets.read"),
        ("/etc/hosts", False, "code.read"),
        ("/home/u/.kanoniv/tokens/latest", False, NEVER),
        ("/home/u/.k*/tokens/*", False, NEVER),
        ("/home/u", True, NEVER),
        ("/", True, NEVER),
        ("/home/u", False, "code.read"),
        ("/home/u/p", True, "code.read"),
    ],
)
def test_to_read(path: str, below: bool, wanted: str) -> None:
    assert paths.to_read(path, PLACES, below=below) == wanted


def test_a_scratch_folder_that_a_variable_names(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = Path(around.home)
    (user / "scratch").mkdir()
    installed = Installed(Home(str(user / ".kanoniv")))
    assert around.write_scope(str(user / "scratch/x"), "/") == "fs.write"
    for given, wanted in ((str(user), "fs.write"), ("/", "fs.write"), ("scratch", "fs.write")):
        monkeypatch.setenv("TMPDIR", given)
        assert Around(around.cwd, installed).write_scope(str(user / "scratch/x"), "/") == wanted
    monkeypatch.setenv("TMPDIR", str(user / "scratch"))
    assert Around(around.cwd, installed).write_scope(str(user / "scratch/x"), "/") == "code.edit"
