"""Root keys of the service: private files and the environment, and that neither is ever shown."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import KeyInvalid, KeyPermissions, NoRootKey, StorageError
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_server import signer
from tests.support.ledger import NOW, root

SEED = root(5).seed


def test_a_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    old = os.umask(0)
    try:
        made = signer.ensure_file(path, entropy=SEED, now=NOW)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.root == root(5).public
    assert signer.ensure_file(path, entropy=root(6).seed, now=NOW).root == made.root
    assert signer.from_file(path).root == made.root
    assert [one.name for one in tmp_path.iterdir()] == ["root.key"]


def test_of_many_at_once_one_makes_it(tmp_path: Path) -> None:
    path, roots = tmp_path / "root.key", []
    start = threading.Barrier(8)

    def make(seed: int) -> None:
        start.wait()
        roots.append(signer.ensure_file(path, entropy=root(seed).seed, now=NOW).root)

    threads = [threading.Thread(target=make, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 8
    assert set(roots) == {signer.from_file(path).root}
    assert [one.name for one in tmp_path.iterdir()] == ["root.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    signer.ensure_file(path, entropy=SEED, now=NOW)
    path.chmod(mode)
    with pytest.raises(KeyPermissions) as caught:
        signer.from_file(path)
    assert caught.value.facts["mode"] == mode
    with pytest.raises(KeyPermissions):
        signer.ensure_file(path, entropy=SEED, now=NOW)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    signer.ensure_file(path, entropy=SEED, now=NOW)
    os.chown(path, 12345, 0)
    with pytest.raises(StorageError, match="another user"):
        signer.from_file(path)


def test_what_is_no_key_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    with pytest.raises(NoRootKey):
        signer.from_file(path)
    for text in (
        b"",
        b"hunter2",
        b'{"private_key":"hunter2"}',
        b"\xff\xfehunter2",
        b"hunter2" * 4000,
    ):
        path.write_bytes(text)
        path.chmod(0o600)
        with pytest.raises(KeyInvalid) as caught:
            signer.from_file(path)
        assert "hunter2" not in f"{caught.value} {caught.value.facts}"
    with pytest.raises(StorageError):
        signer.from_file(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(StorageError, match="regular"):
        signer.from_file(tmp_path / "pipe")
    with pytest.raises(StorageError):
        signer.ensure_file(tmp_path / "missing" / "root.key", entropy=SEED, now=NOW)


def test_the_environment_has_a_key_or_none() -> None:
    found = signer.from_environment({signer.VARIABLE: root(5).secret_text()})
    assert found is not None
    assert found.root == root(5).public
    assert signer.from_environment({}) is None
    for text in ("", " ", "hunter2", "hunter2" * 9):
        with pytest.raises(KeyInvalid) as caught:
            signer.from_environment({signer.VARIABLE: text})
        assert "hunter2" not in f"{caught.value} {caught.value.facts}"


def test_a_signer_signs_and_does_not_show_its_key() -> None:
    one = signer.LocalSigner(root(5))
    text = one.sign_list(seq=3, now=NOW, ids=[bytes(32)], keys=())
    assert (read_list(text).root, read_list(text).seq) == (root(5).public, 3)
    key, parent = one.issuer(NOW)
    assert (key.public, parent) == (one.root, None)
    assert SEED.hex() not in repr(one)
    assert repr(SEED) not in repr(one)
