"""Trusted roots: the first source that is there is the whole set; empty or malformed is an error, never a fallback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import AuthError, KeyPermissions, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.store import keystore, roots
from kanoniv_auth.store.home import Home

A, B, C = (KeyPair(bytes([i]) * 32) for i in (1, 2, 3))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a local root A and a pinned root B."""
    found = Home(str(tmp_path / "home"))
    keystore.create_root(found.root_key, A, 1, force=False)
    keystore.pin_local_root(found, A.public)
    pin(found, "partner", B.public.hex())
    return found


def pin(home: Home, label: str, text: str) -> Path:
    path = Path(home.trusted_roots) / f"{label}.pub"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_home_pins_its_own_root_and_the_others(home: Home) -> None:
    assert roots.trusted(home, {}, None) == TrustedRoots(keys=(A.public, B.public))


def test_the_environment_hides_the_home(home: Home) -> None:
    for environ in ({"KANONIV_ROOT_PUB": C.did_key}, {"KANONIV_ROOT_PUB": C.public.hex()}):
        assert roots.trusted(home, environ, None) == TrustedRoots(keys=(C.public,))
    assert roots.trusted(home, {"KANONIV_ROOT_DID": C.did}, None) == TrustedRoots(dids=(C.did,))
    two = roots.trusted(home, {"KANONIV_ROOT_DID": f"{C.did}, {B.did}\n"}, None)
    assert two == TrustedRoots(dids=(C.did, B.did))


def test_the_argument_hides_all(home: Home) -> None:
    argument = TrustedRoots(dids=(C.did,))
    assert roots.trusted(home, {"KANONIV_ROOT_DID": "nonsense"}, argument) is argument


def test_an_empty_argument_trusts_nothing(home: Home) -> None:
    assert roots.trusted(home, {"KANONIV_ROOT_DID": C.did}, TrustedRoots()) == TrustedRoots()


@pytest.mark.parametrize(
    "value", ["", " ", ",", "did:agent:xyz", "did:web:example.com", "zz", A.did + " zz"]
)
@pytest.mark.parametrize("name", ["KANONIV_ROOT_DID", "KANONIV_ROOT_PUB"])
def test_a_malformed_environment_is_an_error(home: Home, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        roots.trusted(home, {name: value}, None)


def test_two_variables_must_agree(home: Home) -> None:
    agreed = roots.trusted(home, {"KANONIV_ROOT_PUB": C.did_key, "KANONIV_ROOT_DID": C.did}, None)
    assert agreed == TrustedRoots(keys=(C.public,))
    with pytest.raises(UsageError, match="different roots"):
        roots.trusted(home, {"KANONIV_ROOT_PUB": C.did_key, "KANONIV_ROOT_DID": A.did}, None)


@pytest.mark.parametrize("text", ["", "zz", "é", "{}", "00" * 32, A.public.hex() + "00"])
def test_a_malformed_pin_is_an_error(home: Home, text: str) -> None:
    path = pin(home, "broken", text)
    with pytest.raises(StorageError, match=str(path)):
        roots.trusted(home, {}, None)


def test_a_pin_that_others_can_write_is_refused(home: Home) -> None:
    path = pin(home, "partner", B.public.hex())
    path.chmod(0o622)
    with pytest.raises(KeyPermissions):
        roots.trusted(home, {}, None)
    path.chmod(0o644)
    Path(home.trusted_roots).chmod(0o777)
    with pytest.raises(KeyPermissions):
        roots.trusted(home, {}, None)
    Path(home.trusted_roots).chmod(0o755)
    assert roots.trusted(home, {}, None)
    Path(home.path).chmod(0o775)
    with pytest.raises(KeyPermissions):
        roots.trusted(home, {}, None)


def test_nothing_at_all_is_an_empty_set(tmp_path: Path) -> None:
    assert roots.trusted(Home(str(tmp_path)), {}, None) == TrustedRoots()


def test_a_home_of_the_published_product_has_no_public_file(tmp_path: Path) -> None:
    home = Home(str(tmp_path))
    keystore.create_root(home.root_key, A, 1, force=False)
    assert roots.trusted(home, {}, None) == TrustedRoots(keys=(A.public,))


def test_a_root_key_put_there_by_hand_counts_and_the_old_pin_does_not(home: Home) -> None:
    keystore.create_root(home.root_key, C, 2, force=True)
    later = Path(home.local_pub).stat().st_mtime_ns + 1
    os.utime(home.root_key, ns=(later, later))
    assert roots.trusted(home, {}, None) == TrustedRoots(keys=(B.public, C.public))


def test_a_broken_root_key_is_never_a_silent_fallback(tmp_path: Path) -> None:
    home = Home(str(tmp_path))
    Path(home.root_key).write_text("nonsense")
    Path(home.root_key).chmod(0o600)
    with pytest.raises(AuthError):
        roots.trusted(home, {}, None)
