"""The hook in git's configuration, with a git that runs it there: beside other hooks, in one repository or in all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kanoniv_auth.hooks.git import hook_config, script
from tests.cli.shell import Said, Shell
from tests.hooks.conftest import HOOKED, MAIN, WIDE, Git
from tests.hooks.test_install import HUSKY, NOTING, PUBLISHED, STUB, next_of, uninstall, write
from tests.support import newer_git

KEYS = ("hook.kanoniv.command", "hook.kanoniv.event")


@pytest.fixture
def git(shell: Shell, tmp_path: Path) -> Git:
    """With a newer git; `install-hook` is given no --where."""
    shell.env["PATH"] = f"{newer_git.folder()}:{shell.env['PATH']}"
    return Git(shell, tmp_path)


@pytest.fixture
def here(git: Git) -> Git:
    """With the hook in the repository's configuration."""
    git.where = "config"
    return git


def config(git: Git) -> bytes:
    return (git.tree / ".git" / "config").read_bytes()


def value(git: Git, key: str, scope: str = "--local") -> str:
    return git.try_("config", scope, "--get-all", key).out.strip()


def refused(git: Git, *words: str) -> str:
    """An `install-hook` that is refused and leaves git's configuration as it is; returns what was said."""
    if not (git.shell.home / "root.key").exists():
        assert git.kanoniv("init").status == 0
    before = config(git)
    said = git.kanoniv("install-hook", "-r", str(git.tree), *words)
    assert said.status == 2, said
    assert config(git) == before
    assert not git.hook.exists()
    return said.err


def everywhere(git: Git, *words: str) -> Said:
    if not (git.shell.home / "root.key").exists():
        assert git.kanoniv("init").status == 0
    return git.kanoniv("install-hook", "--where", "global", *words)


# -------------------------------------------------------------------------------- which place it takes


def test_a_folder_of_its_own_is_taken(git: Git) -> None:
    git.install()
    assert git.hook.exists()
    assert value(git, KEYS[0]) == ""


@pytest.mark.parametrize("scope", ["--global", "--local"])
def test_a_folder_of_everybodys_is_left_alone(git: Git, tmp_path: Path, scope: str) -> None:
    shared = tmp_path / "shared"
    write(shared / "pre-push", NOTING)
    git.run("config", scope, "core.hooksPath", str(shared))
    said = git.install().out
    assert f"Hook:   {git.tree}/.git/config (hook.kanoniv)" in said
    assert "git 2.54 and later; an older one passes over it" in said
    assert [path.name for path in shared.iterdir()] == ["pre-push"]
    note = tmp_path / "note"
    git.refused("push", "origin", "main", NOTE=str(note))
    git.shell.token(MAIN)
    git.allowed("push", "origin", "main", NOTE=str(note))
    assert note.with_suffix(".stdin").exists()


def test_a_manager_that_writes_its_hooks_anew_does_not_remove_it(git: Git, tmp_path: Path) -> None:
    write(git.tree / ".husky" / "_" / "h", HUSKY, 0o644)
    stub = write(git.tree / ".husky" / "_" / "pre-push", STUB)
    write(git.tree / ".husky" / "pre-push", NOTING, 0o644)
    git.run("config", "core.hooksPath", ".husky/_")
    git.armed(MAIN)
    write(stub, STUB)  # `npm install`
    note = tmp_path / "note"
    git.refused("push", "origin", "main:other", NOTE=str(note))
    assert git.try_("push", "origin", "main", NOTE=str(note), STATUS="1").status != 0
    git.allowed("push", "origin", "main", NOTE=str(note))
    assert note.with_suffix(".words").read_text() == f"origin|{git.server}|"
    assert uninstall(git).status == 0
    assert stub.read_text() == STUB


def test_where_it_is_it_stays(git: Git) -> None:
    git.install("--where", "config")
    assert "installed already" in git.install().out
    assert not git.hook.exists()
    uninstall(git)
    git.install()
    git.run("config", "core.hooksPath", ".git/hooks")
    assert "installed already" in git.install().out
    assert value(git, KEYS[0]) == ""


def test_an_older_git_is_told(git: Git) -> None:
    lie = "[ $1 = version ] && echo git version 2.53.9 && exit"
    old = write(
        git.shell.place / "old" / "git", f'#!/bin/sh\n{lie}\nexec {newer_git.folder()}/git "$@"\n'
    )
    git.shell.env["PATH"] = f"{old.parent}:{git.shell.env['PATH']}"
    assert "git 2.53.9 runs no hooks of its configuration" in refused(git, "--where", "config")
    said = everywhere(git)
    assert said.status == 2
    assert "git 2.53.9 runs no hooks of its configuration" in said.err
    assert not (git.shell.place / ".gitconfig").exists()
    # and so what is somebody else's folder is not passed by
    git.run("config", "core.hooksPath", str(git.shell.place))
    assert "which other repositories use, too" in refused(git)


