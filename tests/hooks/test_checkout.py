"""What git says about a checkout, and what a push from there needs: against the git of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kanoniv_auth.hooks import paths
from kanoniv_auth.hooks.checkout import Checkout
from kanoniv_auth.hooks.paths import Places
from kanoniv_auth.hooks.shell.analysis import analyse


class Place(Checkout):
    """A work tree on the branch `topic`, with a remote that leads to `owner/app`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.cwd, self.home = folder, str(folder / "app"), str(folder / "home")
        self.places = Places(self.home, self.cwd, (), (f"{self.home}/.kanoniv",))
        (folder / "app").mkdir()
        self.git("init", "-q", "-b", "topic")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        self.git("remote", "add", "origin", "git@host.example:owner/app.git")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words],
            cwd=self.cwd,
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": self.home, "GIT_CONFIG_NOSYSTEM": "1"},
        )
        self._settings.clear()
        return done.stdout

    def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:  # noqa: ARG002
        return paths.to_write(os.path.normpath(f"{cwd}/{path}"), self.places)

    def read_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        return paths.to_read(os.path.normpath(f"{cwd}/{path}"), self.places, below=below)

    def needs(self, command: str) -> list[str]:
        return [need.action for need in analyse(command, self)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Place(tmp_path)


def test_a_plain_push_is_one_of_the_branch_that_is_checked_out(place: Place) -> None:
    assert place.needs("git push") == ["git.push.app.topic"]
    place.git("checkout", "-q", "-b", "feature/x.y")
    assert place.needs("git push") == ["git.push.app.feature%2fx%2ey"]
    assert place.needs("git push -u origin HEAD") == ["git.push.app.feature%2fx%2ey"]
    place.git("checkout", "-q", "--detach")
    assert place.needs("git push origin HEAD") == ["git.push.app"]
    assert place.needs("git push") == ["code.read"]


def test_the_settings_say_where_a_plain_push_goes(place: Place) -> None:
    place.git("remote", "add", "fork", "https://host.example/me/app-fork.git")
    place.git("config", "remote.pushDefault", "fork")
    assert place.needs("git push") == ["git.push.app-fork.topic"]
    place.git("config", "branch.topic.pushRemote", "origin")
    assert place.needs("git push") == ["git.push.app.topic"]
    place.git("config", "branch.topic.remote", "origin")
    place.git("config", "branch.topic.merge", "refs/heads/main")
    place.git("config", "push.default", "upstream")
    assert place.needs("git push") == ["git.push.app.main"]
    place.git("config", "remote.origin.push", "HEAD:refs/heads/release")
    assert place.needs("git push") == ["git.push.app.release"]
    place.git("config", "--add", "remote.origin.push", "+refs/heads/*:refs/heads/*")
    assert place.needs("git push") == ["git.push.app"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("push.default", "matching", "git.push.app"),
        ("push.default", "current", "git.push.app.topic"),
        ("push.default", "nothing", "code.read"),
        ("push.followTags", "true", "git.push.app"),
        ("push.followTags", "no", "git.push.app.topic"),
        ("push.recurseSubmodules", "on-demand", "git.push.app"),
        ("push.recurseSubmodules", "check", "git.push.app.topic"),
        ("submodule.recurse", "true", "git.push.app"),
        ("remote.origin.mirror", "true", "git.push.app"),
        ("remote.origin.pushurl", "https://host.example/o/other.git", "git.push.other.topic"),
        ("url.https://evil.example/o/changed.insteadOf", "git@host.example:owner/app.git",
         "git.push.changed.topic"),
        ("url.https://evil.example/o/changed.pushInsteadOf", "git@host.example:owner/app.git",
         "git.push.changed.topic"),
    ],
)  # fmt: skip
def test_a_setting_changes_what_a_plain_push_is(
    place: Place, name: str, value: str, expected: str
) -> None:
    place.git("config", name, value)
    assert place.needs("git push") == [expected]


def test_every_address_of_a_remote_counts(place: Place) -> None:
    place.git("remote", "set-url", "--add", "--push", "origin", "https://host.example/o/one.git")
    place.git("remote", "set-url", "--add", "--push", "origin", "https://host.example/o/two.git")
    assert place.needs("git push") == ["git.push.one.topic", "git.push.two.topic"]


def test_tags_and_branches_are_told_apart(place: Place) -> None:
    place.git("tag", "v1")
    place.git("branch", "other")
    assert place.needs("git push origin v1") == ["git.push.app"]
    assert place.needs("git push origin v1:main") == ["git.push.app"]
    assert place.needs("git push origin other") == ["git.push.app.other"]
    assert place.needs("git push origin topic:other") == ["git.push.app.other"]
    # of both names: git itself says that it is ambiguous
    place.git("tag", "other")
    assert place.needs("git push origin other") != ["git.push.app.other"]


