"""Whose code a run is about: what the container is told must not make a foreign run look like our own."""

from __future__ import annotations

import json

import pytest

from kanoniv_ci.event import read, reduced

REPOSITORY = {"id": 1, "name": "here"}
OURS, THEIRS = {"id": 1}, {"id": 2}


def pull(head: object, base: object = OURS) -> dict[str, object]:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": base}}}


@pytest.mark.parametrize(
    ("name", "payload", "outside"),
    [
        ("pull_request", pull(OURS), False),
        ("pull_request", pull(THEIRS), True),
        ("pull_request", pull(None), True),
        ("pull_request", {"pull_request": {}}, True),
        ("pull_request", {"pull_request": {"head": None}}, True),
        ("pull_request_target", {}, True),
        ("pull_request_review", {"pull_request": []}, True),
        ("workflow_run", {"workflow_run": {"head_repository": OURS}, "repository": REPOSITORY}, False),
        ("workflow_run", {"workflow_run": {"head_repository": THEIRS}, "repository": REPOSITORY}, True),
        ("workflow_run", {"workflow_run": {"head_repository": None}, "repository": REPOSITORY}, True),
        ("workflow_run", {"workflow_run": {}, "repository": REPOSITORY}, True),
        ("workflow_run", {"repository": REPOSITORY}, True),
        ("push", {"repository": REPOSITORY}, False),
    ],
)  # fmt: skip
def test_host_and_container_agree(name: str, payload: object, outside: bool) -> None:
    text = json.dumps(payload)
    assert bool(read(text, name=name, actor="octocat").outside) is outside
    assert bool(read(reduced(text), name=name, actor="octocat").outside) is outside
