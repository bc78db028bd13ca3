"""The issuer stand-in, judged from outside: PyJWT and an HTTP client find in it what they would find at GitHub."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import jwt
import pytest

from tests.support.issuer import IssuerProcess


@pytest.fixture(scope="module")
def issuer() -> Iterator[IssuerProcess]:
    with IssuerProcess() as running:
        yield running


def ask(issuer: IssuerProcess, audience: str, bearer: str) -> str:
    address = issuer.runner["ACTIONS_ID_TOKEN_REQUEST_URL"]
    asked = urllib.request.Request(f"{address}&audience={urllib.parse.quote(audience, safe='')}")
    asked.add_header("Authorization", f"bearer {bearer}")
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return str(json.load(answer)["value"])


def test_the_runner_gets_a_token_that_the_published_key_verifies(issuer: IssuerProcess) -> None:
    issuer.reset()
    issuer.claims(environment="production")
    token = ask(issuer, "https://auth.example:did", issuer.request_token)
    key = jwt.PyJWKClient(f"{issuer.url}/.well-known/jwks").get_signing_key_from_jwt(token)
    audience, url = "https://auth.example:did", issuer.url
    claims = jwt.decode(token, key.key, algorithms=["RS256"], audience=audience, issuer=url)
    assert claims["environment"] == "production"
    assert claims["exp"] - claims["iat"] == claims["iat"] - claims["nbf"] == 300
    assert issuer.fetches() == 1


def test_without_the_request_token_there_is_none(issuer: IssuerProcess) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        ask(issuer, "x", "guessed")
    refused.value.close()


def test_a_rotated_key_signs_and_the_old_one_may_be_gone(issuer: IssuerProcess) -> None:
    issuer.reset()
    assert jwt.get_unverified_header(issuer.token("a"))["kid"] == "key-1"
    kid = issuer.rotate(keep=False)
    assert jwt.get_unverified_header(issuer.token("a"))["kid"] == kid
    assert [key["kid"] for key in issuer.keys()["jwks"]] == [kid]
