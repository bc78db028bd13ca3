"""A run from outside has no secrets: skip, warn or fail, and never a token for foreign code by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.action.step import pull_request

OUTSIDE = [
    ("pull_request_fork", "fork"),
    ("pull_request_deleted_head", "deleted_fork"),
    ("pull_request_dependabot", "dependabot"),
]


@pytest.mark.parametrize(("name", "reason"), OUTSIDE)
def test_skip(tmp_path: Path, name: str, reason: str) -> None:
    job = pull_request(tmp_path, name)
    skipped = job.mint(root_key="")
    assert (skipped.exit, skipped.codes) == (0, ["KAN-FORK-001"])
    assert skipped.lines[0].startswith("::notice ")
    assert (skipped.outputs["skipped"], skipped.outputs["skip_reason"]) == ("true", reason)
    assert (skipped.outputs["token"], skipped.env) == ("", {})
    assert "skipped, nothing was minted" in job.report(post_audit="true").summary


@pytest.mark.parametrize(
    ("mode", "status", "kind"), [("warn", 0, "::warning "), ("fail", 2, "::error ")]
)
def test_warn_and_fail(tmp_path: Path, mode: str, status: int, kind: str) -> None:
    stopped = pull_request(tmp_path, "pull_request_fork").mint(root_key="", on_fork=mode)
    assert (stopped.exit, stopped.codes) == (status, ["KAN-FORK-001"])
    assert stopped.lines[0].startswith(kind)
    assert stopped.outputs["token"] == ""


def test_a_key_that_came_along_is_not_used_for_a_fork(tmp_path: Path) -> None:
    """A repository may send its secrets to forks; that run is still somebody else's code."""
    skipped = pull_request(tmp_path, "pull_request_fork").mint()
    assert (skipped.exit, skipped.outputs["token"]) == (0, "")


def test_unless_the_repository_says_warn(tmp_path: Path) -> None:
    minted = pull_request(tmp_path, "pull_request_fork").mint(on_fork="warn")
    assert minted.lines[0].startswith("::warning title=KAN-FORK-001::")
    assert minted.outputs["token"] != ""


def test_dependabots_own_secrets_are_used(tmp_path: Path) -> None:
    assert pull_request(tmp_path, "pull_request_dependabot").mint().outputs["token"] != ""


def test_an_event_that_cannot_be_read_counts_as_outside(tmp_path: Path) -> None:
    job = pull_request(tmp_path)
    (tmp_path / "event.json").write_text("{")
    assert job.mint().outputs["skip_reason"] == "unreadable_event"


def test_input_errors_are_told_all_the_same(tmp_path: Path) -> None:
    refused = pull_request(tmp_path, "pull_request_fork").mint(root_key="", ttl="soon")
    assert (refused.exit, refused.codes) == (2, ["KAN-INPUT-001"])


def test_a_push_has_no_origin_to_doubt(tmp_path: Path) -> None:
    assert pull_request(tmp_path, "push").mint().outputs["token"] != ""