def test_no_such_place(git: Git) -> None:
    assert "fix: one of folder, config, global" in refused(git, "--where", "elsewhere")
    assert "fix: one of folder, config, global" in refused(git, "--where", "")
    said = everywhere(git, "-r", str(git.tree))
    assert said.status == 2
    assert "leave one of the two out" in said.err


# --------------------------------------------------------------------------- beside other people's hooks


def test_all_hooks_get_the_same_bytes(here: Git, tmp_path: Path) -> None:
    write(here.hook, NOTING)
    note, other = tmp_path / "note", tmp_path / "other"
    noting = write(tmp_path / "noting", NOTING)
    here.run("config", "hook.theirs.event", "pre-push")
    here.run("config", "hook.theirs.command", f"NOTE='{other}' '{noting}'")
    here.run("push", "-q", "origin", "main:plain", NOTE=str(note))
    plain = note.with_suffix(".stdin").read_bytes()
    here.armed(WIDE)
    here.allowed("push", "-q", "origin", "main:again", NOTE=str(note))
    first, second = (path.with_suffix(".stdin").read_bytes() for path in (note, other))
    assert first == second == plain.replace(b"plain", b"again")
    assert note.with_suffix(".words").read_text() == other.with_suffix(".words").read_text()
    assert here.text.count("--next") == 0


@pytest.mark.parametrize("jobs", ["hook.jobs", "hook.pre-push.jobs"])
def test_a_refusal_counts_however_many_run_at_once(here: Git, jobs: str) -> None:
    here.run("config", jobs, "4")
    for name in ("one", "two"):
        here.run("config", f"hook.{name}.event", "pre-push")
        here.run("config", f"hook.{name}.command", "cat >/dev/null")
        here.run("config", f"hook.{name}.parallel", "true")
    here.armed("build")
    here.refused("push", "origin", "main")


def test_many_refs(here: Git) -> None:
    here.armed(WIDE)
    for number in range(600):
        here.run("update-ref", f"refs/heads/{'b' * 100}{number}", "HEAD")
    here.allowed("push", "-q", "origin", "--all")


def test_one_that_reads_nothing_beside_it(here: Git) -> None:
    here.run("config", "hook.theirs.event", "pre-push")
    here.run("config", "hook.theirs.command", "true")
    here.armed(MAIN)
    here.refused("push", "origin", "main:other")
    here.allowed("push", "origin", "main")


def test_work_trees_share_it_and_a_moved_repository_takes_it_along(here: Git) -> None:
    here.armed(f"{WIDE}.topic")
    other = here.shell.place / "other tree"
    here.run("worktree", "add", "-q", str(other), "-b", "topic")
    here.refused("push", "origin", "main", cwd=other)
    here.commit("in the other", cwd=other)
    here.allowed("push", "origin", "topic", cwd=other)
    here.tree = here.tree.rename(here.shell.place / "moved")
    here.refused("push", "origin", "main")


# ---------------------------------------------------------------------------------- in all repositories


def test_every_repository_of_a_user(git: Git, tmp_path: Path) -> None:
    said = everywhere(git)
    assert said.status == 0, said
    assert "in every repository of yours" in said.out
    assert str(tmp_path / ".gitconfig") in said.out
    assert config(git).count(b"kanoniv") == 0
    git.refused("push", "origin", "main")
    clone = tmp_path / "clone"
    git.run("clone", "-q", str(git.server), str(clone), cwd=tmp_path)
    git.commit("there", cwd=clone)
    git.refused("push", "origin", "main", cwd=clone)
    git.shell.token(MAIN)
    git.allowed("push", "origin", "main", cwd=clone)
    said = git.kanoniv("uninstall-hook", "-r", str(git.tree))
    assert said.status == 2
    assert "uninstall-hook --where global" in said.err
    assert git.kanoniv("uninstall-hook", "--where", "global").status == 0
    assert "kanoniv" not in (tmp_path / ".gitconfig").read_text()


def test_a_repositorys_own_takes_the_place_of_everybodys(here: Git, tmp_path: Path) -> None:
    """One question for one push; and the root is the one that was fixed for this repository."""
    assert everywhere(here).status == 0
    here.install("--root-did", "did:agent:" + "0" * 32)
    here.shell.token(MAIN)
    assert "[untrusted_root]" in here.refused("push", "origin", "main")
    assert len(here.log()) == 1
    assert uninstall(here).status == 0
    here.allowed("push", "origin", "main")
    assert len(here.log()) == 2


