"""No secret byte before its mask: on raw stdout, without a runner that would mask by itself."""

from __future__ import annotations

import base64
import io
import json

import pytest

from kanoniv_ci.workflow import Console
from tests.action.step import KEY, ROOT_DID, SEED, Job, spellings
from tests.action.test_key_forms import FORMS


def masked_before_anything(stdout: str, secrets: set[str]) -> None:
    """Every secret is masked, and occurs nowhere but in masks."""
    lines = stdout.splitlines()
    masks = [line.removeprefix("::add-mask::") for line in lines if line.startswith("::add-mask::")]
    assert secrets <= set(masks), "a spelling that is not masked"
    for line in lines:
        if not line.startswith("::add-mask::"):
            assert not [secret for secret in secrets if secret in line]
    assert "" not in masks
    assert all(len(mask) >= 8 for mask in masks)


@pytest.mark.parametrize("form", FORMS)
def test_the_root_key_and_what_was_made(job: Job, form: str) -> None:
    minted = job.mint(root_key=FORMS[form])
    digits = minted.outputs["agent_did"].rpartition(":")[2]
    agent = json.loads((job.session / "home" / "keys" / f"{digits}.key").read_text())["private_key"]
    seed = bytes.fromhex(agent) if len(agent) == 64 else base64.b64decode(agent)
    masked_before_anything(
        minted.stdout, {minted.outputs["token"], *spellings(SEED), *spellings(seed)}
    )
    body = [x for x in FORMS[form].splitlines() if not x.startswith(("-", "{", " ", "}"))]
    assert (
        set(body) <= {line.removeprefix("::add-mask::") for line in minted.stdout.splitlines()}
        or form == "wrapped"
    )
    for public in (minted.outputs["agent_did"], ROOT_DID, minted.outputs["token_fingerprint"]):
        assert f"::add-mask::{public}" not in minted.stdout


def test_masks_stand_before_every_other_line(job: Job) -> None:
    """Also before the annotations of inputs that are refused: those are read while the key is already there."""
    refused = job.mint(ttl="soon", parent_token="kd2.some-parent-token", api_key="an-api-key-0123")
    lines = refused.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("::add-mask::"))
    assert {
        f"::add-mask::{text}" for text in (KEY, "kd2.some-parent-token", "an-api-key-0123")
    } <= set(lines[:first])
    assert not [line for line in lines[first:] if line.startswith("::add-mask::")]


def test_short_and_empty_values_are_not_masked(job: Job) -> None:
    refused = job.mint(root_key="abc", parent_token=" ", api_key="")
    assert "::add-mask::" not in refused.stdout


def test_public_halves_in_a_key_file_are_not_masked(job: Job) -> None:
    public = base64.b64encode(bytes(32)).decode()
    text = json.dumps({"did": ROOT_DID, "public_key": public, "private_key": KEY}, indent=1)
    minted = job.mint(root_key=text)
    assert public not in minted.stdout
    assert ROOT_DID not in "".join(
        x for x in minted.stdout.splitlines() if x.startswith("::add-mask::")
    )


def test_each_line_is_flushed_before_the_next() -> None:
    """A mask that waits in a buffer reaches the log after what another process says."""

    class Stream(io.StringIO):
        waiting = ""

        def write(self, text: str) -> int:
            assert self.waiting == ""
            self.waiting = text
            return len(text)

        def flush(self) -> None:
            self.waiting = ""

    stream = Stream()
    console = Console(stream)
    console.mask("a secret of some length")
    console.say("x")
    console.error("y", "z")
    assert stream.waiting == ""
