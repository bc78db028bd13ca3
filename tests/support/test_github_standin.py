"""The stand-in itself: PyGithub gets along with it, and whoever breaks GitHub's description is caught."""

from __future__ import annotations

import threading

import pytest
import requests
from github import Auth, Github
from github.GithubException import GithubException
from github.Issue import Issue

from tests.support.github_process import GitHubProcess

REPOSITORY = "Codertocat/Hello-World"


def issue(github: GitHubProcess, token: str | None = None) -> Issue:
    client = Github(
        base_url=github.url,
        auth=Auth.Token(token or github.token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    return client.get_repo(REPOSITORY).get_issue(2)


def headers(github: GitHubProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {github.token}"}


def test_create_edit_list_delete_with_pygithub(github: GitHubProcess) -> None:
    here = issue(github)
    created = here.create_comment("first")
    assert created.user.login == "github-actions[bot]"
    created.edit("second")
    assert [c.body for c in here.get_comments()] == ["second"]
    created.delete()
    assert github.comments() == []
    assert github.calls() == [
        "POST issues/create-comment 201",
        "PATCH issues/update-comment 200",
        "GET issues/list-comments 200",
        "DELETE issues/delete-comment 204",
    ]


def test_pages(github: GitHubProcess) -> None:
    for number in range(65):
        github.comment(REPOSITORY, 2, f"comment {number}", login="octocat")
    assert [c.body for c in issue(github).get_comments()] == [f"comment {n}" for n in range(65)]
    assert len(github.requests()) == 3


def test_a_secret_is_not_in_the_log(github: GitHubProcess) -> None:
    issue(github).create_comment("hello")
    sent = github.requests()[0]["headers"]["Authorization"]
    assert sent.startswith(("token ", "Bearer "))
    assert github.token not in github.log.read_text(encoding="utf-8")


def test_an_unknown_token_is_refused(github: GitHubProcess) -> None:
    with pytest.raises(GithubException) as refused:
        issue(github, "ghs_nobody").create_comment("hello")
    assert refused.value.status == 401


def test_a_forks_token_may_read_and_not_write(github: GitHubProcess) -> None:
    here = issue(github, github.readonly_token)
    assert list(here.get_comments()) == []
    with pytest.raises(GithubException) as refused:
        here.create_comment("hello")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/repos/o/r/nonsense", None, "not in GitHub's description"),
        ("PUT", "/repos/o/r/issues/2/comments", {"body": "x"}, "not in GitHub's description"),
        ("POST", "/repos/o/r/issues/2/comments", {"body": 7}, "7 is not of type"),
        ("POST", "/repos/o/r/issues/2/comments", {}, "'body' is a required property"),
        ("POST", "/repos/o/r/issues/2/comments", {"body": "x", "bdoy": "y"}, "'bdoy' is unknown"),
        ("GET", "/repos/o/r/issues/2/comments?per_pgae=3", None, "'per_pgae' is unknown"),
        ("GET", "/repos/o/r/issues/two/comments", None, "two"),
    ],
)
def test_breaking_the_description_is_a_violation(
    github: GitHubProcess, method: str, path: str, body: object, said: str
) -> None:
    reply = requests.request(
        method, github.url + path, json=body, headers=headers(github), timeout=5
    )
    assert reply.status_code in (404, 422)
    found = github.violations()
    github.reset()
    assert len(found) == 1
    assert said in found[0]


def test_the_limits_github_does_not_write_down(github: GitHubProcess) -> None:
    for body in (" ", "x" * 65_537):
        with pytest.raises(GithubException) as refused:
            issue(github).create_comment(body)
        assert refused.value.status == 422


def test_armed_faults_are_used_up(github: GitHubProcess) -> None:
    github.arm("issues/list-comments", status=502, times=2, retry_after="1")
    url = f"{github.url}/repos/{REPOSITORY}/issues/2/comments"
    replies = [requests.get(url, headers=headers(github), timeout=5) for _ in range(3)]
    assert [r.status_code for r in replies] == [502, 502, 200]
    assert replies[0].headers["Retry-After"] == "1"


def test_a_twin_writes_beside_us(github: GitHubProcess) -> None:
    github.arm("issues/create-comment", twin="before")
    created = issue(github).create_comment("same")
    assert [c["body"] for c in github.comments()] == ["same", "same"]
    assert created.id == github.comments()[1]["id"]


def test_two_writers_that_saw_the_same_list(github: GitHubProcess) -> None:
    github.arm("issues/list-comments", barrier=2, times=2)

    def writer() -> None:
        here = issue(github)
        if not list(here.get_comments()):
            here.create_comment("mine")

    threads = [threading.Thread(target=writer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [c["body"] for c in github.comments()] == ["mine", "mine"]


def test_what_has_no_memory_answers_with_githubs_own_example(github: GitHubProcess) -> None:
    url = f"{github.url}/repos/{REPOSITORY}/actions/runs/42"
    reply = requests.get(url, headers=headers(github), timeout=5)
    assert reply.status_code == 200
    assert reply.json()["id"] == 42
    assert "octocat/Hello-World" not in reply.text


@pytest.mark.parametrize("path", ["", "/issues/2", "/pulls/2"])
def test_an_answer_of_our_own_that_breaks_the_description_is_caught_too(
    github: GitHubProcess, path: str
) -> None:
    """GitHub's examples for these three lack fields its own schemas require."""
    requests.get(f"{github.url}/repos/{REPOSITORY}{path}", headers=headers(github), timeout=5)
    found = github.violations()
    github.reset()
    assert "is a required property" in found[0]