def test_everybodys_outside_of_a_repository(git: Git, tmp_path: Path) -> None:
    git.shell.place = tmp_path / "srv"
    assert everywhere(git).status == 0
    git.shell.place = tmp_path
    git.refused("push", "origin", "main")


# ------------------------------------------------------------------------------- what would go around it


@pytest.mark.parametrize(
    "setting",
    [
        ("--local", "hook.kanoniv.enabled", "false"),
        ("--global", "hook.kanoniv.enabled", "no"),
        ("--local", "hook.pre-push.enabled", "false"),
        ("--worktree", "hook.kanoniv.command", "true"),
        ("--worktree", "hook.kanoniv.event", ""),
        ("--global", "hook.other.event", "pre-push"),  # without a command git dies
    ],
)
def test_a_setting_that_has_git_pass_over_it_is_no_success(
    here: Git, setting: tuple[str, ...]
) -> None:
    here.run("config", "extensions.worktreeConfig", "true")
    here.run("config", *setting)
    said = refused(here, "--where", "config")
    assert "git would not run the hook" in said
    assert "git config --show-origin --get-regexp" in said
    here.run("config", setting[0], "--unset-all", setting[1])
    here.armed(MAIN)
    here.refused("push", "origin", "main:other")


def test_everybodys_that_is_switched_off(git: Git) -> None:
    git.run("config", "--global", "hook.kanoniv.enabled", "false")
    said = everywhere(git)
    assert said.status == 2
    assert "git would not run the hook" in said.err
    assert value(git, KEYS[0], "--global") == ""


def test_what_a_killed_writer_leaves_lets_nothing_through(here: Git) -> None:
    """A command without its event was not installed yet; an event without its command stops every push."""
    here.armed(MAIN)
    here.run("config", "--unset", KEYS[1])
    assert "Updated" in here.install().out
    here.refused("push", "origin", "main:other")
    here.run("config", "--unset", KEYS[0])
    before = here.there()
    assert here.try_("push", "origin", "main").status != 0
    assert here.there() == before
    uninstall(here)
    here.armed(MAIN)
    here.allowed("push", "origin", "main")


# ------------------------------------------------------------------------- what is there is not overwritten


def test_again_changes_nothing(here: Git) -> None:
    here.install()
    before = config(here)
    assert "installed already" in here.install().out
    assert config(here) == before


def test_other_roots(here: Git) -> None:
    here.install("--root-did", "did:agent:" + "0" * 32)
    before = config(here)
    said = here.kanoniv("install-hook", "-r", str(here.tree))
    assert (said.status, config(here)) == (2, before)
    assert "trusts other roots: did:agent:" + "0" * 32 in said.err
    assert "Updated" in here.install("--force").out
    assert value(here, "hook.kanoniv.kept") == ""


@pytest.mark.parametrize("theirs", ["make check", "", PUBLISHED])
def test_a_hook_of_our_name_that_is_somebody_elses(here: Git, theirs: str) -> None:
    here.run("config", KEYS[0], theirs)
    here.run("config", KEYS[1], "pre-commit")
    for more in ((), ("--force",)):
        said = refused(here, "--where", "config", *more)
        assert "is not a hook of kanoniv-auth's" in said
        assert "git config --local --remove-section hook.kanoniv" in said
    before = config(here)
    said = here.kanoniv("uninstall-hook", "-r", str(here.tree), "--where", "config").err
    assert "is not a hook of kanoniv-auth's" in said
    assert config(here) == before


def test_one_of_ours_that_was_changed(here: Git) -> None:
    here.install()
    ours = here.text
    here.text = changed = ours.replace("exit 1", "exit 0")
    before = config(here)
    again = ("install-hook", "-r", str(here.tree))
    elsewhere = here.kanoniv(*again, "--where", "folder")
    for answer in (here.kanoniv(*again), uninstall(here), elsewhere):
        assert answer.status == 2
        assert "changed by hand" in answer.err
        assert config(here) == before
    here.install("--force")
    assert here.text == ours
    assert value(here, "hook.kanoniv.kept") == changed.strip()
    assert uninstall(here).status == 0
    assert [value(here, key) for key in KEYS] == ["", ""]
    assert value(here, "hook.kanoniv.kept") == changed.strip()


