"""Keyless mode half asked for: said at once with every other input error, and nothing is asked of anybody."""

from __future__ import annotations

import pytest

from tests.action.standin import Scene
from tests.action.step import KEY, Job


@pytest.mark.parametrize("key", ["", KEY])
def test_without_a_service(job: Job, key: str) -> None:
    """There is no service of ours that could be meant."""
    refused = job.mint(oidc="true", root_key=key)
    codes = ["KAN-OIDC-001", *(["KAN-OIDC-003"] if key else [])]
    assert (refused.exit, refused.codes, refused.env) == (2, codes, {})
    assert "add `endpoint: https://…`" in refused.lines[0]
    assert refused.outputs["mode"] == "oidc"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"root_key": KEY}, "root_key does not go with oidc: true"),
        (
            {"parent_token": "kd2.x", "expected_root_did": "did:agent:" + "0" * 32},
            "parent_token does not go",
        ),
        ({"runtime": "docker"}, "runtime: docker does not go with oidc: true: the container has"),
    ],
)
def test_what_does_not_go_together(keyless: Scene, inputs: dict[str, str], words: str) -> None:
    refused = keyless.mint(**inputs)
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-003"])
    assert words in refused.lines[0]
    assert keyless.server.heard == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"ttl": "never"},
        {"endpoint": "http://auth.example"},
        {"endpoint": "https://user:password@auth.example"},
        {"endpoint": "https://auth.example/?x=1"},
        {"audience": "two words"},
        {"audience": "a" * 256},
        {"api_key": "kas_x\r\nX-Injected: 1"},
        {"max_attempts": "0"},
        {"debug_claims": "maybe"},
    ],
)
def test_unusable_inputs(keyless: Scene, inputs: dict[str, str]) -> None:
    refused = keyless.mint(**inputs)
    assert (refused.exit, refused.codes) == (2, ["KAN-INPUT-003"])
    assert f"{next(iter(inputs))} is " in refused.lines[0]
    assert "X-Injected" not in refused.lines[0]
    assert keyless.server.heard == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"api_key": "k" * 20},
        {"endpoint": "https://x.example"},
        {"audience": "x"},
        {"debug_claims": "true"},
    ],
)
def test_inputs_of_keyless_mode_alone(job: Job, inputs: dict[str, str]) -> None:
    minted = job.mint(**inputs)
    assert (minted.exit, minted.codes) == (0, ["KAN-OIDC-002"])
    assert f"{next(iter(inputs))} has no effect" in minted.lines[0]
    assert "k" * 20 not in "\n".join(minted.lines)


def test_guard_rails_hold_before_anybody_is_asked(keyless: Scene) -> None:
    refused = keyless.mint(allowed_scopes="build", max_ttl="5m")
    assert (refused.exit, refused.codes) == (2, ["KAN-GUARD-002", "KAN-GUARD-003"])
    assert keyless.server.heard == []


@pytest.mark.parametrize("runtime", ["auto", "docker", "host"])
def test_the_first_step_chooses_the_host(job: Job, runtime: str) -> None:
    """Also where an engine is: an explicit docker is refused in the step that tells all input errors."""
    planned = job.run("plan", {"oidc": "true", "runtime": runtime}, DOCKER_HOST="unix:///nowhere")
    assert (planned.exit, planned.outputs["runtime"], planned.outputs["word"]) == (
        0,
        "host",
        "mint",
    )
    assert "keyless mode needs the network" in planned.stdout
