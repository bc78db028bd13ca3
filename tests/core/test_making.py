"""What the library signs is, byte for byte, what the vectors' generator made by hand; and what it will not sign."""

from __future__ import annotations

from typing import Any

import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import bundle, issue, parse_bundle
from kanoniv_auth.core.errors import (
    AuthError,
    ChainTooDeep,
    KeyInvalid,
    ScopeViolation,
    TokenExpired,
    TokenParseError,
)
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import MAX_SEAL, pop, seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.core.token import MAX_TOKEN
from kanoniv_auth.core.verification import verify
from tests.core.authority import (
    AGENT,
    CHILD,
    NOW,
    PARENT,
    ROOT,
    ROOTS,
    ask,
    granted,
    key,
    passed_on,
)
from tests.core.vector_files import Vector, load
from vectors import forge

VALID = {vector.case["name"]: vector for vector in load("valid.json")}


def same(key: forge.Key) -> KeyPair:
    return KeyPair.from_seed(key.seed)


def by_library(links: int) -> tuple[Chain, KeyPair]:
    """The chains ONE, TWO and THREE of the generator."""
    holders = [forge.ROOT, forge.CI, forge.BUILDER, forge.HELPER]
    chain = None
    for number in range(links):
        scopes = ("deploy.staging", "test") if number == 0 else ("deploy.staging",)
        to = holders[number + 1]
        chain = issue(
            same(holders[number]), to.public, parent=chain, scopes=scopes, now=forge.ISSUED,
            ttl=forge.EXPIRES - forge.ISSUED, entropy=forge.from_b64u(forge.jti(to.hex)),
        )  # fmt: skip
    assert chain is not None
    return chain, same(holders[links])


@pytest.mark.parametrize(("links", "by_hand"), [(1, forge.ONE), (2, forge.TWO), (3, forge.THREE)])
def test_chains_seals_and_pops_are_the_same_bytes(links: int, by_hand: forge.Chain) -> None:
    chain, holder = by_library(links)
    assert chain.text == by_hand.grant
    assert [link.id for link in chain.links] == list(by_hand.ids)
    assert seal(chain, holder, now=NOW) == by_hand.seal()
    assert seal(chain, holder, now=NOW, audience="a.example", expires_at=NOW + 9) == by_hand.seal(
        NOW + 9, "a.example"
    )
    assert pop(
        chain, holder, action="deploy.staging", args_sha256=sha256(b"x"), audience="a", now=NOW,
        nonce=bytes(range(16)),
    ) == by_hand.pop(audience="a", args=b"x")  # fmt: skip


def test_the_committed_vector_is_that_token() -> None:
    vector: Vector = VALID["three links"]
    chain, holder = by_library(3)
    assert vector.case["token"] == seal(chain, holder, now=NOW)


def test_a_verified_token_says_what_it_is() -> None:
    chain = passed_on(granted("deploy", to=PARENT), PARENT, AGENT, "deploy.staging", ttl=60)
    proven = ask(seal(chain, AGENT, now=NOW, audience="a"), audience="a")
    assert proven.agent_did == AGENT.did
    assert proven.root_did == ROOT.did
    assert proven.scopes == ("deploy.staging",)
    assert proven.expires_at == proven.sealed_until == NOW + 60
    assert (proven.chain_depth, proven.audience) == (2, "a")
    assert proven.chain == chain
    assert ROOTS.keys == {ROOT.public}


FLAWS: list[tuple[type[AuthError], dict[str, Any]]] = [
    (ScopeViolation, {"scopes": ("prod",)}),
    (ScopeViolation, {"scopes": ("deploy.staging", "deployment")}),
    (TokenExpired, {"now": NOW + 3600}),
    (KeyInvalid, {"issuer": CHILD}),
    (KeyInvalid, {"delegate": b"\1" + bytes(31)}),
    (KeyInvalid, {"delegate": bytes(31)}),
    (TokenParseError, {"entropy": bytes(15)}),
    (TokenParseError, {"scopes": ()}),
    (TokenParseError, {"name": "CI agent"}),
    (TokenParseError, {"name": ""}),
    (TokenParseError, {"caveats": [("max_depth", "x")]}),
    (TokenParseError, {"caveats": [("context", "a")]}),
    (TokenParseError, {"now": -1}),
]


@pytest.mark.parametrize(("kind", "flaw"), FLAWS)
def test_what_is_not_signed(kind: type[AuthError], flaw: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "issuer": AGENT, "delegate": CHILD.public, "parent": granted("deploy"), "scopes": ("deploy",), "now": NOW,
        "ttl": 60, "entropy": bytes(16), **flaw,
    }  # fmt: skip
    with pytest.raises(kind):
        issue(values.pop("issuer"), values.pop("delegate"), **values)


PARENTS = granted("deploy", to=PARENT)
# what a caller might pass without having gone through `parse_scopes`, `parse_ttl` or `check_caveats`
UNREADABLE: list[dict[str, Any]] = [
    {"scopes": ("b", "a")},
    {"scopes": ("a", "a")},
    {"scopes": ("a b",)},
    {"scopes": ("*",)},
    {"scopes": ('deploy","prod',)},
    {"parent": PARENTS, "scopes": ('deploy.x","prod',)},
    {"scopes": tuple(f"s{n:02}" for n in range(65))},
    {"ttl": 0},
    {"ttl": -5},
    {"ttl": 2**60},
    {"caveats": [("context", f"k{n}", "v") for n in range(65)]},
    {"caveats": [("a\nb", 1)]},
]


