"""The event that started the run: its pull request, and whether it comes from outside this repository.

Pure: text in, value out. Outside means a fork or Dependabot: GitHub gives such runs no secrets and no OIDC token.
Repositories are compared by id, because a fork can be renamed and a repository can itself be a fork.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

DEPENDABOT = "dependabot[bot]"
_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([0-9]{1,10})-[0-9a-f]{40}")

FORK, DELETED_FORK, BOT, UNREADABLE = "fork", "deleted_fork", "dependabot", "unreadable_event"
REASONS = {
    "": "",
    FORK: "this pull request comes from a fork, and GitHub gives its runs no secrets",
    DELETED_FORK: "this pull request comes from a fork that was deleted, so its origin cannot be checked",
    BOT: "this run was started by Dependabot, and GitHub gives it no Actions secrets",
    UNREADABLE: "the event of this pull request cannot be read, so its origin cannot be checked",
}


@dataclass(frozen=True, slots=True)
class Event:
    """What the action needs to know. pull_request: its number, None without one · outside: a key of `REASONS`."""

    name: str
    pull_request: int | None
    outside: str
    head_sha: str = ""


def read(text: str, *, name: str, actor: str, ref: str = "") -> Event:
    """Read GITHUB_EVENT_PATH's text. Never raises: what cannot be read counts as outside where that matters."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        payload = None
    about = "pull_request" if name.startswith("pull_request") else name
    told = isinstance(payload, dict) and isinstance(payload.get(about), dict)
    if about in _FOREIGN and not told:
        return Event(name, None, UNREADABLE)
    if not isinstance(payload, dict):
        return Event(name, None, _bot(actor))
    number, sha = _number(payload, ref), _text(_at(payload, "pull_request", "head", "sha"))
    return Event(name, number, _origin(payload) or _bot(actor), sha)


def reduced(text: str) -> str:
    """Keep of an event what `read` looks at, in the same shape: what the container is told."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(payload, dict):
        return ""
    kept: dict[str, object] = {}
    for path in _KEPT:
        found = _at(payload, *path)
        # a head repository that is null was deleted, which is not the same as not being told
        if found is not None or (path[-1] in _REPOS and isinstance(_at(payload, *path[:-1]), dict)):
            _put(kept, path, found if not isinstance(found, dict) else {"id": found.get("id")})
    return json.dumps(kept)


# events that foreign code can cause, by the object they tell of
_FOREIGN = ("pull_request", "workflow_run")
_REPOS = ("repo", "head_repository")
_KEPT = (
    ("number",),
    ("pull_request", "number"),
    ("pull_request", "head", "sha"),
    ("pull_request", "head", "repo"),
    ("pull_request", "base", "repo"),
    ("issue", "number"),
    ("issue", "pull_request"),
    ("workflow_run", "head_repository"),
    ("repository",),
)


def _origin(payload: dict[str, object]) -> str:
    if isinstance(payload.get("pull_request"), dict):
        head = _at(payload, "pull_request", "head", "repo", "id")
        base = _at(payload, "pull_request", "base", "repo", "id")
        if head is None:
            return DELETED_FORK
        return "" if type(head) is int and head == base else FORK
    if isinstance(payload.get("workflow_run"), dict):
        head = _at(payload, "workflow_run", "head_repository", "id")
        here = _at(payload, "repository", "id")
        return "" if type(head) is int and head == here else FORK
    return ""


def _bot(actor: str) -> str:
    return BOT if actor == DEPENDABOT else ""


def _number(payload: dict[str, object], ref: str) -> int | None:
    found = _at(payload, "pull_request", "number")
    if found is None and isinstance(_at(payload, "issue", "pull_request"), dict):
        found = _at(payload, "issue", "number")
    queue = _QUEUE.fullmatch(ref)
    if found is None and queue:
        found = int(queue.group(1))
    return found if type(found) is int and found > 0 else None


def _at(value: object, *path: str) -> object:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _put(into: dict[str, object], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        into = into.setdefault(key, {})  # type: ignore[assignment]
    into[path[-1]] = value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
