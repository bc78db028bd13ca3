"""A21: a key file whose public half is somebody else's.

Signing with one key's seed and another's public half leaks the seed in two signatures, and a file that names the
victim's DID could be taken for his. Only the seed in a file counts: everything else is derived from it again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.core.errors import AuthError, StorageError
from kanoniv_auth.core.keys import KeyPair, did_key, parse_secret
from tests.advisories.attacker import BOB, MALLORY, ROOT, Key
from tests.advisories.terminal import Terminal


def key_file(secret: Key, claimed: Key) -> str:
    return json.dumps(
        {
            "did": claimed.did,
            "public_key": claimed.public.hex(),
            "private_key": secret.seed.hex(),
            "created_at": "2026-01-01T00:00:00Z",
        }
    )


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)
    return path


def test_the_public_half_in_a_file_is_ignored() -> None:
    key = parse_secret(key_file(MALLORY, ROOT))
    assert (key.public, key.did) == (MALLORY.public, MALLORY.did)
    assert key.sign(b"message") == MALLORY.sign(b"message")


def test_a_pair_cannot_be_made_from_two_halves() -> None:
    with pytest.raises(TypeError):
        KeyPair(MALLORY.seed, ROOT.public)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        KeyPair(MALLORY.seed).public = ROOT.public


def test_a_root_file_that_claims_the_victims_did(home: Path) -> None:
    write(home / "root.key", key_file(MALLORY, ROOT))
    token = kanoniv_auth.delegate(["deploy"], "1h")
    with pytest.raises(AuthError) as caught:
        kanoniv_auth.verify("deploy", token, root_did=ROOT.did)
    assert caught.value.slug == "untrusted_root"
    assert kanoniv_auth.verify("deploy", token, root_did=MALLORY.did).root_did == MALLORY.did


@pytest.fixture
def bobs_token(home: Path) -> str:
    """A token whose holder's key file was replaced: its name and its public half are Bob's, its seed is Mallory's."""
    write(home / "root.key", key_file(ROOT, ROOT))
    write(home / "keys" / f"{BOB.did.rpartition(':')[2]}.key", key_file(BOB, BOB))
    grant = kanoniv_auth.delegate(["deploy"], "1h", to=did_key(BOB.public))
    write(home / "keys" / f"{BOB.did.rpartition(':')[2]}.key", key_file(MALLORY, BOB))
    return grant


def test_an_agents_key_under_another_agents_name_signs_nothing(home: Path, bobs_token: str) -> None:
    with pytest.raises(StorageError, match="is not the key of") as signing:
        kanoniv_auth.sign("deploy", bobs_token)
    with pytest.raises(StorageError, match="is not the key of") as delegating:
        kanoniv_auth.delegate(["deploy"], parent=bobs_token)
    assert (signing.value.slug, delegating.value.slug) == ("storage", "storage")
    assert not (home / "receipts").exists()


def test_nor_does_the_command_line_accept_a_grant_with_it(
    home: Path, bobs_token: str, terminal: Terminal
) -> None:
    said = terminal.run("accept", bobs_token, KANONIV_HOME=str(home), KANONIV_ROOT_DID=ROOT.did)
    assert (said.status, said.slug) == (2, "storage")
    assert MALLORY.seed.hex() not in said.err + said.out
