"""Receipts: one unbroken stream for each process, home and holder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.envelope import check_stream, make_envelope, verify_envelope
from kanoniv_auth.core.errors import SignatureInvalid, StorageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.store.home import Home
from kanoniv_auth.store.receipts import Streams

ROOT, AGENT = KeyPair(b"\1" * 32), KeyPair(b"\2" * 32)
ROOT_FOLDER = Path(__file__).parents[2]
NOW = 1_800_000_000
CHAIN = issue(
    ROOT, AGENT.public, parent=None, scopes=("build",), now=NOW, ttl=60, entropy=b"\0" * 16
)


def make(stream: bytes, seq: int, prev: bytes) -> str:
    return make_envelope(
        CHAIN, AGENT, action="build", target="", args_sha256=b"\0" * 32, result="success", facts={}, metadata={},
        stream=stream, seq=seq, prev=prev, now=NOW, nonce=b"\0" * 16,
    )  # fmt: skip


def test_a_stream_is_one_chain(tmp_path: Path) -> None:
    stream = Streams().of(Home(str(tmp_path)), AGENT.public)
    made = [stream.append(make) for _ in range(3)]
    kept = [path.read_text() for path in sorted((tmp_path / "receipts").iterdir())]
    assert kept == [text for text, _ in made]
    roots = TrustedRoots(keys=(ROOT.public,))
    envelopes = [verify_envelope(text, roots=roots, revoked=None) for text in kept]
    assert [envelope.id for envelope in envelopes] == [receipt_id for _, receipt_id in made]
    check_stream(envelopes)
    with pytest.raises(SignatureInvalid):
        check_stream([envelopes[0], envelopes[2]])


def test_streams_are_told_apart(tmp_path: Path) -> None:
    streams, home = Streams(), Home(str(tmp_path))
    assert streams.of(home, b"a") is streams.of(home, b"a")
    assert streams.of(home, b"a").id != streams.of(home, b"b").id
    assert streams.of(home, b"a").id != streams.of(Home(str(tmp_path / "other")), b"a").id


def test_a_forked_child_starts_its_own(tmp_path: Path) -> None:
    code = (
        "import os,sys\n"
        "from kanoniv_auth.store.home import Home\n"
        "from kanoniv_auth.store.receipts import Streams\n"
        "streams = Streams(); ours = streams.of(Home(sys.argv[1]), b'a').id\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(streams.of(Home(sys.argv[1]), b'a').id == ours)\n"
        "sys.exit(os.waitpid(child, 0)[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT_FOLDER, check=True)


def test_a_receipt_that_cannot_be_kept_leaves_no_gap(tmp_path: Path) -> None:
    stream = Streams().of(Home(str(tmp_path)), AGENT.public)
    (tmp_path / "receipts").write_text("in the way")
    with pytest.raises(StorageError):
        stream.append(make)
    (tmp_path / "receipts").unlink()
    assert ".00000000." in stream.reserve().path
