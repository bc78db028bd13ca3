"""A version 1 token, cut back to the parent's grant, where the parent's key lies in the verifier's own keystore.

Version 1 is the published product's JSON. Whoever holds a child cuts off its last link; a reader that looks for the
leaf's key "somewhere" finds the parent's on the machine where both were made, and takes it for proof. Version 1 is not
read at all here: whatever lies in the keystore, its tokens are refused for what they are.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kanoniv_auth
from tests.advisories.attacker import ALICE, BOB, ROOT, Key, b64
from tests.advisories.terminal import Terminal
from tests.advisories.verifier import parent_verdict, verdict, word_for


def link(issuer: Key, delegate: Key, *scopes: str) -> dict[str, object]:
    """A genuine link of version 1."""
    caveats = [{"type": "action_scope", "value": list(scopes)}]
    payload = {
        "caveats": caveats,
        "delegate_did": delegate.did,
        "issuer_did": issuer.did,
        "parent_hash": None,
    }
    signed: dict[str, object] = {
        "nonce": "0",
        "payload": payload,
        "signer_did": issuer.did,
        "timestamp": "2026-01-01T00:00:00.000Z",
    }
    message = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
    return {
        "issuer_did": issuer.did,
        "delegate_did": delegate.did,
        "issuer_public_key": list(issuer.public),
        "caveats": caveats,
        "parent_proof": None,
        "proof": {**signed, "signature": issuer.sign(message).hex()},
    }


def v1(holder: Key, scopes: list[str], *links: object, **more: object) -> str:
    fields = {"version": 1, "chain": links, "agent_did": holder.did, "scopes": scopes, **more}
    return b64(json.dumps(fields, separators=(",", ":")).encode())


PARENT, CHILD = link(ROOT, ALICE, "deploy"), link(ALICE, BOB, "deploy.staging")
TOKENS = {
    "whole": v1(BOB, ["deploy.staging"], PARENT, CHILD, agent_private_key=b64(BOB.seed)),
    "cut back": v1(ALICE, ["deploy"], PARENT),
    "cut back, with the child's key": v1(
        ALICE, ["deploy"], PARENT, agent_private_key=b64(BOB.seed)
    ),
    "cut back, with the parent's key": v1(
        ALICE, ["deploy"], PARENT, agent_private_key=b64(ALICE.seed)
    ),
    "says version 2": v1(ALICE, ["deploy"], PARENT, version=2),
}
every = pytest.mark.parametrize("token", TOKENS.values(), ids=list(TOKENS))


@pytest.fixture
def keystore(home: Path) -> Path:
    """A home with the keys of everybody in the chain, the root's too."""
    (home / "keys").mkdir(parents=True, mode=0o700)
    for key, path in ((ROOT, home / "root.key"), (ALICE, None), (BOB, None)):
        place = path or home / "keys" / f"{key.did.rpartition(':')[2]}.key"
        place.write_text(json.dumps({"private_key": key.seed.hex()}), encoding="ascii")
        place.chmod(0o600)
    return home


@every
def test_no_verifier_reads_it(token: str) -> None:
    assert verdict(token, "deploy") == "unknown_version"
    assert parent_verdict(token) == "unknown_version"
    assert verdict(f"kd2.{token}", "deploy") == "holder_unproven"
    assert verdict(f"kd2.{token}~s{token}", "deploy") == "parse"


@every
def test_whatever_is_in_the_keystore(keystore: Path, token: str) -> None:
    assert (
        word_for(lambda: kanoniv_auth.verify("deploy", token, root_did=ROOT.did))
        == "unknown_version"
    )
    assert word_for(lambda: kanoniv_auth.verify("deploy", token)) == "unknown_version"
    assert word_for(lambda: kanoniv_auth.sign("deploy", token)) == "unknown_version"
    assert word_for(lambda: kanoniv_auth.delegate(["deploy"], parent=token)) == "unknown_version"
    assert sorted(p.name for p in keystore.iterdir()) == ["keys", "root.key"]


def test_nor_does_the_command_line(keystore: Path, terminal: Terminal) -> None:
    token = TOKENS["cut back, with the parent's key"]
    for words in (
        ("verify", "-s", "deploy", "-t", token),
        ("exec", "-s", "deploy", "-t", token, "--", "touch", "ran"),
    ):
        said = terminal.run(*words, KANONIV_HOME=str(keystore))
        assert (said.status, said.slug) == (2, "unknown_version")
        assert b64(ALICE.seed) not in said.err + said.out
    assert not (terminal.place / "ran").exists()
