"""Forged, borrowed, old and odd tokens: each is refused, for its own reason, and the good one beside it is not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kanoniv_auth.core.errors import AuthError, OidcRefused, StorageError, TokenParseError
from kanoniv_server.domain.exchange import LONGEST_LIFE, OidcToken
from kanoniv_server.oidc.claims import LARGEST, check
from kanoniv_server.oidc.jwks import IssuerKeys
from tests.support.issuer import IssuerProcess, github_claims

AUDIENCE = "https://auth.example:did:agent:00112233445566778899aabbccddeeff"
NOW = int(time.time())


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def judge(issuer: IssuerProcess, token: str, *, now: int = NOW) -> OidcToken:
    issuers = {issuer.url: IssuerKeys(issuer.url)}
    return asyncio.run(check(token, issuers=issuers, audience=AUDIENCE, now=now))


def refused(issuer: IssuerProcess, token: str, failed: str, *, now: int = NOW) -> None:
    """Refused for just this, and what is said holds no piece of the token."""
    with pytest.raises(OidcRefused) as found:
        judge(issuer, token, now=now)
    assert found.value.facts["failed"] == failed
    assert not any(part in str(found.value) for part in token.split(".") if len(part) > 8)


def made(issuer: IssuerProcess, **changes: Any) -> str:
    return issuer.token(AUDIENCE, now=NOW, **changes)


def claims(issuer: IssuerProcess, **changes: Any) -> dict[str, Any]:
    return github_claims(issuer.url, AUDIENCE, NOW, **changes)


def unsigned(header: dict[str, Any], payload: dict[str, Any]) -> str:
    return f"{b64u(json.dumps(header).encode())}.{b64u(json.dumps(payload).encode())}"


def test_a_true_token_is_read_as_it_was_signed(issuer: IssuerProcess) -> None:
    token = judge(issuer, made(issuer, repo_property_tier="gold", sixteenth_year=[1, None]))
    assert (token.issuer, token.issued_at) == (issuer.url, NOW)
    assert re.fullmatch(r"[0-9a-f-]{36}", token.jti)
    assert token.claims["repository_id"] == "123456"
    assert token.claims["repo_property_tier"] == "gold"


# ------------------------------------------------------------------------------------------- algorithms and keys


def test_alg_none_is_refused(issuer: IssuerProcess) -> None:
    for name in ("none", "None", "nOnE", ""):
        text = unsigned({"alg": name, "kid": "key-1"}, claims(issuer))
        refused(issuer, f"{text}.{b64u(b'x')}", "alg")
        with pytest.raises(TokenParseError):
            judge(issuer, f"{text}.")


def test_the_public_key_as_a_shared_secret_is_refused(issuer: IssuerProcess) -> None:
    pem = issuer.keys()["pem"]["key-1"]
    jwk = json.dumps(issuer.keys()["jwks"][0])
    for secret in (pem, pem.strip(), jwk):
        for name, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
            text = unsigned({"alg": name, "typ": "JWT", "kid": "key-1"}, claims(issuer))
            mac = hmac.new(secret.encode(), text.encode(), digest).digest()
            refused(issuer, f"{text}.{b64u(mac)}", "alg")


def test_an_hmac_under_the_name_of_rs256_is_refused(issuer: IssuerProcess) -> None:
    text = unsigned({"alg": "RS256", "typ": "JWT", "kid": "key-1"}, claims(issuer))
    mac = hmac.new(issuer.keys()["pem"]["key-1"].encode(), text.encode(), hashlib.sha256).digest()
    refused(issuer, f"{text}.{b64u(mac)}", "signature")


def test_es256_and_pss_are_refused_with_keys_that_verify(issuer: IssuerProcess) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    x, y = (b64u(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    issuer.publish({"kty": "EC", "crv": "P-256", "kid": "ec", "x": x, "y": y})
    for name, failed in (("ES256", "alg"), ("RS256", "kid")):
        text = unsigned({"alg": name, "typ": "JWT", "kid": "ec"}, claims(issuer))
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        refused(issuer, f"{text}.{b64u(raw)}", failed)
    for name in ("PS256", "RS384", "RS512", "rs256", "EdDSA"):
        refused(issuer, issuer.forge(claims(issuer), {"alg": name, "kid": "key-1"}), "alg")


def test_a_key_of_the_tokens_own_is_refused(issuer: IssuerProcess) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    n = key.public_key().public_numbers().n
    jwk = {"kty": "RSA", "kid": "key-1", "n": b64u(n.to_bytes(256, "big")), "e": "AQAB"}
    for name, value in (
        ("jwk", jwk),
        ("jku", "https://evil.example/jwks"),
        ("x5u", "https://evil.example/cert"),
        ("x5c", ["MIIB"]),
        ("crit", ["exp"]),
        ("b64", False),
        ("zip", "DEF"),
    ):
        text = unsigned({"alg": "RS256", "kid": "key-1", name: value}, claims(issuer))
        raw = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        refused(issuer, f"{text}.{b64u(raw)}", name)
        # the issuer itself does not write these either
        header = {"alg": "RS256", "typ": "JWT", "kid": "key-1", name: value}
        refused(issuer, issuer.forge(claims(issuer), header), name)
    assert issuer.fetches() == 0


def test_another_key_under_a_known_kid_is_refused(issuer: IssuerProcess) -> None:
    issuer.key("stranger", published=False)
    header = {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    refused(issuer, issuer.forge(claims(issuer), header, kid="stranger"), "signature")
    refused(issuer, issuer.forge(claims(issuer), kid="stranger"), "kid")


def test_a_small_key_is_refused(issuer: IssuerProcess) -> None:
    issuer.key("small", bits=1024)
    refused(issuer, issuer.forge(claims(issuer), kid="small"), "kid")


def test_the_exponent_one_signs_for_everybody_and_is_refused(issuer: IssuerProcess) -> None:
    text = unsigned({"alg": "RS256", "typ": "JWT", "kid": "one"}, claims(issuer))
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    digest = prefix + hashlib.sha256(text.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
    n = issuer.keys()["jwks"][0]["n"]
    for exponent in ("AQ", "AAE", "Aw", "AAEAAQ", "AQABAQ", "AQAC", ""):
        issuer.reset()
        issuer.publish({"kty": "RSA", "kid": "one", "n": n, "e": exponent})
        refused(issuer, f"{text}.{b64u(padded)}", "kid")


@pytest.mark.parametrize("use", [{"use": "enc"}, {"alg": "RS512"}, {"alg": "none"}, {"kty": "oct"}])
def test_a_key_that_is_published_for_something_else_is_refused(
    issuer: IssuerProcess, use: dict[str, str]
) -> None:
    issuer.publish({**issuer.keys()["jwks"][0], "kid": "other", **use})
    header = {"alg": "RS256", "typ": "JWT", "kid": "other"}
    refused(issuer, issuer.forge(claims(issuer), header), "kid")


def test_a_kid_that_names_two_keys_names_none(issuer: IssuerProcess) -> None:
    issuer.key("twin")
    issuer.publish({**issuer.keys()["jwks"][0], "kid": "twin"})
    for kid in ("key-1", "twin"):
        header = {"alg": "RS256", "typ": "JWT", "kid": "twin"}
        refused(issuer, issuer.forge(claims(issuer), header, kid=kid), "kid")


def test_an_issuer_that_is_not_listed_is_refused_and_not_asked(issuer: IssuerProcess) -> None:
    with IssuerProcess() as other:
        theirs = other.token(AUDIENCE, now=NOW)
        refused(issuer, theirs, "iss")
        assert other.fetches() == 0
        # their signature under our issuer's name, and neighbours of its name
        refused(issuer, other.forge(claims(issuer)), "signature")
    for name in (f"{issuer.url}/", f"{issuer.url}/slug", issuer.url.upper(), issuer.url[:-1], ""):
        refused(issuer, made(issuer, iss=name), "iss")


# ------------------------------------------------------------------------------------------------------ claims


@pytest.mark.parametrize(
    "audience",
    [
        [AUDIENCE],
        [AUDIENCE, "https://other.example"],
        "https://auth.example:root-key",
        "https://auth.example",
        f"{AUDIENCE} ",
        AUDIENCE.upper(),
        AUDIENCE[:-1] + "0",
        f"https://other.example:{AUDIENCE[21:]}",
        "",
        None,
        {"a": AUDIENCE},
        True,
    ],
)
def test_a_wrong_audience_is_refused(issuer: IssuerProcess, audience: Any) -> None:
    refused(issuer, made(issuer, aud=audience), "aud")


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", [None, "1767225600", True, 1.5, 1.8e9, [NOW], {}, -1, 2**53 + 1, 10**30]
)
def test_a_time_that_is_no_whole_number_is_refused(
    issuer: IssuerProcess, name: str, value: Any
) -> None:
    refused(issuer, made(issuer, **{name: value}), name)


def test_null_is_no_time(issuer: IssuerProcess) -> None:
    text = json.dumps({**claims(issuer), "exp": None})
    refused(issuer, issuer.forge(text), "exp")


def test_expired_is_refused_from_a_minute_after(issuer: IssuerProcess) -> None:
    token = made(issuer)
    judge(issuer, token, now=NOW + 300 + 59)
    refused(issuer, token, "exp", now=NOW + 300 + 60)


def test_the_future_is_refused_from_a_minute_before(issuer: IssuerProcess) -> None:
    judge(issuer, made(issuer, nbf=NOW + 60))
    refused(issuer, made(issuer, nbf=NOW + 61), "nbf")
    judge(issuer, made(issuer, iat=NOW + 60))
    refused(issuer, made(issuer, iat=NOW + 61), "iat")
    refused(issuer, made(issuer), "iat", now=NOW - 61)


def test_a_long_life_is_refused(issuer: IssuerProcess) -> None:
    judge(issuer, made(issuer, exp=NOW + LONGEST_LIFE))
    refused(issuer, made(issuer, exp=NOW + LONGEST_LIFE + 1), "exp")
    refused(issuer, made(issuer, iat=NOW - 3600), "exp")


def test_bounds_that_contradict_each_other_are_refused(issuer: IssuerProcess) -> None:
    refused(issuer, made(issuer, iat=NOW + 30, exp=NOW + 30), "exp")
    refused(issuer, made(issuer, iat=NOW - 100, nbf=NOW + 10, exp=NOW + 10), "exp")


@pytest.mark.parametrize("jti", [None, "", 7, ["a"], "a" * 257, "a\nb", "a\u202eb", True])
def test_an_id_that_cannot_be_remembered_is_refused(issuer: IssuerProcess, jti: Any) -> None:
    refused(issuer, made(issuer, jti=jti), "jti")


@pytest.mark.parametrize("kid", [None, "", 1, ["key-1"], "k" * 257, True])
def test_a_kid_that_is_no_name_is_refused_and_nobody_is_asked(
    issuer: IssuerProcess, kid: Any
) -> None:
    header = {"alg": "RS256", "typ": "JWT", "kid": kid}
    refused(issuer, issuer.forge(claims(issuer), header), "kid")
    assert issuer.fetches() == 0


@pytest.mark.parametrize("kind", ["jwt", "at+jwt", "", 1, None, ["JWT"]])
def test_another_type_is_refused(issuer: IssuerProcess, kind: Any) -> None:
    header = {"alg": "RS256", "typ": kind, "kid": "key-1"}
    refused(issuer, issuer.forge(claims(issuer), header), "typ")


def test_no_type_is_a_jwt(issuer: IssuerProcess) -> None:
    judge(issuer, issuer.forge(claims(issuer), {"alg": "RS256", "kid": "key-1"}))


# -------------------------------------------------------------------------------------------------------- form


def test_a_name_that_stands_twice_is_refused(issuer: IssuerProcess) -> None:
    text = json.dumps(claims(issuer))
    for name in ("aud", "repository_id", "exp"):
        value = json.dumps(claims(issuer)[name])
        twice = text[:-1] + f', "{name}": {value}}}'
        with pytest.raises(TokenParseError, match="strict JSON"):
            judge(issuer, issuer.forge(twice))
    deep = text[:-1] + ', "more": {"a": 1, "a": 2}}'
    with pytest.raises(TokenParseError, match="strict JSON"):
        judge(issuer, issuer.forge(deep))
    header = '{"alg":"none","typ":"JWT","kid":"key-1","alg":"RS256"}'
    with pytest.raises(TokenParseError, match="strict JSON"):
        judge(issuer, issuer.forge(text, header))


@pytest.mark.parametrize(
    "payload",
    ["[]", "null", '"text"', "7", "", "{", "{} {}", '{"a":NaN}', '{"a":Infinity}', "[" * 5000,
     '{"a":' * 2000, '{"exp":' + "9" * 5000 + "}", "\ufeff{}"],
)  # fmt: skip
def test_what_is_no_object_is_refused(issuer: IssuerProcess, payload: str) -> None:
    with pytest.raises(TokenParseError):
        judge(issuer, issuer.forge(payload))


def test_a_token_of_ten_megabytes_is_refused_before_it_is_read(issuer: IssuerProcess) -> None:
    begun = time.perf_counter()
    for text in ("a." + "b" * 10_000_000, "." * 10_000_000, "[" * 10_000_000, "A" * (LARGEST + 1)):
        with pytest.raises(TokenParseError) as found:
            judge(issuer, text)
        assert found.value.slug == "too_large"
    assert time.perf_counter() - begun < 0.5


def test_other_spellings_of_a_signed_token_are_refused(issuer: IssuerProcess) -> None:
    token = made(issuer)
    header, payload, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 256 bytes end with four unused bits: another last letter is the same signature to a loose reader
    twin = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    for text in (
        f"{header}.{payload}.{twin}",
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}.{signature}\n",
        f" {token}",
        f"{header}.{payload}\n.{signature}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}..{signature}",
        token.replace("_", "/").replace("-", "+") + "+",
        f"{header}.{payload}",
        "",
        "é.é.é",
        "\ud800.a.b",
    ):
        with pytest.raises(TokenParseError) as found:
            judge(issuer, text)
        assert found.value.slug == "parse"


def test_every_byte_of_the_signed_text_counts(issuer: IssuerProcess) -> None:
    token = made(issuer)
    keys = {issuer.url: IssuerKeys(issuer.url)}

    async def all_of_them() -> int:
        count = 0
        for at in range(0, len(token), 7):
            changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
            try:
                await check(changed, issuers=keys, audience=AUDIENCE, now=NOW)
            except (OidcRefused, TokenParseError, StorageError):
                count += 1
        return count

    assert asyncio.run(all_of_them()) == len(range(0, len(token), 7))


def test_a_refusal_is_one_of_ours_whatever_is_sent(issuer: IssuerProcess) -> None:
    for text in ("..", "a.b.c", "e30.e30.e30", b64u(b"{}") + "." + b64u(b"\xff") + ".AA"):
        with pytest.raises(AuthError):
            judge(issuer, text)
