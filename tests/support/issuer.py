"""The test's end of a loopback OIDC issuer that speaks as GitHub's does: starts it as a process, tells it what to do.

Not the issuer itself (`issuer_server`). Its tokens are real RS256 tokens with GitHub's claims; `forge` makes those
that are signed over exactly the bytes a test wants.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from tests.support.told import Told

REPOSITORY, REPOSITORY_ID, OWNER, OWNER_ID = "octo-org/app", "123456", "octo-org", "7654321"
WORKFLOW = f"{REPOSITORY}/.github/workflows/deploy.yml@refs/heads/main"


def github_claims(issuer: str, audience: str, now: int, **changes: Any) -> dict[str, Any]:
    """The claims of a push to main, as GitHub writes them (`nbf` 300 s early). changes: None takes a claim away."""
    claims: dict[str, Any] = {
        "jti": str(uuid.uuid4()),
        "sub": f"repo:{OWNER}@{OWNER_ID}/app@{REPOSITORY_ID}:ref:refs/heads/main",
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now - 300,
        "exp": now + 300,
        "actor": "octocat",
        "actor_id": "583231",
        "base_ref": "",
        "check_run_id": "55501",
        "event_name": "push",
        "head_ref": "",
        "job_workflow_ref": WORKFLOW,
        "job_workflow_sha": "0123456789abcdef0123456789abcdef01234567",
        "ref": "refs/heads/main",
        "ref_protected": "true",
        "ref_type": "branch",
        "repository": REPOSITORY,
        "repository_id": REPOSITORY_ID,
        "repository_owner": OWNER,
        "repository_owner_id": OWNER_ID,
        "repository_visibility": "private",
        "run_attempt": "1",
        "run_id": "9876543210",
        "run_number": "42",
        "runner_environment": "github-hosted",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "workflow": "deploy",
        "workflow_ref": WORKFLOW,
        "workflow_sha": "0123456789abcdef0123456789abcdef01234567",
    }
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


class IssuerProcess(Told):
    """One issuer. url: the `iss` of its tokens; its JWKS lie below · request_token: what the runner asks with."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        options = ("--host", host, "--port", str(port))
        super().__init__("the issuer", "tests.support.issuer_server", *options)
        self.url, self.request_token = str(self.said["url"]), str(self.said["request_token"])

    @property
    def runner(self) -> dict[str, str]:
        """What GitHub's runner sets in a job with `id-token: write`; the address has a query already."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.request_token,
        }

    def token(self, audience: str, *, now: int | None = None, **changes: Any) -> str:
        """A token as this issuer signs it. now: unix seconds · changes: claims, None takes one away."""
        at = int(time.time()) if now is None else now
        return self.forge(github_claims(self.url, audience, at, **changes))

    def forge(
        self,
        claims: dict[str, Any] | str,
        header: dict[str, Any] | str | None = None,
        kid: str | None = None,
    ) -> str:
        """A true signature over any header and payload; text is signed as it is. kid: whose, None the newest."""
        if header is None:
            header = {"typ": "JWT", "alg": "RS256", "kid": kid or self.keys()["newest"]}
        texts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
        return str(self._do("sign", header=texts[0], payload=texts[1], kid=kid)["token"])

    def claims(self, **claims: Any) -> None:
        """What tokens of the runner's endpoint say from now on, beside what a push to main says."""
        self._do("claims", claims=claims)

    def rotate(self, *, keep: bool = True) -> str:
        """A new key signs; its kid. keep: the old ones stay published."""
        return str(self._do("rotate", keep=keep)["kid"])

    def key(self, kid: str, *, bits: int = 2048, published: bool = True) -> str:
        """One more key, which signs when it is named."""
        return str(self._do("key", kid=kid, bits=bits, published=published)["kid"])

    def publish(self, jwk: Any) -> None:
        """One more entry of the JWKS, whatever it is."""
        self._do("publish", jwk=jwk)

    def serve(self, how: str, *, seconds: float = 0, to: str = "") -> None:
        """How the JWKS endpoint answers: well, dead, junk, redirect (to), big, flood, empty, error; after seconds."""
        self._do("serve", **{"as": how}, seconds=seconds, to=to)

    def fetches(self) -> int:
        """How often the JWKS were asked for since the last reset."""
        return int(self._do("fetches")["fetches"])

    def keys(self) -> dict[str, Any]:
        """newest: kid · pem: public key of each kid · jwks: what is published."""
        said: dict[str, Any] = self._do("keys")
        return said

    def reset(self) -> None:
        """The first key alone again, no fetches, no faults."""
        self._do("reset")

    def __enter__(self) -> IssuerProcess:
        return self
