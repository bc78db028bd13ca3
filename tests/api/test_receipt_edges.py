"""At the edges: clock skew, a stream that somebody else uses too, one receipt given twice, old roots kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.api.auditing import audit
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.envelope import FIRST, make_envelope
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.store.home import find_home
from kanoniv_auth.store.keystore import create_root, save_agent_key


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyPair:
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    for name in ("KANONIV_TOKEN", "KANONIV_ROOT_DID", "KANONIV_ROOT_PUB", "KANONIV_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)
    return kanoniv_auth.init_root()


def token_of(root: KeyPair, agent: KeyPair, iat: int) -> str:
    chain = issue(
        root, agent.public, parent=None, scopes=("deploy",), now=iat, ttl=600, entropy=bytes(16)
    )
    save_agent_key(find_home(os.environ), agent, iat)
    return seal(chain, agent, now=iat)


def test_a_receipt_made_within_the_clock_skew_can_be_audited(root: KeyPair) -> None:
    token = token_of(root, KeyPair(b"a" * 32), int(time.time()) + 25)
    assert [e.action for e in audit([kanoniv_auth.sign("deploy", token)])] == ["deploy"]


def test_another_holders_envelope_under_our_stream_id_spoils_nothing(root: KeyPair) -> None:
    ours = kanoniv_auth.sign("deploy", token_of(root, KeyPair(b"a" * 32), int(time.time())))
    stream = audit([ours])[0].stream
    eve, now = KeyPair(b"e" * 32), int(time.time())
    chain = issue(
        root, eve.public, parent=None, scopes=("deploy",), now=now, ttl=9, entropy=bytes(16)
    )
    theirs = make_envelope(
        chain, eve, action="deploy", target="", args_sha256=bytes(32), result="success", facts={},
        metadata={}, stream=stream, seq=0, prev=FIRST, now=now, nonce=bytes(16),
    )  # fmt: skip
    assert len(audit([ours, theirs])) == 2


def test_one_receipt_given_twice_is_one(root: KeyPair) -> None:
    receipt = kanoniv_auth.sign("deploy", token_of(root, KeyPair(b"a" * 32), int(time.time())))
    assert len(audit([receipt, receipt])) == 1


def test_an_empty_audience_is_no_name(root: KeyPair) -> None:
    token = token_of(root, KeyPair(b"a" * 32), int(time.time()))
    with pytest.raises(kanoniv_auth.AuthError, match="audience is empty"):
        kanoniv_auth.verify("deploy", token, audience="")


def test_forcing_twice_in_one_second_keeps_both_old_roots(tmp_path: Path) -> None:
    path = str(tmp_path / "root.key")
    keys = [KeyPair(bytes([n]) * 32) for n in range(3)]
    for key in keys:
        create_root(path, key, 1_795_324_805, force=True)
    found = [file.read_text() for file in tmp_path.iterdir()]
    assert all(any(key.seed.hex() in text for text in found) for key in keys)


def test_no_receipt_under_links_that_end_before_they_begin(root: KeyPair) -> None:
    """A holder's own links, one from the future and one that ends before it: no moment lies in both."""
    now, agent = int(time.time()), KeyPair(b"a" * 32)
    chain = issue(
        root, agent.public, parent=None, scopes=("deploy",), now=now, ttl=600, entropy=bytes(16)
    )
    chain = issue(
        agent,
        agent.public,
        parent=chain,
        scopes=("deploy",),
        now=now + 25,
        ttl=60,
        entropy=bytes(16),
    )
    chain = issue(
        agent, agent.public, parent=chain, scopes=("deploy",), now=now, ttl=15, entropy=bytes(16)
    )
    save_agent_key(find_home(os.environ), agent, now)
    with pytest.raises(kanoniv_auth.TokenExpired):
        kanoniv_auth.sign("deploy", seal(chain, agent, now=now))
