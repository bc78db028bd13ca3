"""The one pull request comment: found by its marker and its author, updated in place, never fought over.

Through PyGithub, imported here and only when a comment is due (330 ms). Not its text: that is `markdown`'s.
Two writers at once converge: whoever creates lists again, keeps the lowest id and removes what is above it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.markdown import read_marker

if TYPE_CHECKING:
    from collections.abc import Callable

    from github.Issue import Issue
    from github.IssueComment import IssueComment

    from kanoniv_ci.report_inputs import ReportInputs
    from kanoniv_ci.retry import Retry

T = TypeVar("T")
BOT = "github-actions[bot]"
_USER_TOKENS = ("ghp_", "github_pat_", "gho_", "ghu_")


def comment_key(*parts: str) -> str:
    """Name the one comment of a workflow, job, matrix entry and agent: 16 hex digits."""
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


class Comments:
    """The comments of one pull request that are ours.

    Raises: Refusal with KAN-COMMENT-001 or -003, from every method; a comment never fails a job.
    """

    def __init__(self, inputs: ReportInputs, repository: str, number: int, retry: Retry) -> None:
        from github import Auth, Github  # noqa: PLC0415 - 330 ms, only when a comment is due

        self._client = Github(
            base_url=inputs.github_api_url,
            auth=Auth.Token(inputs.github_token),
            retry=None,  # ours looks at the status, the deadline and Retry-After
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
            timeout=10,
            per_page=100,
            user_agent="kanoniv-auth-action",
        )
        self._token, self._retry = inputs.github_token, retry
        self._issue: Issue = self._try(
            lambda: self._client.get_repo(repository, lazy=True).get_issue(number)
        )

    def create(self, body: str) -> str:
        """Write a new comment, whatever else is there; its address."""
        return self._try(lambda: self._issue.create_comment(body)).html_url

    def settle(self, body: str, key: str, order: tuple[int, int]) -> str:
        """Make `body` the one comment of `key`, unless a newer run has written it; its address."""
        mine = self._login()
        ours = self._ours(key, mine)
        if not ours:
            # the author is now known for certain, also for a token that cannot ask who it is
            created = self._try(lambda: self._issue.create_comment(body))
            ours = self._ours(key, created.user.login) or [created]
        kept = ours[0]
        if _order(kept) <= order and _same(kept.body) != _same(body):
            self._try(lambda: kept.edit(body))
        for extra in ours[1:]:
            if _order(extra) <= order:
                self._remove(extra)
        return kept.html_url

    def _login(self) -> str:
        """Who we are. A workflow's own token may not ask (403) and is always the bot; a person's may."""
        if self._token.startswith(_USER_TOKENS):
            return self._try(lambda: self._client.get_user().login)
        return BOT

    def _ours(self, key: str, login: str) -> list[IssueComment]:
        found = []
        for comment in self._try(lambda: list(self._issue.get_comments())):
            marked = read_marker(comment.body or "")
            # the marker alone proves nothing: anybody may paste it
            if marked and marked[0] == key and comment.user.login == login:
                found.append(comment)
        return sorted(found, key=lambda comment: comment.id)

    def _remove(self, comment: IssueComment) -> None:
        from github import UnknownObjectException  # noqa: PLC0415 - loaded already

        def gone() -> None:
            try:
                comment.delete()
            except UnknownObjectException:
                pass

        self._try(gone)

    def _try(self, call: Callable[[], T]) -> T:
        from github import GithubException  # noqa: PLC0415 - loaded already
        from requests import RequestException  # noqa: PLC0415 - loaded already

        def status(error: Exception) -> tuple[int, str]:
            if isinstance(error, GithubException):
                headers = {name.lower(): value for name, value in (error.headers or {}).items()}
                return error.status, headers.get("retry-after", "")
            return 0, ""

        try:
            return self._retry.call(call, (GithubException, RequestException), status)
        except GithubException as error:
            if error.status in (401, 403, 404):
                raise Refusal([problem("KAN-COMMENT-001", status=error.status)]) from None
            raise Refusal([problem("KAN-COMMENT-003", detail=f"HTTP {error.status}")]) from None
        except (RequestException, RuntimeError, ValueError, TypeError, AssertionError) as error:
            # what PyGithub raises for a redirect to another host, or for an answer that is not what it should be
            detail = type(error).__name__
            raise Refusal([problem("KAN-COMMENT-003", detail=detail)]) from None


def _order(comment: IssueComment) -> tuple[int, int]:
    marked = read_marker(comment.body or "")
    return marked[1] if marked else (0, 0)


def _same(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n").strip()
