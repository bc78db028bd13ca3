"""Surroundings that are made up: a project, a home, remotes and aliases. What paths need is the product's own."""

from __future__ import annotations

import posixpath

from kanoniv_auth.hooks import paths
from kanoniv_auth.hooks.paths import Places
from kanoniv_auth.hooks.shell.surroundings import Target

HOME, PROJECT = "/home/u", "/home/u/app"
ENTRIES = {
    PROJECT: (".git", ".github", ".claude", "src", "tests", "README.md"),
    HOME: (".bashrc", ".kanoniv", ".ssh", "app"),
    f"{PROJECT}/vendor/lib": (".git", "lib.c"),
}
ALIASES = {
    "p": "push",
    "pf": "push --force",
    "yolo": "!git push --force",
    "st": "status -s",
    "pp": "p",
    "loop": "loop",
    "odd": "log --format='%h'",
    "cfg": "-c core.pager=evil log",
}
REFS = {
    "main": "refs/heads/main",
    "feature": "refs/heads/feature",
    "release.1": "refs/heads/release.1",
    "v1": "refs/tags/v1",
}


class World:
    """What the analysis asks, answered without a file or a process. asked: the git questions, in order."""

    cwd, home = PROJECT, HOME

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.branch: str | None = "feature"
        self.default = "simple"
        self.refspecs: tuple[str, ...] = ()
        self.wide = ""
        self.places = Places(HOME, PROJECT, ("/tmp",), (f"{HOME}/.kanoniv",))

    def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        full = self._full(path, cwd)
        inside = ENTRIES.get(full, ()) if below else ()
        names = (full, *(f"{full}/{name}" for name in inside))
        return paths.strictest(*[paths.to_write(name, self.places) for name in names])

    def read_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
        return paths.to_read(self._full(path, cwd), self.places, below=below)

    def _full(self, path: str, cwd: str) -> str:
        assert cwd.startswith("/")
        return "/" + posixpath.normpath(posixpath.join(cwd, path)).lstrip("/")

    def plain(self, cwd: str) -> bool:
        return "looks-bare" not in cwd

    def alias(self, cwd: str, name: str) -> str | None:  # noqa: ARG002
        self.asked.append("alias")
        return ALIASES.get(name)

    def top(self, cwd: str) -> str | None:
        self.asked.append("top")
        return PROJECT if self._full("", cwd).startswith(PROJECT) else None

    def repository(self, cwd: str) -> str | None:
        self.asked.append("repository")
        return "app" if self._full("", cwd).startswith(PROJECT) else None

    def remotes(self, cwd: str) -> frozenset[str]:  # noqa: ARG002
        self.asked.append("remotes")
        return frozenset({"origin", "fork"})

    def target(self, cwd: str, remote: str | None) -> Target | None:  # noqa: ARG002
        self.asked.append("target")
        if remote in {None, "origin"}:
            return Target(
                ("git@host.example:owner/app.git",),
                self.branch,
                self.refspecs,
                self.default,
                "refs/heads/main",
                wide=self.wide,
            )
        if remote == "fork":
            return Target(("git@host.example:me/app-fork.git",), self.branch)
        return Target((remote,), self.branch) if "/" in remote or ":" in remote else None

    def kind(self, cwd: str, name: str) -> str | None:  # noqa: ARG002
        self.asked.append("kind")
        return REFS.get(name)