@pytest.mark.parametrize("flaw", UNREADABLE, ids=lambda flaw: str(flaw)[:40])
def test_nothing_is_signed_that_no_verifier_takes(flaw: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "parent": None, "scopes": ("deploy",), "now": NOW, "ttl": 60, "entropy": bytes(16), **flaw,
    }  # fmt: skip
    issuer = PARENT if values["parent"] else ROOT
    with pytest.raises(TokenParseError):
        issue(issuer, AGENT.public, **values)


def test_no_seventeenth_link() -> None:
    chain, holder = granted("deploy"), AGENT
    for number in range(15):
        following = key(f"agent {number}")
        chain, holder = passed_on(chain, holder, following, "deploy"), following
    with pytest.raises(ChainTooDeep) as refusal:
        passed_on(chain, holder, CHILD, "deploy")
    assert refusal.value.facts == {"depth": 17, "limit": 16}


def test_no_link_beyond_max_depth() -> None:
    chain = granted("deploy", to=PARENT, caveats=[("max_depth", 1)])
    child = passed_on(chain, PARENT, AGENT, "deploy")
    with pytest.raises(ChainTooDeep) as refusal:
        passed_on(child, AGENT, CHILD, "deploy")
    assert refusal.value.facts == {"depth": 3, "limit": 2}


def test_no_token_that_is_too_large() -> None:
    chain = granted(*(f"{n:02}" + "x" * 190 for n in range(57)))
    with pytest.raises(TokenParseError) as refusal:
        passed_on(chain, AGENT, CHILD, *chain.scopes)
    assert refusal.value.slug == "too_large"


def test_whatever_is_issued_leaves_room_for_its_proof() -> None:
    largest, scopes = granted("deploy"), ["deploy"]
    with pytest.raises(TokenParseError, match="too large"):  # noqa: PT012 - its last turn
        while True:
            scopes.append(f"{len(scopes):02}" + "x" * 190)
            largest = granted(*scopes)
    assert len(largest.scopes) > 50
    token = seal(largest, AGENT, now=NOW, audience="a" * 255)
    assert len(token) <= MAX_TOKEN
    assert len(bundle(AGENT.seed, largest)) <= MAX_TOKEN


@pytest.mark.parametrize("moment", [float("nan"), NOW + 0.5, True])
def test_now_is_whole_seconds(moment: float) -> None:
    with pytest.raises(TypeError, match=r"^now is whole seconds$"):
        verify(
            seal(granted("deploy"), AGENT, now=NOW), roots=TrustedRoots([ROOT.public]), audience=None,
            access=Access("deploy"), now=moment, once=None, revoked=None, cache=None,  # type: ignore[arg-type]
        )  # fmt: skip


@pytest.mark.parametrize(
    "label", ["did:agent:ABC", "did:key:zabc", "", "21fe31dfa154a261626bf854046fd227"]
)
def test_a_retirement_that_would_end_nothing_is_refused(label: str) -> None:
    with pytest.raises(KeyInvalid):
        TrustedRoots([ROOT.public], retired={label: NOW})


def test_a_seal_is_within_its_chain() -> None:
    boundless = granted("deploy", ttl=None)
    assert ask(seal(boundless, AGENT, now=NOW), "deploy").sealed_until == NOW + MAX_SEAL
    longer = seal(boundless, AGENT, now=NOW, expires_at=NOW + 9 * MAX_SEAL)
    assert ask(longer, "deploy").sealed_until == NOW + MAX_SEAL
    for now, until in ((NOW + 3600, None), (NOW, NOW)):
        with pytest.raises(TokenExpired):
            seal(granted("deploy"), AGENT, now=now, expires_at=until)


def test_only_the_holder_proves() -> None:
    chain = granted("deploy")
    with pytest.raises(KeyInvalid):
        seal(chain, CHILD, now=NOW)
    for key_, nonce, digest, audience in (
        (CHILD, bytes(16), bytes(32), ""), (AGENT, bytes(15), bytes(32), ""),
        (AGENT, bytes(16), bytes(31), ""), (AGENT, bytes(16), bytes(32), "a b"),
    ):  # fmt: skip
        with pytest.raises(AuthError):
            pop(
                chain,
                key_,
                action="deploy",
                args_sha256=digest,
                audience=audience,
                now=NOW,
                nonce=nonce,
            )
    for audience in ("a b", "a" * 256, 'a"', "\u0430"):
        with pytest.raises(TokenParseError):
            seal(chain, AGENT, now=NOW, audience=audience)


@pytest.mark.parametrize("text", [
    "", "kdb2.", "kdb2.AAAA.x", "kd2.x", bundle(AGENT.seed, granted("deploy"))[1:], "kdb2." + "A" * 20000,
    "kdb2.!.x",
])  # fmt: skip
def test_what_is_no_bundle(text: str) -> None:
    with pytest.raises(AuthError):
        parse_bundle(text)
