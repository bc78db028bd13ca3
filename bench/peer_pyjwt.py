"""The worker for PyJWT with EdDSA: one signature over claims, no chain; what many use instead."""

from __future__ import annotations

import importlib
import importlib.metadata
import time
from functools import partial

from bench.worker import repeat, serve


def main() -> None:
    """Serve rounds."""
    jwt = importlib.import_module("jwt")
    ed25519 = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    private = ed25519.Ed25519PrivateKey.generate()
    now = int(time.time())
    claims = {
        "iss": "did:agent:21fe31dfa154a261626bf854046fd227",
        "sub": "did:agent:7f0b1e2d3c4b5a69788796a5b4c3d2e1",
        "scope": "deploy.staging",
        "iat": now,
        "exp": now + 14400,
        "jti": "0123456789abcdef0123456789abcdef",
    }
    issue = partial(jwt.encode, claims, private, algorithm="EdDSA")
    token = issue()
    verify = partial(
        jwt.decode,
        token,
        private.public_key(),
        algorithms=["EdDSA"],
        options={"require": ["exp", "iat", "iss"]},
    )
    facts = {"version": importlib.metadata.version("pyjwt"), "sizes": {"d1": len(token)}}
    serve({"cold1": repeat(verify), "issue": repeat(issue)}, facts)


if __name__ == "__main__":
    main()
