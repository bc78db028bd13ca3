"""What was done to the published product's command line and Action: files, receipts, environment.

Names and numbers are those of the findings (C: command line and files, E: the Action).
"""

from __future__ import annotations

import json

import pytest

from tests.advisories.attacker import (
    BOB,
    MALLORY,
    NOW,
    ROOT,
    ZEROS,
    Links,
    b64,
    envelope,
    envelope_id,
)
from tests.advisories.terminal import Terminal

SELF_MADE = Links(holder=MALLORY, until=NOW + 10**9).grow(
    MALLORY, scp=["deploy"], iat=1, exp=NOW + 10**9
)


def ready(terminal: Terminal) -> str:
    terminal.done("init")
    return terminal.done("delegate", "-s", "deploy.staging")


def test_c4_a_self_made_root_beside_a_local_one(terminal: Terminal) -> None:
    ready(terminal)
    said = terminal.run("verify", "-s", "deploy", "-t", SELF_MADE.sealed())
    assert (said.status, said.slug, said.out) == (1, "untrusted_root", "")
    said = terminal.run("exec", "-s", "deploy", "-t", SELF_MADE.sealed(), "--", "touch", "ran")
    assert (said.status, said.slug) == (1, "untrusted_root")
    assert "DENIED" in said.err
    assert not (terminal.place / "ran").exists()


def test_c5_with_no_root_at_all(terminal: Terminal) -> None:
    said = terminal.run("verify", "-s", "deploy", "-t", SELF_MADE.sealed())
    assert (said.status, said.slug) == (2, "no_trusted_root")
    assert "KANONIV_ROOT_DID" in said.err


@pytest.mark.parametrize("empty", ["", " ", ","])
def test_a_root_that_failed_to_expand_is_not_any_root(terminal: Terminal, empty: str) -> None:
    ready(terminal)
    for name in ("KANONIV_ROOT_DID", "KANONIV_ROOT_PUB"):
        said = terminal.run("verify", "-s", "deploy", "-t", SELF_MADE.sealed(), **{name: empty})
        assert (said.status, said.slug) == (2, "usage")


def test_c8_revoking_is_more_than_deleting_a_file(terminal: Terminal) -> None:
    """`revoke -t TOKEN` deleted a local file, and the token went on: from a variable, from a copy, from its child."""
    token = ready(terminal)
    child = terminal.done("delegate", "-s", "deploy.staging", "--parent", "-", stdin=token)
    terminal.done("revoke", "-t", token)
    for kept in (token, child):
        for words in (("verify", "-s", "deploy.staging"), ("exec", "-s", "deploy.staging", "--", "true"),
                      ("whoami",), ("status",), ("sign", "-a", "deploy.staging")):  # fmt: skip
            said = terminal.run(*words, KANONIV_TOKEN=kept)
            assert (said.status, "REVOKED" in said.out) == (1, False), words
            assert "revoked" in said.err + said.out, words
        said = terminal.run("delegate", "-s", "deploy.staging", "--parent", "-", stdin=kept)
        assert (said.status, said.slug, said.out) == (1, "revoked", "")
        said = terminal.run("accept", "-", stdin=kept.partition("~")[0])
        assert (said.status, said.slug, said.out) == (1, "revoked", "")


def test_c9_a_receipt_outside_the_scope_or_under_an_expired_token(terminal: Terminal) -> None:
    ready(terminal)
    said = terminal.run("sign", "-a", "deploy.prod")
    assert (said.status, said.slug, said.out) == (1, "scope", "")
    assert not (terminal.home / "receipts").exists()
    text = envelope(
        Links().grow(BOB, scp=["read"], iat=NOW - 20, exp=NOW - 10), act="read", iat=NOW
    )
    said = terminal.run("audit", text, "--root-did", ROOT.did)
    assert (said.status, said.slug) == (1, "expired")


@pytest.mark.parametrize(
    ("text", "status", "slug"),
    [
        (envelope(SELF_MADE), 1, "untrusted_root"),
        (envelope(Links().grow(BOB), signer=MALLORY), 1, "bad_signature"),
        (envelope(Links().grow(BOB), act="release"), 1, "scope"),
        (
            json.dumps(
                {
                    "action": "deploy",
                    "result": "success",
                    "agent_did": BOB.did,
                    "signature": "0" * 128,
                }
            ),
            1,
            "bad_signature",
        ),
        (
            json.dumps({"envelope": envelope(Links().grow(BOB)), "action": "release"}),
            1,
            "bad_signature",
        ),
        ("kde2.AAAA", 2, "parse"),
        ("{}", 1, "bad_signature"),
    ],
    ids=[
        "own root",
        "own key",
        "outside scope",
        "published form",
        "edited view",
        "garbage",
        "nothing",
    ],
)
def test_c9_a_fabricated_receipt(terminal: Terminal, text: str, status: int, slug: str) -> None:
    said = terminal.run("audit", text, "--root-did", ROOT.did)
    assert (said.status, said.slug, said.out) == (status, slug, "")


def test_c7_an_edited_a_replaced_and_a_missing_receipt_are_detected(terminal: Terminal) -> None:
    ready(terminal)
    chain, lines, prev = Links().grow(BOB), list[str](), ZEROS
    for seq in range(3):
        lines.append(envelope(chain, seq=seq, prv=b64(prev)))
        prev = envelope_id(lines[-1])

    def audit(*texts: str) -> tuple[int, str]:
        said = terminal.run("audit", "-", "--root-did", ROOT.did, stdin="\n".join(texts))
        return said.status, said.slug

    assert audit(*lines) == (0, "")
    second = envelope(chain, seq=1, prv=b64(envelope_id(lines[0])), tgt="other")
    for spoilt in (
        (lines[0], lines[2]),
        (lines[0], second, lines[2]),
        (lines[0], lines[1], second),
        (lines[0], envelope(chain, seq=1, prv=b64(envelope_id(lines[0])), signer=MALLORY)),
    ):
        assert audit(*spoilt) == (1, "bad_signature")


@pytest.mark.parametrize(
    "scope", ["/tmp/../../x", "../../root", "git.push.repo.feature/x", "a/b", "~", "x\\y"]
)
def test_c10_a_scope_that_is_a_path(terminal: Terminal, scope: str) -> None:
    terminal.done("init")
    said = terminal.run("delegate", "-s", scope)
    assert (said.status, said.slug) == (2, "usage")
    assert not (terminal.home / "tokens").exists()


def test_c12_a_child_without_a_time_ends_with_its_parent(terminal: Terminal) -> None:
    ready(terminal)
    parent = terminal.done("delegate", "-s", "deploy", "-t", "2m")
    said = terminal.run(
        "delegate", "-s", "deploy", "-t", "never", "--parent", "-", "--json", stdin=parent
    )
    facts = json.loads(said.out)
    assert facts["cut_to_parent"] is True
    whole = json.loads(terminal.done("whoami", "-t", parent, "--json"))
    assert facts["expires_at"] == whole["expires_at"]


def test_e5_a_later_step_overwrites_the_token(terminal: Terminal) -> None:
    """And the root comes from what the verifier was given, not from the token."""
    ready(terminal)
    root = json.loads(terminal.done("whoami", "--json"))["root_did"]
    said = terminal.run(
        "verify", "-s", "deploy", KANONIV_TOKEN=SELF_MADE.sealed(), KANONIV_ROOT_DID=root
    )
    assert (said.status, said.slug) == (1, "untrusted_root")
    for empty in ("", " "):
        said = terminal.run("verify", "-s", "deploy.staging", KANONIV_TOKEN=empty)
        assert (said.status, said.slug) == (2, "no_token")
