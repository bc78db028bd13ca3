"""Two findings of an attack: an RSA key that took seconds to be refused, and a cache that threads could break."""

from __future__ import annotations

import sys
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.errors import KeyInvalid
from kanoniv_auth.core.keys import parse_secret
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.verification import verify
from tests.core.authority import AGENT, NOW, ROOTS, granted


def test_an_rsa_key_is_refused_by_its_size_before_it_is_loaded() -> None:
    """Loading one checks its primes: 13 seconds for RSA-8192."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(KeyInvalid, match=f"a PEM block of {len(pem.strip())} characters"):
        parse_secret(pem.decode("ascii"))


def test_threads_share_a_small_cache() -> None:
    tokens = [seal(granted("deploy", f"build{n}"), AGENT, now=NOW) for n in range(40)]
    cache, failed = Cache(4), list[BaseException]()

    def work() -> None:
        try:
            for token in tokens * 60:
                verify(
                    token, roots=ROOTS, audience=None, access=Access("deploy"), now=NOW,
                    once=None, revoked=None, cache=cache,
                )  # fmt: skip
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test says it
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert failed == []
    assert len(cache._tokens) <= 4
    assert len(cache._chains) <= 4


@pytest.mark.parametrize("limit", [0, -1])
def test_a_cache_keeps_something(limit: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Cache(limit)
