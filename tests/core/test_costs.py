"""How many signatures are checked and made: what a benchmark would only show with noise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kanoniv_auth.core import sodium
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import prove, read_parent
from tests.core.authority import AGENT, NOW, PARENT, ROOT, ROOTS, ask, granted, key, passed_on
from tests.core.vector_files import TOKENS, check

NO_ARGS = sodium.sha256(b"")


class Counted:
    """A backend that counts."""

    def __init__(self, real: sodium.Backend) -> None:
        self.checks = self.signatures = 0
        self._real = real
        self.backend = sodium.Backend(
            real.sha256, real.public_key, self._sign, self._open, real.check_point
        )

    def _open(self, signed: bytes, public: bytes) -> None:
        self.checks += 1
        self._real.open_signed(signed, public)

    def _sign(self, seed: bytes, public: bytes, message: bytes) -> bytes:
        self.signatures += 1
        return self._real.sign(seed, public, message)

    def since(self) -> int:
        """Checks since the last call."""
        checks, self.checks = self.checks, 0
        return checks


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    counted = Counted(sodium.backend)
    monkeypatch.setattr(sodium, "backend", counted.backend)
    yield counted
    assert counted.backend is sodium.backend


def chain_of(links: int) -> Chain:
    chain, holder = granted("deploy", to=key("agent 0")), key("agent 0")
    for number in range(1, links):
        chain = passed_on(chain, holder, key(f"agent {number}"), "deploy")
        holder = key(f"agent {number}")
    return chain


@pytest.mark.parametrize("links", [1, 2, 4, 8, 16])
def test_cold_one_for_each_link_and_one_for_the_seal(links: int, counted: Counted) -> None:
    token = seal(chain_of(links), key(f"agent {links - 1}"), now=NOW)
    ask(token)
    assert counted.since() == links + 1
    cache = Cache()
    ask(token, cache=cache)
    assert counted.since() == links + 1
    ask(token, cache=cache)
    ask(token, "deploy.prod", cache=cache)
    prove(token, roots=ROOTS, audience=None, now=NOW, once=None, revoked=None, cache=cache)
    read_parent(token, roots=ROOTS, now=NOW, revoked=None, cache=cache)
    assert counted.since() == 0


@pytest.mark.parametrize("known", [1, 3, 7])
def test_two_for_a_new_link_on_a_known_prefix(known: int, counted: Counted) -> None:
    prefix = chain_of(known)
    cache = Cache()
    ask(seal(prefix, key(f"agent {known - 1}"), now=NOW), cache=cache)
    child = passed_on(prefix, key(f"agent {known - 1}"), AGENT, "deploy")
    counted.since()
    ask(seal(child, AGENT, now=NOW), cache=cache)
    assert counted.since() == 2


def test_one_for_a_new_seal_of_a_known_chain(counted: Counted) -> None:
    chain, cache = granted("deploy"), Cache()
    ask(seal(chain, AGENT, now=NOW), cache=cache)
    counted.since()
    ask(seal(chain, AGENT, now=NOW, audience="a"), cache=cache, audience="a")
    assert counted.since() == 1


def test_one_for_every_pop_on_a_known_chain(counted: Counted) -> None:
    chain, cache = chain_of(4), Cache()
    for number, checks in ((0, 5), (1, 1), (2, 1), (2, 1)):
        token = pop(
            chain, key("agent 3"), action="deploy", args_sha256=NO_ARGS, audience="", now=NOW,
            nonce=bytes([number]) * 16,
        )  # fmt: skip
        counted.since()
        ask(token, "deploy", cache=cache, once=lambda _key, _seconds: True)
        assert counted.since() == checks


def test_a_refusal_stops_at_its_place(counted: Counted) -> None:
    token = seal(chain_of(8), key("agent 7"), now=NOW)
    links = token.removeprefix("kd2.").partition("~")[0].split(".")
    for place in range(8):
        text = ("A" if links[place][0] != "A" else "B") + links[place][1:]
        forged = token.replace(links[place], text)
        with pytest.raises(AuthError):
            ask(forged)
        assert counted.since() == place + 1


def test_some_refusals_cost_no_signature(counted: Counted) -> None:
    token = seal(granted("deploy"), AGENT, now=NOW)
    for text in ("", "x" * 20000, "kd2." + "A" * 16000, token + "!", token.partition("~")[0]):
        with pytest.raises(AuthError):
            ask(text)
    for roots in (TrustedRoots(), TrustedRoots([AGENT.public])):
        with pytest.raises(AuthError):
            ask(token, roots=roots)
    assert counted.since() == 0


@pytest.mark.parametrize("vector", TOKENS[::7], ids=lambda v: v.id)
def test_no_vector_costs_more_than_its_links_and_proof(vector: object, counted: Counted) -> None:
    case = vector.case  # type: ignore[attr-defined]
    check(case)
    text = case["token"] if isinstance(case["token"], str) else ""
    assert counted.since() <= text.partition("~")[0].count(".") + 1


def test_issuing_signs_once(counted: Counted) -> None:
    chain = granted("deploy", to=PARENT)
    assert (counted.signatures, counted.checks) == (1, 0)
    passed_on(chain, PARENT, AGENT, "deploy")
    seal(chain, PARENT, now=NOW)
    assert (counted.signatures, counted.checks) == (3, 0)
    assert ROOT.public == chain.root
