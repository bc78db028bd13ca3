"""The request to end one's own links is about just these, in no order, and nothing else is the same request."""

from __future__ import annotations

import hashlib
import json
from itertools import combinations

import pytest

from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.own_revocation import ACTION, own_revocation
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.token import VerifiedToken
from kanoniv_auth.core.verification import prove
from tests.core.authority import AGENT, NOW, ROOTS, granted

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 200))
CHAIN = granted("deploy")


def test_what_is_hashed() -> None:
    asked = own_revocation([THREE, ONE])
    # client and service may be of different releases: docs/explanation/keyless.md
    text = json.dumps({"ids": [ONE.hex(), THREE.hex()]}, separators=(",", ":")).encode()
    tagged = b"kanoniv-auth/2 own revocation\0" + text
    assert (asked.action, asked.args_sha256) == ("kanoniv.revoke", hashlib.sha256(tagged).digest())
    assert (asked.context, asked.resource, asked.cost) == ({}, None, None)


def test_the_same_set_is_the_same_request_and_another_is_not() -> None:
    assert (
        own_revocation([ONE, TWO]) == own_revocation((TWO, ONE, TWO)) == own_revocation({ONE, TWO})
    )
    every = [own_revocation(ids) for n in (1, 2, 3) for ids in combinations((ONE, TWO, THREE), n)]
    assert len({asked.args_sha256 for asked in every}) == len(every) == 7


def popped(*ids: bytes, **flaw: object) -> str:
    asked = own_revocation(ids)
    values = {
        "action": ACTION, "args_sha256": asked.args_sha256, "audience": "", "now": NOW, "nonce": bytes(16), **flaw,
    }  # fmt: skip
    return pop(CHAIN, AGENT, **values)  # type: ignore[arg-type]


def proven(token: str, *ids: bytes, spent: bool = False) -> VerifiedToken:
    return prove(
        token, roots=ROOTS, audience=None, now=NOW, once=lambda *_: not spent, revoked=None, cache=None,
        request=own_revocation(ids),
    )  # fmt: skip


def test_a_pop_proves_it_whatever_its_holder_may_do() -> None:
    assert proven(popped(ONE, TWO), TWO, ONE).chain == CHAIN
    for token, asked, spent, slug in (
        (popped(ONE), (TWO,), False, "bad_signature"),
        (popped(ONE), (ONE, TWO), False, "bad_signature"),
        (popped(ONE, action="deploy"), (ONE,), False, "bad_signature"),
        (popped(ONE, now=NOW - 61), (ONE,), False, "proof_expired"),
        (popped(ONE), (ONE,), True, "replayed"),
    ):
        with pytest.raises(AuthError) as refusal:
            proven(token, *asked, spent=spent)
        assert refusal.value.slug == slug


def test_a_seal_proves_its_holder_and_no_request() -> None:
    """It is for whoever asks to see to it that it was a pop: a seal says nothing of what is asked."""
    assert proven(seal(CHAIN, AGENT, now=NOW), ONE).sealed_until is not None
