"""The test's end of the GitHub stand-in: starts it as a process, talks to it, reads its log.

Not the stand-in itself (`tests/support/github/`). What a test asserts about requests comes from the log file alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.told import Told


class GitHubProcess(Told):
    """One stand-in process. `token` speaks for github-actions[bot], `readonly_token` for it without write access."""

    token = "ghs_standin0000000000000000000000000001"
    readonly_token = "ghs_standin0000000000000000000000000002"
    user_token = "ghp_standin0000000000000000000000000003"

    def __init__(self, log: Path, port: int = 0) -> None:
        self.log = log
        self._seen = 0
        options = ("--log", str(log), "--port", str(port))
        super().__init__("the GitHub stand-in", "tests.support.github", *options)
        self.url = str(self.said["url"])
        self.reset()

    def reset(self) -> None:
        """Forget everything; the log goes on, and `requests()` counts from here."""
        self._do("reset")
        self._do("login", token=self.token, name="github-actions[bot]")
        self._do("login", token=self.readonly_token, name="github-actions[bot]", writes=False)
        self._do("login", token=self.user_token, name="octocat")
        self._seen = len(self._lines())

    def login(self, token: str, name: str, *, writes: bool = True) -> None:
        """From now on `token` speaks for `name`."""
        self._do("login", token=token, name=name, writes=writes)

    def arm(self, operation: str, **fault: Any) -> None:
        """Make `operation` (GitHub's operationId, or "*") go wrong; fields as in `tests.support.github.state.Fault`."""
        self._do("arm", operation=operation, **fault)

    def comment(
        self, repository: str, issue: int, body: str, *, login: str = "github-actions[bot]"
    ) -> int:
        """A comment somebody wrote before; its id."""
        return int(
            self._do("comment", repository=repository, issue=issue, body=body, login=login)["id"]
        )

    def missing(self, issue: int) -> None:
        """That issue answers 404."""
        self._do("missing", issue=issue)

    def comments(self) -> list[dict[str, Any]]:
        """All comments by id: id, repository, issue, login, body, created_at, updated_at."""
        said: list[dict[str, Any]] = self._do("comments")
        return said

    def requests(self) -> list[dict[str, Any]]:
        """The log's lines since the last reset; `tests.support.github.server.Exchange.line` names the fields."""
        return self._lines()[self._seen :]

    def calls(self) -> list[str]:
        """The same in one short line each: `GET issues/list-comments 200`."""
        return [
            f"{r['method']} {r['operation'] or r['path']} {r['status']}" for r in self.requests()
        ]

    def violations(self) -> list[str]:
        """Every way in which a request or an answer since the last reset broke GitHub's description."""
        return [
            f"{r['method']} {r['path']}: {text}"
            for r in self.requests()
            for text in r["violations"]
        ]

    def __enter__(self) -> GitHubProcess:
        return self

    def _lines(self) -> list[dict[str, Any]]:
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