def test_an_alias_means_what_it_stands_for(place: Place) -> None:
    place.git("config", "alias.p", "push")
    place.git("config", "alias.yes", "!git push --force")
    place.git("config", "alias.status", "push")
    assert place.needs("git p origin topic:main") == ["git.push.app.main"]
    assert "git.push" in place.needs("git yes")
    # git's own commands come first
    assert place.needs("git status") == ["code.read"]
    assert place.needs("git nothing") == ["shell.run.git-nothing"]


def test_a_program_comes_before_an_alias(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.git("config", "alias.tool", "status")
    assert place.needs("git tool") == ["code.read"]
    program = tmp_path / "bin" / "git-tool"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert place.needs("git tool") == ["shell.run.git-tool"]


def test_a_folder_that_looks_like_a_repository_is_none_of_git_s(place: Place) -> None:
    trap = Path(place.cwd) / "src" / "trap"
    (trap / "objects").mkdir(parents=True)
    (trap / "refs").mkdir()
    assert place.needs("git -C src/trap status") == ["code.read"]
    (trap / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (trap / "config").write_text("[alias]\n\tst = !touch ran\n", encoding="ascii")
    assert "git.config" in place.needs("git -C src/trap status")
    assert "git.config" in place.needs("cd src/trap/objects && git log")
    # and git would have taken its settings
    subprocess.run(["git", "-C", str(trap), "st"], check=True, capture_output=True)
    assert (trap / "ran").exists()


def test_asking_runs_nothing_of_the_repository_s(place: Place) -> None:
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external"):
        place.git("config", name, f"touch {place.cwd}/ran")
    place.git("config", "alias.x", "!touch ran")
    for command in (
        "git push",
        "git x",
        "git push origin main",
        "git fetch",
        "git commit -m x",
        "git status",
    ):
        place.needs(command)
    assert not (Path(place.cwd) / "ran").exists()


def test_a_work_tree_beside_belongs_to_the_same_repository(place: Place) -> None:
    place.git("worktree", "add", "-q", "-b", "side", str(place.folder / "side"))
    place.cwd = str(place.folder / "side")
    assert place.needs("git push") == ["git.push.app.side"]
    assert place.needs("git commit -m x") == ["git.commit.app"]


def test_where_there_is_no_repository_no_push_is_certain(place: Place, tmp_path: Path) -> None:
    place.cwd = str(tmp_path)
    assert place.needs("git push") == ["git.push", "shell.any"]
    assert place.needs("git push origin main") == ["git.push", "shell.any"]
    place.cwd = str(tmp_path / "gone")
    assert "git.push" in place.needs("git push")


def test_a_repository_without_a_remote_goes_by_its_folder(place: Place) -> None:
    place.git("remote", "remove", "origin")
    assert place.needs("git commit -m x") == ["git.commit.app"]
    assert "git.push" in place.needs("git push")


def test_names_that_could_be_options_are_asked_nothing(place: Place) -> None:
    assert place.kind(place.cwd, "--all") is None
    assert place.alias(place.cwd, "--exec-path=/tmp") is None
    assert place.alias(place.cwd, "a\nb") is None
    assert place.target(place.cwd, "--mirror") is not None
    assert place.target(place.cwd, "--mirror").addresses == ()  # type: ignore[union-attr]


def test_where_a_work_tree_begins(place: Place) -> None:
    below = Path(place.cwd, "a", "b")
    below.mkdir(parents=True)
    assert place.top(str(below)) == place.cwd
    assert place.top(str(place.folder)) is None
    assert place.top(str(below / "nothing")) is None


def test_a_branch_that_a_command_names_is_the_one_that_is_checked_out(place: Place) -> None:
    for said in ("git branch --show-current", "git rev-parse --abbrev-ref HEAD"):
        assert "git.push.app.topic" in place.needs(f'git push origin "$({said})"')
        assert "git.push" in place.needs(f'git checkout x; git push origin "$({said})"')
    place.git("checkout", "-q", "--detach")
    assert "git.push" in place.needs('git push origin "$(git branch --show-current)"')


def test_a_branch_that_is_spelled_like_an_option_is_one(place: Place) -> None:
    place.git("symbolic-ref", "HEAD", "refs/heads/--output=x")
    assert "shell.any" in place.needs("git log $(git branch --show-current)")


def test_a_commit_named_like_a_branch_is_no_branch(place: Place) -> None:
    short = place.git("rev-parse", "--short", "HEAD").strip()
    place.git("branch", short)
    assert "git.push.app" in place.needs("git push origin $(git rev-parse --short HEAD)")
