"""One root key in every form people paste: the same root each time."""

from __future__ import annotations

import base64
import json
import textwrap

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.action.step import KEY, ROOT_DID, SEED, Job

_PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)


def pem(form: serialization.PrivateFormat) -> str:
    return _PRIVATE.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


FORMS = {
    "base64": KEY,
    "unpadded": KEY.rstrip("="),
    "base64url": base64.urlsafe_b64encode(SEED).decode(),
    "base64url-unpadded": base64.urlsafe_b64encode(SEED).decode().rstrip("="),
    "hex": SEED.hex(),
    "HEX": SEED.hex().upper(),
    "newline": KEY + "\n",
    "pkcs8": pem(serialization.PrivateFormat.PKCS8),
    "openssh": pem(serialization.PrivateFormat.OpenSSH),
    "key-file": json.dumps({"did": ROOT_DID, "private_key": KEY}),
    "key-file-indented": json.dumps({"private_key": SEED.hex(), "public_key": "00" * 32}, indent=2),
    "wrapped": "\n".join(textwrap.wrap(KEY, 20)),
}


@pytest.mark.parametrize("form", FORMS)
def test_form(job: Job, form: str) -> None:
    minted = job.mint(root_key=FORMS[form])
    assert minted.exit == 0, minted.stdout
    assert minted.outputs["root_did"] == ROOT_DID
