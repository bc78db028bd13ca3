"""What the stand-in remembers: who a token speaks for, the comments of issues, and the faults a test has armed.

Values only: no HTTP, no validation. Everything shown to a caller is built on an example of GitHub's own description.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

BOT = "github-actions[bot]"
FIRST_COMMENT_ID = 2_100_000_001
IDS = {BOT: 41898282, "dependabot[bot]": 49699333, "octocat": 583231}
BARRIER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    repository: str
    issue: int
    login: str
    body: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Login:
    """Who a token speaks for. `writes` False is the read-only token of a fork's pull request."""

    name: str
    writes: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """A thing that goes wrong `times` times for one operation (None = each time, "*" = every operation).

    status            answer with this instead of doing the work (with `retry_after`, `message`, `text` if given)
    after             do the work first, then answer with `status`: the write that happened although it failed
    delay             wait this many seconds first
    barrier           hold the answer until this many such requests wait: two writers that saw the same list
    twin              "before" | "after": another run writes the same comment beside ours, with a lower or higher id
    drop              close the connection without an answer
    location          with `status` 3xx: where to
    """

    operation: str
    times: int | None = 1
    status: int | None = None
    after: bool = False
    message: str = "armed by a test"
    text: str | None = None
    retry_after: str | None = None
    location: str | None = None
    delay: float = 0.0
    barrier: int = 0
    twin: str | None = None
    drop: bool = False


@dataclass
class State:
    """Everything between two resets. All access under `lock`, except that a barrier is waited for without it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    logins: dict[str, Login] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    missing_issues: set[int] = field(default_factory=set)
    next_id: int = FIRST_COMMENT_ID
    barriers: dict[str, threading.Barrier] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def take_faults(self, operation: str) -> list[Fault]:
        """The faults this request meets; each is used up by one."""
        with self.lock:
            met = [f for f in self.faults if f.operation in (operation, "*")]
            self.faults = [
                f if f not in met or f.times is None else replace(f, times=f.times - 1)
                for f in self.faults
            ]
            self.faults = [f for f in self.faults if f.times is None or f.times > 0]
            return met

    def wait_at(self, fault: Fault) -> None:
        """Meet the other requests at the barrier; who waits too long goes on alone."""
        with self.lock:
            barrier = self.barriers.setdefault(fault.operation, threading.Barrier(fault.barrier))
        try:
            barrier.wait(BARRIER_SECONDS)
        except threading.BrokenBarrierError:
            return

    def now(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))

    def add(self, repository: str, issue: int, login: str, body: str) -> Comment:
        with self.lock:
            now = self.now()
            comment = Comment(self.next_id, repository, issue, login, body, now, now)
            self.comments[comment.id] = comment
            self.next_id += 1
            return comment

    def edit(self, comment: Comment, body: str) -> Comment:
        with self.lock:
            edited = replace(comment, body=body, updated_at=self.now())
            self.comments[comment.id] = edited
            return edited

    def of_issue(self, repository: str, issue: int) -> list[Comment]:
        """In ascending id, as GitHub lists them. Repository names compare without case, as GitHub's do."""
        with self.lock:
            return sorted(
                (
                    c
                    for c in self.comments.values()
                    if (c.repository.lower(), c.issue) == (repository.lower(), issue)
                ),
                key=lambda c: c.id,
            )


def user_view(example: dict[str, Any], login: str) -> dict[str, Any]:
    """The example user of the description, under another login."""
    old = example["login"]
    kind = "Bot" if login.endswith("[bot]") else "User"
    path = f"apps/{login.removesuffix('[bot]')}" if kind == "Bot" else login
    view = {
        key: value.replace(f"/{old}", f"/{login}") if isinstance(value, str) else value
        for key, value in example.items()
    }
    return view | {
        "login": login,
        "id": IDS.get(login, 10_000_000 + len(login)),
        "type": kind,
        "html_url": f"https://github.com/{path}",
    }
