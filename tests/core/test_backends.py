"""Both bindings to libsodium, and the second reader's guard, against Wycheproof and speccheck (A17)."""

from __future__ import annotations

import builtins
import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest

from kanoniv_auth.core import sodium
from kanoniv_auth.core.keys import KeyPair
from tests.core import second_reader
from tests.core.vector_files import ROOT

DATA = ROOT.parent / "shared" / "data"


def data(name: str) -> Any:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"skipped: {name} is not beside this checkout (in ../shared/data)")
    return json.loads(path.read_text(encoding="utf-8"))


def opens(backend: sodium.Backend) -> Callable[[bytes, bytes, bytes], bool]:
    def holds(key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            backend.open_signed(signature + message, key)
        except sodium.BadSignature:
            return False
        return True

    return holds


def reads(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        second_reader.check(key, signature, message)
    except second_reader.Refused:
        return False
    return True


CHECKS = {
    "private": opens(sodium.private_binding()),
    "public": opens(sodium.public_binding()),
    "second reader": reads,
}


@pytest.mark.parametrize("name", CHECKS)
def test_wycheproof(name: str) -> None:
    table = data("wycheproof-ed25519.json")
    wrong, count = [], 0
    for group in table["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            count += 1
            signature, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            # a link's signature is cut off at 64 bytes before it gets here
            holds = len(signature) == 64 and CHECKS[name](key, signature, message)
            if holds != (test["result"] == "valid"):
                wrong.append(test["tcId"])
    assert (wrong, count) == ([], 151)


@pytest.mark.parametrize("name", CHECKS)
def test_speccheck(name: str) -> None:
    rows = data("ed25519-speccheck.json")
    verified = [
        number
        for number, row in enumerate(rows)
        if CHECKS[name](*(bytes.fromhex(row[part]) for part in ("pub_key", "signature", "message")))
    ]
    assert (verified, len(rows)) == ([3], 12)


@pytest.mark.parametrize("make", [sodium.private_binding, sodium.public_binding])
def test_the_bindings_make_the_same(make: Callable[[], sodium.Backend]) -> None:
    backend = make()
    seed = bytes(range(32))
    public = backend.public_key(seed)
    assert public == KeyPair(seed).public
    for message in (b"", b"a", bytes(5000)):
        assert backend.sign(seed, public, message) == KeyPair(seed).sign(message)
        assert backend.sha256(message) == sodium.sha256(message)
        backend.open_signed(backend.sign(seed, public, message) + message, public)
    backend.check_point(public)
    for bad in (bytes(32), b"\1" + bytes(31), b"\xff" * 32, b"\2" + bytes(31)):
        with pytest.raises(sodium.BadPoint):
            backend.check_point(bad)


def test_without_the_private_binding_the_public_one_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "nacl._sodium":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    spec = importlib.util.find_spec("kanoniv_auth.core.sodium")
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(builtins, "__import__", absent)
    spec.loader.exec_module(fresh)
    assert fresh.backend.sign.__qualname__.startswith("public_binding")
    assert sodium.backend.sign.__qualname__.startswith("private_binding")
