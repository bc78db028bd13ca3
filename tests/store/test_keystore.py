"""Key files: only `private_key` is trusted, a key is found by its DID, and both must agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import HolderUnproven, KeyInvalid, NoRootKey, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.store import keystore
from kanoniv_auth.store.home import Home, find_home

A, B = KeyPair(b"\1" * 32), KeyPair(b"\2" * 32)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(str(tmp_path / "home"))


def put(path: Path | str, text: str) -> str:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_root_key_has_the_published_shape(home: Home) -> None:
    keystore.create_root(home.root_key, A, 1_800_000_000, force=False)
    assert json.loads(Path(home.root_key).read_text()) == {
        "did": A.did,
        "public_key": A.public.hex(),
        "private_key": A.seed.hex(),
        "created_at": "2027-01-15T08:00:00Z",
    }
    assert keystore.read_root(home.root_key) == A


def test_the_published_products_own_file_is_read(home: Home) -> None:
    text = json.dumps(
        {"did": A.did, "public_key": A.public.hex(), "private_key": A.seed.hex()}, indent=2
    )
    assert keystore.read_root(put(home.root_key, text)) == A


def test_only_the_private_key_is_trusted(home: Home) -> None:
    text = json.dumps({"did": B.did, "public_key": B.public.hex(), "private_key": A.seed.hex()})
    assert keystore.read_root(put(home.root_key, text)) == A


@pytest.mark.parametrize(
    "form", [A.seed.hex(), A.secret_text(), A.secret_text().rstrip("=") + "\n"]
)
def test_plain_forms(home: Home, form: str) -> None:
    assert keystore.read_root(put(home.root_key, form)) == A


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "[]", '{"private_key":1}', '{"private_key":"ab"}', '{"private_key":"' + "g" * 64 + '"}', "é",
     '{"private_key":"' + "0" * 63 + '","x":"' + "0" * 64 + '"}'],
)  # fmt: skip
def test_anything_else_names_the_file_and_never_its_text(home: Home, text: str) -> None:
    with pytest.raises(KeyInvalid) as caught:
        keystore.read_root(put(home.root_key, text))
    assert home.root_key in str(caught.value)
    assert "0" * 60 not in str(caught.value)


def test_no_root_key(home: Home) -> None:
    with pytest.raises(NoRootKey) as caught:
        keystore.read_root(home.root_key)
    assert caught.value.facts == {"path": home.root_key}


def test_force_keeps_the_old_one(home: Home) -> None:
    keystore.create_root(home.root_key, A, 1, force=False)
    with pytest.raises(FileExistsError):
        keystore.create_root(home.root_key, B, 2, force=False)
    assert keystore.read_root(home.root_key) == A
    kept = keystore.create_root(home.root_key, B, 2, force=True)
    assert kept is not None
    assert keystore.read_root(kept) == A
    assert keystore.read_root(home.root_key) == B


def test_an_agents_key_is_found_by_did_and_must_be_the_one(home: Home) -> None:
    keystore.save_agent_key(home, A, 1)
    keystore.save_agent_key(home, A, 2)
    assert keystore.find_agent_key(home, A.public, A.did) == A
    assert keystore.find_agent_key(home, B.public, B.did) is None
    with pytest.raises(HolderUnproven):
        keystore.holder_key(home, B.public, B.did)
    Path(home.key(A.did)).rename(home.key(B.did))
    with pytest.raises(StorageError, match="is not the key of"):
        keystore.find_agent_key(home, B.public, B.did)


def test_no_key_in_a_repr() -> None:
    assert A.seed.hex() not in repr(A)
    assert A.secret_text() not in repr(A)


@pytest.mark.parametrize("value", ["", "  ", "a\0b"])
def test_an_empty_home_is_an_error_and_not_another_home(value: str) -> None:
    with pytest.raises(UsageError):
        find_home({"KANONIV_HOME": value})
    assert find_home({}).path == str(Path.home() / ".kanoniv")
