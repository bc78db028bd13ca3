"""What each operation of the description does here: comments have a memory, the rest answers with GitHub's own example.

Not a check of any kind: a request has passed the contract before it comes here. Three of GitHub's own examples
(repos/get, issues/get, pulls/get) lack fields its schemas require; asking for them fails the test that asks.
"""

from __future__ import annotations

import json
from typing import Any

from tests.support.github.contract import Answer, Asked, Contract, Operation
from tests.support.github.state import Comment, Login, State, user_view

LONGEST_BODY = 65_536
API = "https://api.github.com"


class Operations:
    """Looked up by GitHub's operationId."""

    def __init__(self, contract: Contract, state: State) -> None:
        self._contract, self._state = contract, state

    def answer(
        self, operation: Operation, asked: Asked, body: Any, login: Login, twin: str | None
    ) -> Answer:
        """The answer, with the addresses of the host that was asked in place of GitHub's (clients follow them)."""
        answer = self._work(operation, asked, body, login, twin)
        here = f"http://{asked.headers.get('Host', 'localhost')}"
        shown = json.loads(json.dumps([answer.body, dict(answer.headers)]).replace(API, here))
        return Answer(answer.status, *shown)

    def _work(
        self, operation: Operation, asked: Asked, body: Any, login: Login, twin: str | None
    ) -> Answer:
        repository = f"{operation.arguments['owner']}/{operation.arguments['repo']}"
        if int(operation.arguments.get("issue_number", 0)) in self._state.missing_issues:
            return _not_found()
        match operation.id:
            case "issues/list-comments":
                return self._list(operation, asked, repository)
            case "issues/create-comment":
                return self._create(operation, body["body"], repository, login, twin)
            case "issues/get-comment" | "issues/update-comment" | "issues/delete-comment":
                return self._one(operation, body, repository)
            case _:
                return self._example(operation, repository)

    def _list(self, operation: Operation, asked: Asked, repository: str) -> Answer:
        query = dict(asked.query)
        issue = int(operation.arguments["issue_number"])
        found = [
            c
            for c in self._state.of_issue(repository, issue)
            if c.updated_at >= query.get("since", "")
        ]
        size, page = (
            min(max(int(query.get("per_page", 30)), 1), 100),
            max(int(query.get("page", 1)), 1),
        )
        last = max(-(-len(found) // size), 1)
        shown = [self._view(c) for c in found[(page - 1) * size : page * size]]
        return Answer(200, shown, _link(asked, query, page, last))

    def _create(
        self, operation: Operation, text: str, repository: str, login: Login, twin: str | None
    ) -> Answer:
        refused = _unfit(text)
        if refused:
            return refused
        issue = int(operation.arguments["issue_number"])
        if twin == "before":
            self._state.add(repository, issue, login.name, text)
        comment = self._state.add(repository, issue, login.name, text)
        if twin == "after":
            self._state.add(repository, issue, login.name, text)
        view = self._view(comment)
        return Answer(201, view, {"Location": view["url"]})

    def _one(self, operation: Operation, body: Any, repository: str) -> Answer:
        comment = self._state.comments.get(int(operation.arguments["comment_id"]))
        if comment is None or comment.repository.lower() != repository.lower():
            return _not_found()
        if operation.id == "issues/delete-comment":
            del self._state.comments[comment.id]
            return Answer(204)
        if operation.id == "issues/update-comment":
            refused = _unfit(body["body"])
            if refused:
                return refused
            comment = self._state.edit(comment, body["body"])
        return Answer(200, self._view(comment))

    def _example(self, operation: Operation, repository: str) -> Answer:
        status = next(int(code) for code in operation.spec["responses"] if code.startswith("2"))
        if status == 204:
            return Answer(204)
        text = json.dumps(self._contract.example(operation, status))
        view = json.loads(text.replace("octocat/Hello-World", repository))
        for key, argument in (
            ("number", "issue_number"),
            ("number", "pull_number"),
            ("id", "run_id"),
        ):
            if argument in operation.arguments and isinstance(view, dict) and key in view:
                view[key] = int(operation.arguments[argument])
        return Answer(status, view)

    def _view(self, comment: Comment) -> dict[str, Any]:
        view: dict[str, Any] = self._contract.named_example("issue-comment")
        issue_url = f"{API}/repos/{comment.repository}/issues"
        return view | {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{issue_url}/comments/{comment.id}",
            "html_url": f"https://github.com/{comment.repository}/issues/{comment.issue}#issuecomment-{comment.id}",
            "issue_url": f"{issue_url}/{comment.issue}",
            "body": comment.body,
            "user": user_view(view["user"], comment.login),
            "author_association": "NONE" if comment.login.endswith("[bot]") else "MEMBER",
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
        }


def _not_found() -> Answer:
    return Answer(
        404, {"message": "Not Found", "documentation_url": f"{API}/rest", "status": "404"}
    )


def _unfit(text: str) -> Answer | None:
    """GitHub's two rules for a comment's text, which its description does not write down."""
    if text.strip() and len(text) <= LONGEST_BODY:
        return None
    message = (
        "body cannot be blank"
        if not text.strip()
        else f"body is too long (maximum is {LONGEST_BODY} characters)"
    )
    error = {
        "resource": "IssueComment",
        "code": "unprocessable",
        "field": "data",
        "message": message,
    }
    return Answer(
        422, {"message": "Validation Failed", "errors": [error], "documentation_url": f"{API}/rest"}
    )


def _link(asked: Asked, query: dict[str, str], page: int, last: int) -> dict[str, str]:
    """The Link header by which clients page, with addresses of the host that was asked."""
    base = f"http://{asked.headers.get('Host', 'api.github.com')}{asked.path}"
    size = f"per_page={query['per_page']}&" if "per_page" in query else ""
    wanted = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
    if page >= last:
        wanted = {name: wanted[name] for name in ("prev", "first")}
    if page == 1:
        wanted = {name: number for name, number in wanted.items() if name not in ("prev", "first")}
    links = [f'<{base}?{size}page={number}>; rel="{name}"' for name, number in wanted.items()]
    return {"Link": ", ".join(links)} if links else {}
