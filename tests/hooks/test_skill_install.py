"""`install-skill` and its undoing, as a person types them; and the plugin, which holds the same."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.hooks.skills import SKILLS
from scripts import plugin
from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    assert made.kanoniv("init").status == 0
    return made


def settings(shell: Shell) -> Any:
    return json.loads((shell.place / ".claude" / "settings.json").read_text("utf-8"))


def hook(shell: Shell) -> list[str]:
    one = settings(shell)["hooks"]["PreToolUse"][0]["hooks"][0]
    return [one["command"], *one["args"]]


def test_installed_it_decides_without_anything_of_the_environment(shell: Shell) -> None:
    said = shell.kanoniv("install-skill")
    assert said.status == 0, said
    assert "/kanoniv:delegate" in said.out
    words = hook(shell)
    assert words[1:3] == ["-I", "-S"]
    assert str(shell.home) in words
    for command, status in (("ls", 0), ("git push", 2)):
        payload = {
            "hook_event_name": "PreToolUse", "session_id": "s", "tool_use_id": "t", "cwd": "/",
            "tool_name": "Bash", "tool_input": {"command": command},
        }  # fmt: skip
        done = subprocess.run(
            words,
            input=json.dumps(payload).encode(),
            env={},
            cwd="/",
            capture_output=True,
            check=False,
        )
        assert done.returncode == status, done
    again = shell.kanoniv("install-skill")
    assert "already" in again.out


def test_all_of_it_is_private_and_goes_again(shell: Shell) -> None:
    assert shell.kanoniv("install-skill").status == 0
    base = shell.place / ".claude"
    files = [path for path in base.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"settings.json", *(f"{one.name}.md" for one in SKILLS)}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    said = shell.kanoniv("uninstall-skill", "--json")
    assert json.loads(said.out)["done"] == "removed"
    assert not base.exists()
    assert "nothing of ours" in shell.kanoniv("uninstall-skill").out


def test_for_one_project(shell: Shell) -> None:
    project = shell.place / "project"
    project.mkdir()
    assert shell.kanoniv("install-skill", "--project", str(project)).status == 0
    local = project / ".claude" / "settings.local.json"
    assert "PreToolUse" in json.loads(local.read_text("utf-8"))["hooks"]
    assert not (shell.place / ".claude" / "settings.json").exists()
    # a project's own command is not taken for a person's (prompts.py), so these stand below the person's
    assert not (project / ".claude" / "commands").exists()
    assert (shell.place / ".claude" / "commands" / "kanoniv" / "scope.md").exists()
    assert shell.kanoniv("install-skill").status == 0
    said = shell.kanoniv("uninstall-skill", "--project", str(project))
    assert said.status == 0
    assert "guarded no more" not in said.out  # every session of this person's is
    assert not local.parent.exists()
    assert "PreToolUse" in settings(shell)["hooks"]


def under(folder: Path) -> dict[str, bytes | None]:
    """All that lies below a folder: what a file holds, None for a folder."""
    found = folder.rglob("*")
    return {
        str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in found
    }


@pytest.mark.parametrize(
    "before",
    [
        {},
        {
            ".claude/commands/mine.md": b"mine",
            ".claude/settings.json": b"{}\n",
            "project/.claude": None,
        },
        {
            ".claude/settings.json": b'{\n  "model": "opus"\n}\n',
            ".claude/commands/kanoniv": None,
            "project/.claude/settings.local.json": b"{}\n",
        },
    ],
    ids=["nothing", "folders", "files"],
)
def test_nothing_is_left_of_it_and_all_that_was_there_before(
    shell: Shell, before: dict[str, bytes | None]
) -> None:
    (shell.place / "project").mkdir()
    for name, data in before.items():
        path = shell.place / name
        (path if data is None else path.parent).mkdir(parents=True, exist_ok=True)
        if data is not None:
            path.write_bytes(data)
    was = {name: data for name, data in under(shell.place).items() if not name.startswith("home")}
    one, all_ = ("--project", "project"), ()
    for words in (one, all_, one):  # the second time it is there already
        assert shell.kanoniv("install-skill", *words).status == 0
    for words in (one, all_):
        assert shell.kanoniv("uninstall-skill", *words).status == 0
    now = {name: data for name, data in under(shell.place).items() if not name.startswith("home")}
    assert now == was
    assert not (shell.home / "placed.json").exists()


def test_what_came_to_it_in_the_meantime_stays(shell: Shell) -> None:
    assert shell.kanoniv("install-skill").status == 0
    base = shell.place / ".claude"
    (base / "settings.json").write_text(json.dumps({**settings(shell), "model": "opus"}))
    (base / "commands" / "kanoniv" / "mine.md").write_text("mine", encoding="utf-8")
    assert shell.kanoniv("uninstall").status == 0
    assert settings(shell) == {"model": "opus"}
    assert {path.name for path in base.rglob("*") if path.is_file()} == {"settings.json", "mine.md"}


def test_a_file_that_a_person_made_anew_is_theirs(shell: Shell) -> None:
    assert shell.kanoniv("install-skill").status == 0
    path = shell.place / ".claude" / "settings.json"
    path.write_text("{}", encoding="utf-8")
    assert shell.kanoniv("install-skill").status == 0
    assert shell.kanoniv("uninstall-skill").status == 0
    assert settings(shell) == {}


@pytest.mark.parametrize("memory", ["[", '["/"]'])
def test_without_the_memory_of_what_was_made_it_stays(shell: Shell, memory: str) -> None:
    assert shell.kanoniv("install-skill").status == 0
    (shell.home / "placed.json").write_text(memory, encoding="utf-8")
    assert shell.kanoniv("uninstall-skill").status == 0
    assert settings(shell) == {}
    assert list((shell.place / ".claude" / "commands" / "kanoniv").iterdir()) == []


def test_a_file_without_ours_is_not_touched_by_taking_ours_out(shell: Shell) -> None:
    path = shell.place / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"hooks": {}}', encoding="utf-8")
    assert json.loads(shell.kanoniv("uninstall-skill", "--json").out)["done"] == "absent"
    assert path.read_text("utf-8") == '{"hooks": {}}'


def test_two_hooks_for_one_session_are_said(shell: Shell) -> None:
    project = shell.place / "project"
    (project / ".claude").mkdir(parents=True)
    words = ("install-skill", "--project", "project")
    said = json.loads(shell.kanoniv(*words, "--json").out)
    assert said["also_in"] == []
    assert "Also in:" not in shell.kanoniv(*words).out
    shared = project / ".claude" / "settings.json"
    shared.write_bytes((project / ".claude" / "settings.local.json").read_bytes())
    assert json.loads(shell.kanoniv(*words, "--json").out)["also_in"] == [str(shared)]
    shared.write_text("{", encoding="utf-8")  # the host cannot read it either
    assert shell.kanoniv("install-skill").status == 0
    own = str(shell.place / ".claude" / "settings.json")
    again = shell.kanoniv(*words)
    assert again.status == 0
    (row,) = [line for line in again.out.splitlines() if "Also in:" in line]
    assert own in row
    assert "twice" in row
    assert row.endswith("kanoniv-auth uninstall-skill --project project")
    assert json.loads(shell.kanoniv(*words, "--json").out)["also_in"] == [own]
    # those of the person hold in every folder, and which ones there are is not known here
    assert json.loads(shell.kanoniv("install-skill", "--json").out)["also_in"] == []


def test_a_link_to_settings_elsewhere_stays_a_link(shell: Shell) -> None:
    real = shell.place / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text('{"model": "opus"}\n', encoding="utf-8")
    link = shell.place / ".claude" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(real)
    assert shell.kanoniv("install-skill").status == 0
    assert link.is_symlink()
    assert json.loads(real.read_text("utf-8"))["model"] == "opus"


@pytest.mark.parametrize("text", ["{", '{"disableAllHooks": true}', "[]"])
def test_a_file_that_cannot_be_read_is_left_and_nothing_else_is_written(
    shell: Shell, text: str
) -> None:
    path = shell.place / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    said = shell.kanoniv("install-skill")
    assert said.status == 2
    assert "fix: " in said.err
    assert path.read_text("utf-8") == text
    assert not (path.parent / "commands").exists()


def test_a_command_of_somebody_elses_is_not_overwritten(shell: Shell) -> None:
    path = shell.place / ".claude" / "commands" / "kanoniv" / "scope.md"
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    assert shell.kanoniv("install-skill").status == 2
    assert not (shell.place / ".claude" / "settings.json").exists()
    assert shell.kanoniv("uninstall-skill").status == 0
    assert path.read_text("utf-8") == "mine"


def test_without_a_trusted_root_nothing_is_installed(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    said = shell.kanoniv("install-skill")
    assert said.status == 2
    assert "kanoniv-auth init" in said.err
    assert not (tmp_path / ".claude").exists()


def test_a_root_of_somebody_elses(shell: Shell, tmp_path: Path) -> None:
    other = Shell(tmp_path / "other")
    other.place.mkdir()
    assert other.kanoniv("init").status == 0
    did = json.loads(other.kanoniv("whoami", "--json", KANONIV_TOKEN=other.token("x")).out)[
        "root_did"
    ]
    assert shell.kanoniv("install-skill", "--root-did", did).status == 0
    assert hook(shell)[-1] == did


def test_two_places_are_refused(shell: Shell) -> None:
    assert shell.kanoniv("install-skill", "--user", "--project", ".").status == 2
    assert shell.kanoniv("install-skill", "--project", "nowhere").status == 2


def test_uninstall_says_what_stays(shell: Shell) -> None:
    shell.kanoniv("install-skill")
    said = json.loads(shell.kanoniv("uninstall", "--json").out)
    assert said["done"] == "removed"
    assert said["remains"] == [str(shell.home)]
    assert (shell.home / "root.key").exists()


def test_the_plugins_files_are_what_the_tables_say() -> None:
    for name, text in plugin.files().items():
        assert (plugin.ROOT / name).read_text("utf-8") == text, f"{name}: run make readme"
    found = {path.parent.name for path in (plugin.ROOT / "skills").glob("*/SKILL.md")}
    assert found == {skill.name for skill in SKILLS}


def test_no_command_can_be_called_by_the_model() -> None:
    for skill in SKILLS:
        head = skill.text.split("---\n")[1]
        assert "\ndisable-model-invocation: true\n" in head
        assert "allowed-tools" not in head
        assert "!`" not in skill.text  # what a host would run before the model sees the text
