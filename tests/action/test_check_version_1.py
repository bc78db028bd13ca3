"""The second action takes no version 1 token, however true it is: it holds a private key, and many read CI logs."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.errors import TokenParseError
from kanoniv_ci.check import _verified
from tests.advisories.attacker import BOB, NOW, ROOT
from tests.advisories.forge_v1 import honest, token


def test_it_is_refused_for_what_it_is() -> None:
    environ = {
        "INPUT_SCOPE": "deploy.staging",
        "INPUT_TOKEN": token(BOB, honest()),
        "INPUT_ROOT_DID": ROOT.did,
    }
    with pytest.raises(TokenParseError) as refusal:
        _verified(environ, NOW)
    assert refusal.value.slug == "unknown_version"
