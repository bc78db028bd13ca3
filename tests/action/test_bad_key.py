"""A root key that is none: the length or form found is said, nothing of it is shown, nothing is minted."""

from __future__ import annotations

import base64

import pytest

from tests.action.step import SEED, Job


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (base64.b64encode(SEED[:31]).decode(), "base64 of 31 bytes, 32 are wanted"),
        (base64.b64encode(SEED + SEED).decode(), "base64 of 64 bytes, 32 are wanted"),
        (
            SEED.hex()[:-1],
            "63 characters that are neither base64, base64url, hex, PEM nor a key file",
        ),
        ("{}", "JSON without a private_key"),
        ('{"private_key": "zzzz"}', "private_key in the key file is base64 of 3 bytes"),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "a PEM block that is damaged",
        ),
        ("did:agent:21fe31dfa154a261626bf854046fd227", "neither base64"),
    ],
)
def test_bad_key(job: Job, key: str, said: str) -> None:
    refused = job.mint(root_key=key)
    assert refused.exit == 2
    assert refused.codes == ["KAN-KEY-003"]
    assert said in refused.lines[0]
    assert "Fix: store what `kanoniv-auth init --print-secret` prints" in refused.lines[0]
    assert key not in "\n".join(refused.lines) + refused.summary + refused.stderr
    assert "KAN-KEY-003" in refused.summary
    assert refused.env == {}
    assert refused.outputs["token"] == ""
    assert not (job.session / "home").exists()
