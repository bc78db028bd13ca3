"""A person with git: a home, a bare repository to push to, and a work tree with an awkward name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import COMMAND, Said, Shell

WIDE = "git.push.auth-action"
MAIN = f"{WIDE}.main"
HOOKED = "PUSH REFUSED"


class Git:
    """`tree` pushes to `server` (branch main is there already); every command runs in `tree` unless told otherwise.

    where: for the hook, as `install-hook --where` takes it, None for what that chooses
    """

    def __init__(self, shell: Shell, place: Path, where: str | None = None) -> None:
        self.shell = shell
        self.where = where
        self.server = place / "srv" / "auth-action.git"
        self.tree = place / 'it\'s "mine" $HOME'
        shell.env |= {
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "someone" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "s@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        self.run("init", "-q", "--bare", "-b", "main", str(self.server), cwd=place)
        self.run("init", "-q", "-b", "main", str(self.tree), cwd=place)
        self.run("remote", "add", "origin", str(self.server))
        self.commit("first")
        self.run("push", "-q", "origin", "main")
        self.commit("second")

    def try_(self, *words: str, cwd: Path | str | None = None, **env: str) -> Said:
        """Run git and take what comes."""
        where = str(cwd or self.tree)
        return self.shell.words(["git", "-C", where, *words], **env)

    def run(self, *words: str, cwd: Path | str | None = None, **env: str) -> str:
        """Run git, which must work; returns its stdout."""
        said = self.try_(*words, cwd=cwd, **env)
        assert said.status == 0, said
        return said.out.strip()

    def commit(self, message: str, cwd: Path | str | None = None) -> str:
        self.run("commit", "-q", "--allow-empty", "-m", message, cwd=cwd)
        return self.run("rev-parse", "HEAD", cwd=cwd)

    def kanoniv(self, *words: str, **env: str) -> Said:
        return self.shell.kanoniv(*words, **env)

    def install(self, *words: str) -> Said:
        if not (self.shell.home / "root.key").exists():
            assert self.kanoniv("init").status == 0
        where = () if self.where is None else ("--where", self.where)
        said = self.kanoniv("install-hook", "-r", str(self.tree), *where, *words)
        assert said.status == 0, said
        return said

    def armed(self, scopes: str = "", *more: str) -> str:
        """Install the hook and give the caller a token; returns it."""
        self.install()
        return self.shell.token(scopes, *more) if scopes else ""

    @property
    def hook(self) -> Path:
        return self.tree / ".git" / "hooks" / "pre-push"

    @property
    def text(self) -> str:
        """The hook as it is installed."""
        if self.where != "config":
            return self.hook.read_text()
        return self.run("config", "--get", "hook.kanoniv.command") + "\n"

    @text.setter
    def text(self, text: str) -> None:
        if self.where == "config":
            self.run("config", "hook.kanoniv.command", text)
        else:
            self.hook.write_text(text)

    def by_hand(self, *words: str, stdin: str = "", **env: str) -> Said:
        """Run the hook as git does."""
        if self.where != "config":
            return self.shell.words([str(self.hook), *words], stdin, **env)
        text = self.text
        return self.shell.words(["/bin/sh", "-c", f'{text} "$@"', text, *words], stdin, **env)

    def there(self, server: Path | None = None) -> dict[str, str]:
        """The server's refs."""
        words = ("for-each-ref", "--format=%(refname) %(objectname)")
        lines = self.run(*words, cwd=server or self.server).splitlines()
        return dict(line.split(" ") for line in lines)

    def refused(self, *words: str, cwd: Path | str | None = None, **env: str) -> str:
        """A push that our hook refuses, and of which nothing arrives; returns what was said."""
        before = self.there()
        said = self.try_(*words, cwd=cwd, **env)
        assert said.status != 0, said
        assert HOOKED in said.err, said
        assert self.there() == before
        return said.err

    def allowed(self, *words: str, cwd: Path | str | None = None, **env: str) -> None:
        before = self.there()
        said = self.try_(*words, cwd=cwd, **env)
        assert said.status == 0, said
        assert self.there() != before

    def log(self) -> list[dict[str, Any]]:
        """The audit log's records of the hook."""
        path = self.shell.home / "audit.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [entry for line in lines if (entry := json.loads(line))["event"] == "hook"]


@pytest.fixture
def git(shell: Shell, tmp_path: Path) -> Git:
    return Git(shell, tmp_path)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    if not Path(COMMAND).exists():
        pytest.fail(f"{COMMAND} is not there: install the package first (make test does)")
    return Shell(tmp_path)
