"""A root key in every form people paste; anything else says the length or form that was found, and not the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import KeyInvalid

KEY = ka.load_keys("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
DID = "did:agent:21fe31dfa154a261626bf854046fd227"
FORMS = {
    "hex": KEY.seed.hex(),
    "HEX": KEY.seed.hex().upper(),
    "base64": KEY.secret_text(),
    "unpadded": KEY.secret_text().rstrip("="),
    "base64url": b64u(KEY.seed),
    "newline": KEY.secret_text() + "\n",
    "key file": json.dumps(
        {"did": "x", "public_key": "y", "private_key": KEY.seed.hex()}, indent=2
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ka.load_keys(FORMS[form]).did == DID
    token = ka.delegate("build", root=FORMS[form])
    assert ka.verify("build", token, root_did=DID).root_did == DID
    monkeypatch.setenv("KANONIV_ROOT_KEY", FORMS[form])
    assert ka.verify("build", ka.delegate("build"), root_did=DID).root_did == DID
    (tmp_path / "key").write_text(FORMS[form])
    (tmp_path / "key").chmod(0o600)
    assert ka.load_root(tmp_path / "key") == KEY


def test_pem() -> None:
    pytest.importorskip("cryptography", reason="PEM needs the extra [ci], which is not installed")
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
        Ed25519PrivateKey,
    )

    pem = Ed25519PrivateKey.from_private_bytes(KEY.seed).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert ka.load_keys(pem.decode()) == KEY


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "empty"),
        ("00" * 31, "62 characters|46 bytes"),
        ("00" * 64, "64 bytes"),
        ("A" * 44, "33 bytes"),
        ("{}", "without a private_key"),
        ("did:key:z6Mk", "12 characters"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "PEM"),
        ("hunter2 hunter2", "characters|bytes"),
    ],
)
def test_anything_else(text: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANONIV_ROOT_KEY", text)
    with pytest.raises(KeyInvalid, match=found) as caught:
        ka.delegate("build")
    assert "KANONIV_ROOT_KEY" in str(caught.value)
    assert not text or text not in str(caught.value)
