"""Forks get no OIDC token, and where one could be had all the same it is not used unless the repository says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.standin import Reply, Scene, scene, serving
from tests.action.step import pull_request

OUTSIDE = [
    ("pull_request_fork", "fork"),
    ("pull_request_deleted_head", "deleted_fork"),
    ("pull_request_dependabot", "dependabot"),
]


@pytest.fixture(params=OUTSIDE, ids=[reason for _, reason in OUTSIDE])
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Scene, str]]:
    name, reason = request.param
    with serving(lambda _: Reply(500)) as server:
        yield scene(pull_request(tmp_path, name), server), reason


def without_permission(here: Scene) -> Scene:
    for name in ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        del here.job.environ[name]
    return here


@pytest.mark.parametrize("to_be_had", [True, False])
def test_skip(outside: tuple[Scene, str], to_be_had: bool) -> None:
    here, reason = outside
    skipped = (here if to_be_had else without_permission(here)).mint()
    assert (skipped.exit, skipped.codes) == (0, ["KAN-FORK-001"])
    assert (skipped.outputs["skip_reason"], skipped.outputs["mode"]) == (reason, "oidc")
    assert (skipped.outputs["token"], skipped.env) == ("", {})
    assert here.server.heard == []


def test_fail(outside: tuple[Scene, str]) -> None:
    here, _ = outside
    refused = here.mint(on_fork="fail")
    assert (refused.exit, refused.codes, here.server.heard) == (2, ["KAN-FORK-001"], [])


def test_warn_without_a_token_mints_nothing(outside: tuple[Scene, str]) -> None:
    here, _ = outside
    skipped = without_permission(here).mint(on_fork="warn")
    assert (skipped.exit, skipped.outputs["token"]) == (0, "")
    assert skipped.lines[0].startswith("::warning title=KAN-FORK-001::")


def test_warn_with_a_token_asks_the_service(outside: tuple[Scene, str]) -> None:
    """The repository said so; what such a run gets is still the trust policy's to say."""
    here, _ = outside
    minted = here.mint(on_fork="warn")
    assert minted.outputs["token"] != ""
    assert "an OIDC token is to be had all the same" in minted.lines[0]
