"""A29: input made to be expensive.

A megabyte, seventeen links, ten thousand dots, JSON nested to the interpreter's limit. The length is looked at
first, nothing is decompressed, and no input ends in a traceback or in an error of another kind.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from kanoniv_auth.core import sodium
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import AuthError, ChainTooDeep, TokenParseError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from tests.advisories.attacker import ALICE, NOW, ROOT, Links, envelope, envelope_payload, honest
from tests.advisories.verifier import (
    ACCEPTED,
    envelope_verdict,
    once_over,
    parent_verdict,
    receive,
    run,
    verdict,
)

TOKEN = honest().sealed()


def chain_of(length: int) -> Links:
    chain = Links()
    for _ in range(length):
        chain = chain.grow(ALICE)
    return chain


@pytest.fixture
def no_crypto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is hashed or checked fails the test."""

    def refuse(*args: object) -> None:
        pytest.fail("hashed or checked before the size was looked at")

    backend = sodium.Backend(refuse, refuse, refuse, refuse, refuse)  # type: ignore[arg-type]
    monkeypatch.setattr(sodium, "backend", backend)
    monkeypatch.setattr(sodium, "sha256", refuse)


@pytest.mark.parametrize(
    "text", ["kd2." + "A" * 16381, TOKEN + "A" * 16384, "x" * 10**6, "kd2." + "." * 10**6], ids=len
)
def test_longer_than_any_token(no_crypto: None, text: str) -> None:
    with pytest.raises(TokenParseError) as caught:
        run(text)
    assert caught.value.slug == "too_large"
    assert parent_verdict(text) == "too_large"


def test_the_longest_text_that_is_looked_at() -> None:
    assert verdict("kd2." + "A" * 16380) == "holder_unproven"
    assert verdict("kd2." + "A" * 16378 + "~s") == "parse"


def test_sixteen_links_and_no_more() -> None:
    assert verdict(chain_of(16).sealed()) == ACCEPTED
    assert verdict(chain_of(17).sealed(), after=[chain_of(16).sealed()]) == "too_deep"


def test_too_many_links_are_counted_before_any_is_read(no_crypto: None) -> None:
    for text in ("kd2." + ".".join("A" * 17), "kd2." + ".".join("A" * 8000) + "~sAAAA"):
        with pytest.raises(ChainTooDeep) as caught:
            run(text)
        assert caught.value.slug == "too_deep"


def test_our_issuer_stops_at_sixteen_links() -> None:
    key, chain = KeyPair.from_seed(ROOT.seed), None
    for _ in range(16):
        chain = hand_on(key, chain)
    with pytest.raises(ChainTooDeep) as caught:
        hand_on(key, chain)
    assert caught.value.slug == "too_deep"


def hand_on(
    key: KeyPair,
    parent: Chain | None,
    name: str | None = None,
    scopes: tuple[str, ...] = ("deploy",),
) -> Chain:
    return issue(
        key, key.public, parent=parent, scopes=scopes, now=NOW, ttl=60, entropy=bytes(16), name=name
    )


def test_our_issuer_makes_no_token_that_is_too_large() -> None:
    many = tuple(sorted(f"{'x' * 180}{n:02}" for n in range(64)))
    with pytest.raises(AuthError) as caught:
        hand_on(
            KeyPair.from_seed(ROOT.seed),
            hand_on(KeyPair.from_seed(ROOT.seed), None, scopes=many),
            scopes=many,
        )
    assert caught.value.slug == "too_large"


def largest_grant(key: KeyPair) -> Chain:
    for size in range(198, 100, -1):
        with suppress(TokenParseError):
            return hand_on(key, None, scopes=tuple(f"{'x' * size}{n:02}" for n in range(64)))
    pytest.fail("nothing can be granted")


def test_what_our_issuer_makes_has_room_for_the_longest_proof() -> None:
    """Else a root could sign a grant that its holder can never turn into a token."""
    key = KeyPair.from_seed(ROOT.seed)
    chain = largest_grant(key)
    assert len(chain.text) > 15_700
    token = seal(chain, key, now=NOW, audience="a" * 255)
    assert once_over(token, chain.scopes[0], audience="a" * 255) == ACCEPTED


NESTED = [
    b"[" * 8000,
    b'{"a":' * 1800,
    b'{"aud":' + b"[" * 4000 + b"]" * 4000 + b"}",
    b"[" * 4000 + b"]" * 4000,
    b'"' * 9000,
    b"\\" * 9000,
    b"9" * 9000,
]


@pytest.mark.parametrize("payload", NESTED, ids=lambda payload: payload[:8].decode())
def test_json_nested_to_the_interpreters_limit(payload: bytes) -> None:
    """In link 0, where the payload is read before its signature, and in one that is truly signed."""
    assert verdict(Links().append(bytes(64), payload, ALICE).sealed()) == "parse"
    assert verdict(Links().grow(ALICE).grow(ALICE, raw=payload).sealed()) == "parse"


@pytest.mark.parametrize(
    "payload",
    [b"[" * 40000, b'{"a":' * 9000, b'{"act":' + b"[" * 20000 + b"]" * 20000 + b"}"],
    ids=len,
)
def test_a_receipt_nested_to_the_interpreters_limit(payload: bytes) -> None:
    assert envelope_verdict(envelope(honest(), raw=payload)) == "parse"


def test_a_receipt_that_is_too_large(no_crypto: None) -> None:
    for text in ("kde2." + "A" * 65532, "kde2." + "~" * 10**6):
        with pytest.raises(TokenParseError) as caught:
            envelope_word(text)
        assert caught.value.slug == "too_large"


def envelope_word(text: str) -> None:
    receive(text)


def test_a_receipt_over_too_many_links() -> None:
    assert (
        envelope_verdict(envelope(chain_of(17), raw=envelope_payload(chain_of(17)))) == "too_deep"
    )
