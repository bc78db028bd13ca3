"""Keyless mode comes with the service: asked for, it is answered; half asked for, it is said to do nothing."""

from __future__ import annotations

import pytest

from tests.action.step import Job


@pytest.mark.parametrize("key", ["", "given"])
def test_oidc(job: Job, key: str) -> None:
    refused = job.mint(oidc="true", **({"root_key": ""} if not key else {}))
    assert (refused.exit, refused.codes, refused.env) == (2, ["KAN-OIDC-001"], {})
    assert "comes with the delegation service" in refused.lines[0]
    assert "root_key: ${{ secrets.KANONIV_ROOT_KEY }}" in refused.lines[0]


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