def test_a_second_command_of_the_same_name(here: Git) -> None:
    """git takes the last one."""
    again = ("install-hook", "-r", str(here.tree), "--where", "config")
    here.install()
    ours = here.text
    here.run("config", "--add", KEYS[0], "true")
    assert "is not a hook of kanoniv-auth's" in here.kanoniv(*again).err
    here.run("config", "--replace-all", KEYS[0], "true")
    here.run("config", "--add", KEYS[0], ours)
    assert "changed by hand" in here.kanoniv(*again).err
    here.install("--force")
    assert here.text == ours
    assert len(value(here, KEYS[1]).split()) == 1


def test_from_the_folder_into_the_configuration_and_back(git: Git, tmp_path: Path) -> None:
    write(git.hook, NOTING)
    note = {"NOTE": str(tmp_path / "note")}
    git.armed(MAIN)
    assert next_of(git).exists()
    said = git.install("--where", "config").out
    assert f"Moved:  it is in {git.hook} no more" in said
    assert git.hook.read_text() == NOTING
    assert not next_of(git).exists()
    git.refused("push", "origin", "main:other", **note)
    git.allowed("push", "origin", "main", **note)
    assert len(git.log()) == 2
    said = git.install("--where", "folder").out
    assert f"Moved:  it is in {git.tree}/.git/config no more" in said
    assert value(git, KEYS[0]) == value(git, KEYS[1]) == ""
    git.refused("push", "origin", "main:other", **note)
    assert len(git.log()) == 3


def test_one_in_the_folder_that_was_changed_or_is_the_published(git: Git) -> None:
    git.install()
    changed = git.hook.read_text().replace("exit 1", "exit 0")
    git.hook.write_text(changed)
    before = config(git)
    said = git.kanoniv("install-hook", "-r", str(git.tree), "--where", "config")
    assert (said.status, config(git)) == (2, before)
    assert "changed by hand" in said.err
    git.install("--where", "config", "--force")
    assert git.hook.with_name("pre-push.kanoniv-kept").read_text() == changed
    assert not git.hook.exists()
    uninstall(git)
    git.hook.with_name("pre-push.kanoniv-kept").unlink()
    write(git.hook, PUBLISHED)
    git.install("--where", "config")
    assert git.hook.with_name("pre-push.kanoniv-kept").read_text() == PUBLISHED
    assert not git.hook.exists()


def test_uninstalling_takes_out_what_a_killed_move_left_twice(git: Git) -> None:
    write(git.hook, NOTING)
    git.install()
    twice = git.hook.read_bytes()
    git.install("--where", "config")
    os.replace(git.hook, next_of(git))  # noqa: PTH105 - as install.py does it
    git.hook.write_bytes(twice)
    git.hook.chmod(0o755)
    assert "is back" in uninstall(git).out
    assert git.hook.read_text() == NOTING
    assert value(git, KEYS[0]) == ""


# -------------------------------------------------------------------------------------- odd surroundings


def test_a_configuration_that_cannot_be_written(here: Git) -> None:
    assert here.kanoniv("init").status == 0
    lock = here.tree / ".git" / "config.lock"
    lock.touch()
    said = here.kanoniv("install-hook", "-r", str(here.tree), "--where", "config")
    assert said.status == 2
    assert "[storage]" in said.err
    assert "could not lock config file" in said.err
    lock.unlink()
    here.install()
    lock.touch()
    assert "[storage]" in uninstall(here).err
    lock.unlink()
    here.refused("push", "origin", "main")


def test_any_path_of_a_program_survives_gits_quoting(
    here: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, setting in here.shell.env.items():
        monkeypatch.setenv(name, setting)
    for path in (b"/a'b\"c\\d e\t#;\n[x]\xe4$(id)/python", b"/a'b\"c\\d e\t#;\n[x]$(id)/python"):
        text = script.write(path, b"/usr/bin/git", "did:agent:0", chained=False)
        before = hook_config.read(str(here.tree), hook_config.LOCAL)
        hook_config.put(str(here.tree), hook_config.LOCAL, before, text)
        after = hook_config.read(str(here.tree), hook_config.LOCAL)
        assert (after.commands, after.event, after.kind) == ((text,), True, script.OURS)
    assert f"{path.decode()}, which checks it, is gone" in here.try_("push", "origin", "main").err


def test_json(here: Git) -> None:
    said = json.loads(here.install("--json").out)
    assert (said["where"], said["done"], said["moved"]) == ("config", "installed", None)
    assert said["hook"] == str(here.tree / ".git" / "config")
    gone = json.loads(uninstall_json(here))
    assert (gone["where"], gone["done"]) == ("config", "removed")
    assert HOOKED not in here.try_("push", "origin", "main").err


def uninstall_json(git: Git) -> str:
    return git.kanoniv("uninstall-hook", "-r", str(git.tree), "--json").out
