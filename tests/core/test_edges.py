"""Edges: limits that are reached and not passed, orders that only one comparison gives, and what people see printed."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import pickle
import sys
from collections.abc import Callable

import pytest

from kanoniv_auth.core import delegation, encoding, envelope, errors, exchange, sodium
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.caveats import MAX_CAVEATS, check_caveats, order
from kanoniv_auth.core.chain import Chain, Link
from kanoniv_auth.core.durations import format_ttl
from kanoniv_auth.core.envelope import envelope_view, make_envelope, verify_envelope
from kanoniv_auth.core.errors import CaveatViolation
from kanoniv_auth.core.keys import KeyPair, parse_public, parse_secret, short_did
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.scopes import MAX_SCOPES, parse_scopes
from kanoniv_auth.core.token import fingerprint
from kanoniv_auth.core.value import Value
from tests.core.authority import AGENT, CHILD, NOW, PARENT, ROOT, ROOTS, ask, granted, passed_on


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "no expiry"), (0, "0s"), (1, "1s"), (59, "59s"), (60, "1m"), (90, "1m30s"), (3600, "1h"),
        (5400, "1h30m"), (14400, "4h"), (86399, "23h59m"), (86400, "1d"), (90061, "1d1h"), (86401, "1d1s"),
    ],
)  # fmt: skip
def test_a_duration_is_printed_in_its_two_largest_units(seconds: int | None, text: str) -> None:
    assert format_ttl(seconds) == text


def test_caveats_are_sorted_by_their_bytes_whatever_their_types() -> None:
    rows: list[tuple[str | int, ...]] = [("x", 9), ("x", 10), ("x", "a"), ("x",), ("x", 9)]
    assert order(rows) == [("x", "a"), ("x", 10), ("x", 9), ("x",)]
    two = granted("deploy", caveats=[("zone", 9), ("zone", 10), ("zone", "eu")])
    with pytest.raises(CaveatViolation) as refusal:
        ask(seal(two, AGENT, now=NOW), "deploy")
    assert refusal.value.facts == {"name": "zone"}


def test_as_many_caveats_as_there_may_be() -> None:
    rows = [("context", f"key-{number:02}", "v") for number in range(MAX_CAVEATS)]
    assert check_caveats(reversed(rows)) == tuple(rows)
    assert check_caveats(()) == ()


# ------------------------------------------------------------------------------------ values, errors


class Pair(Value):
    """A value as the tests need one, made while they run."""

    __slots__ = ("left", "right")

    left: object
    right: object

    def __init__(self, left: object, right: object) -> None:
        self._fill(left, right)


class Other(Value):
    """The same fields, another kind."""

    __slots__ = ("left", "right")

    left: object
    right: object

    def __init__(self, left: object, right: object) -> None:
        self._fill(left, right)


def test_a_value_is_its_fields_and_its_kind() -> None:
    pair = Pair(1, "a")
    assert (pair.left, pair.right) == (1, "a")
    assert pair == Pair(1, "a")
    assert hash(pair) == hash(Pair(1, "a"))
    assert repr(pair) == "Pair(left=1, right='a')"
    assert len({pair, Pair(1, "a"), Pair("a", 1), Pair(1, "b"), Pair(2, "a"), Other(1, "a")}) == 5
    assert len({hash(Pair(number, "a")) for number in range(50)}) > 40
    assert hash(pair) != hash(Other(1, "a"))
    for other in (Pair(1, "b"), Pair(2, "a"), Other(1, "a"), (1, "a")):
        assert pair != other
    with pytest.raises(AttributeError, match=r"^Pair is immutable$"):
        pair.left = 2
    with pytest.raises(AttributeError, match=r"^Pair is immutable$"):
        del pair.left
    assert pair.left == 1


def test_a_value_defined_now_sets_its_own_slots() -> None:
    kind = type("Late", (Value,), {"__slots__": ("one", "two", "three")})
    late = kind()
    late._fill(1, 2, 3)
    assert (late.one, late.two, late.three) == (1, 2, 3)
    assert kind()._setters != Pair(1, 2)._setters


def test_a_reason_is_a_row_of_the_table() -> None:
    table = errors._table(("slug", "KAN-X-001", 1, "it is {what}"), ("other", "KAN-X-002", 2, "x"))
    assert list(table) == ["slug", "other"]
    row = table["slug"]
    assert (row.slug, row.code, row.exit, row.text) == ("slug", "KAN-X-001", 1, "it is {what}")


def test_an_error_has_a_reason_of_its_own_kind_and_travels() -> None:
    with pytest.raises(ValueError, match=r"^Revoked has no reason 'scope'$"):
        errors.Revoked("scope")
    refusal = errors.Revoked("revoked", what="x")
    assert refusal.args == ("revoked",)
    assert refusal.reason == errors.REASONS["revoked"]
    again = pickle.loads(pickle.dumps(refusal))  # noqa: S301 - our own
    assert (type(again), again.slug, again.facts, str(again)) == (
        errors.Revoked, "revoked", {"what": "x"}, "revoked: x",
    )  # fmt: skip


# -------------------------------------------------------------------------------------------- cache


def test_a_cache_knows_the_longest_prefix() -> None:
    one = granted("deploy", to=PARENT)
    two = passed_on(one, PARENT, AGENT, "deploy")
    three = passed_on(two, AGENT, CHILD, "deploy")
    cache = warm_of(seal(two, AGENT, now=NOW))
    assert cache.longest(three.text) == two
    assert cache.longest(two.text) == two
    assert cache.longest(passed_on(one, PARENT, CHILD, "deploy").text) == one
    assert cache.longest("kd2.x.y") is None
    assert cache.longest("") is None
    assert cache.chain_of(f"{two.text}~x") == two
    assert cache.chain_of(f"{two.text}~x~y") == two
    assert cache.chain_of(f"{two.text}~") is None
    assert cache.chain_of(two.text) is None


def test_a_sealed_token_leaves_every_prefix_and_a_pop_nothing_new() -> None:
    one = granted("deploy", to=PARENT)
    two = passed_on(one, PARENT, AGENT, "deploy")
    sealed = seal(two, AGENT, now=NOW)
    cache = warm_of(sealed)
    assert [cache.longest(chain.text) for chain in (one, two)] == [one, two]
    again = seal(two, AGENT, now=NOW, expires_at=NOW + 5)
    ask(again, "deploy", cache=cache)
    assert cache.get(again) is not None
    popped = pop(
        two, AGENT, action="deploy", args_sha256=hashlib.sha256(b"").digest(), audience="", now=NOW,
        nonce=bytes(16),
    )  # fmt: skip
    for known in (Cache(), cache):
        ask(popped, "deploy", cache=known, once=lambda *_: True)
        assert known.get(popped) is None
        assert known.longest(two.text) == two
    with pytest.raises(ValueError, match=r"^a cache keeps at least one token for each root$"):
        Cache(limit=0)


def test_a_known_prefix_is_held_against_the_pins_of_now() -> None:
    one = granted("deploy", to=PARENT)
    cache = warm_of(seal(passed_on(one, PARENT, AGENT, "deploy"), AGENT, now=NOW))
    other = seal(passed_on(one, PARENT, CHILD, "deploy"), CHILD, now=NOW)
    for until, holds in ((NOW + 1, True), (NOW, False)):
        roots = TrustedRoots([ROOT.public], retired={ROOT.did: until})
        if holds:
            assert ask(other, "deploy", roots=roots, cache=cache).chain.holder == CHILD.public
        else:
            with pytest.raises(errors.SignatureInvalid) as refusal:
                ask(other, "deploy", roots=roots, cache=cache)
            assert refusal.value.slug == "untrusted_root"


def test_a_cache_without_a_limit_of_its_own_keeps_1024() -> None:
    cache, one = Cache(), granted("deploy")
    proven = ask(seal(one, AGENT, now=NOW), "deploy")
    for number in range(1030):
        cache._keep(cache._tokens, ROOT.public, f"token {number}", proven)
    assert [cache.get(f"token {n}") is None for n in (5, 6, 1029)] == [True, False, False]


def test_the_oldest_entry_goes_first() -> None:
    tokens = [seal(granted("deploy", entropy=bytes([n]) * 16), AGENT, now=NOW) for n in range(4)]
    cache = Cache(limit=2)
    for token in tokens:
        ask(token, "deploy", cache=cache)
        assert cache.get(token) is not None
    assert [cache.get(token) is not None for token in tokens] == [False, False, True, True]
    assert cache.get(None) is None


def warm_of(token: str) -> Cache:
    cache = Cache()
    ask(token, "deploy", cache=cache)
    return cache


# --------------------------------------------------------------------------- names, tokens, receipts


def test_a_did_is_shortened_when_that_is_shorter() -> None:
    digits = "0123456789abcdef" * 2
    assert short_did(f"did:agent:{digits}") == "did:agent:0123456789ab…"
    assert short_did("did:agent:0123456789abc") == "did:agent:0123456789ab…"
    assert short_did("did:agent:0123456789ab") == "did:agent:0123456789ab"


def test_a_key_is_pasted_with_whatever_white_space_and_written_in_one_line() -> None:
    text, seed = AGENT.secret_text(), AGENT.seed.hex()
    assert text == base64.b64encode(AGENT.seed).decode()
    for spaced in (f" {text[:20]}\n {text[20:]}\n", f"{seed[:32]} {seed[32:]}", text.rstrip("=")):
        assert parse_secret(spaced) == AGENT
        assert parse_secret(json.dumps({"private_key": spaced})) == AGENT
    public = AGENT.public.hex()
    assert parse_public(f"{public[:10]}\n{public[10:]}") == AGENT.public
    assert KeyPair.generate(AGENT.seed) == KeyPair.from_seed(AGENT.seed) == AGENT


def test_without_cryptography_a_pem_key_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(errors.KeyInvalid) as refusal:
        parse_secret("-----BEGIN PRIVATE KEY-----")
    assert (refusal.value.slug, refusal.value.facts["detail"]) == (
        "bad_key", "a PEM key needs the extra: pip install 'kanoniv-auth[ci]'; base64 needs nothing",
    )  # fmt: skip


def test_a_currency_in_a_receipt_ends_at_the_first_space() -> None:
    for currency, holds in (("EUR", True), ("EUR x", False)):
        chain = granted("deploy", caveats=[("max_cost", currency, 5)])
        text = make_envelope(
            chain, AGENT, action="deploy", target="t", args_sha256=bytes(32), result="ok",
            facts={"cost": f"{currency} 5"}, metadata={}, stream=bytes(16), seq=0, prev=bytes(32),
            now=NOW, nonce=bytes(16),
        )  # fmt: skip
        if holds:
            assert verify_envelope(text, roots=ROOTS, revoked=None).text == text
        else:
            with pytest.raises(CaveatViolation):
                verify_envelope(text, roots=ROOTS, revoked=None)


def test_a_fingerprint_is_the_beginning_of_a_hash() -> None:
    assert fingerprint("kd2.x") == hashlib.sha256(b"kd2.x").hexdigest()[:16]
    assert fingerprint("\ud800") == hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:16]


def test_an_access_has_what_it_was_given_and_nothing_else() -> None:
    bare = Access("deploy")
    assert (bare.action, bare.context, bare.resource, bare.cost) == ("deploy", {}, None, None)
    assert bare.args_sha256 == hashlib.sha256(b"").digest()
    facts = {"ref": "main"}
    full = Access("a", context=facts, resource="x", cost=("EUR", 5), args_sha256=bytes(32))
    facts["ref"] = "evil"
    assert (full.context, full.resource) == ({"ref": "main"}, "x")
    assert (full.cost, full.args_sha256) == (("EUR", 5), bytes(32))


def test_a_receipt_is_shown_whole() -> None:
    chain = granted("deploy")
    text = make_envelope(
        chain, AGENT, action="deploy", target="t", args_sha256=bytes(32), result="ok",
        facts={"ref": "main"}, metadata={"n": 1, "yes": True}, stream=bytes(16), seq=0, prev=bytes(32),
        now=NOW, nonce=bytes(16),
    )  # fmt: skip
    receipt = verify_envelope(text, roots=ROOTS, revoked=None)
    assert envelope_view(receipt) == {
        "agent_did": AGENT.did, "root_did": ROOT.did, "action": "deploy", "target": "t", "result": "ok",
        "timestamp": NOW, "scopes": ["deploy"], "chain_depth": 1, "facts": {"ref": "main"},
        "metadata": {"n": 1, "yes": True}, "seq": 0, "id": receipt.id.hex(), "envelope": text,
    }  # fmt: skip
    assert (receipt.stream, receipt.prev, receipt.args_sha256) == (bytes(16), bytes(32), bytes(32))


def test_a_link_has_what_was_signed() -> None:
    chain = granted("deploy", name="ci", caveats=[("max_depth", 3)], ttl=60)
    link = ask(seal(chain, AGENT, now=NOW), "deploy").chain.links[0]
    assert link == chain.links[0]
    assert (link.issuer, link.aud, link.scopes, link.caveats, link.issued_at, link.expires_at, link.name) == (
        ROOT.public, AGENT.public, ("deploy",), (("max_depth", 3),), NOW, NOW + 60, "ci",
    )  # fmt: skip
    assert (chain.deepest, chain.depth, chain.latest_iat, chain.parent) == (3, 1, NOW, None)
    assert (chain.granted, chain.id) == (frozenset({"deploy"}), link.id)


# ------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize("accelerated", [True, False])
def test_either_scanner_refuses_what_is_no_integer(
    monkeypatch: pytest.MonkeyPatch, *, accelerated: bool
) -> None:
    if not accelerated:
        monkeypatch.setitem(sys.modules, "_json", None)
    scanner = encoding._make_scan()
    assert scanner('{"a":[1,"b",true]}', 0) == ({"a": [1, "b", True]}, 18)
    for text in ("1.5", "1e5", "NaN", "Infinity", "-Infinity"):
        with pytest.raises(ValueError, match=f"^{text}$"):
            scanner(text, 0)


# --------------------------------------------------------------------------------------- libsodium


class Library:
    """libsodium with another answer to the question whether it is ready."""

    def __init__(self, real: object, answer: int) -> None:
        self._real, self._answer = real, answer

    def sodium_init(self) -> int:
        return self._answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.mark.parametrize("answer", [-1, 0, 1])
def test_a_library_that_is_not_ready_is_not_used(
    monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    binding = importlib.import_module("nacl._sodium")
    monkeypatch.setattr(binding, "lib", Library(binding.lib, answer))
    if answer < 0:
        with pytest.raises(ImportError, match=r"^libsodium could not be initialised$"):
            sodium.private_binding()
    else:
        assert sodium.private_binding().sha256(b"") == hashlib.sha256(b"").digest()


def test_an_error_about_a_file_says_which() -> None:
    said = errors.TokenParseError("parse", detail="x")
    assert str(said) == "malformed: x"
    of_a_file = errors.TokenParseError("parse", detail="x", file="a/b.token")
    assert str(of_a_file) == "a/b.token: malformed: x"


def test_a_chain_ends_with_the_first_of_its_links_whatever_a_later_one_says() -> None:
    """A reader refuses a link that outlives its parent; a chain that was made some other way ends no later."""
    first = granted("deploy", to=PARENT, ttl=60)
    for until, ends in (
        (None, NOW + 60),
        (NOW + 61, NOW + 60),
        (NOW + 60, NOW + 60),
        (NOW + 59, NOW + 59),
    ):
        one = first.links[0]
        later = Link(one.id, PARENT.public, AGENT.public, one.scopes, (), NOW, until, one.jti, None)
        assert Chain(first, later, "").expires_at == ends
    endless = granted("deploy", to=PARENT, ttl=None)
    assert Chain(endless, first.links[0], "").expires_at == NOW + 60
    assert Chain(endless, endless.links[0], "").expires_at is None


def test_a_limit_is_reached_and_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = granted("deploy")
    both = delegation.bundle(AGENT.seed, chain)
    texts: tuple[tuple[object, str, str, Callable[[], object]], ...] = (
        (delegation, "MAX_GRANT", chain.text, lambda: granted("deploy")),
        (delegation, "MAX_TOKEN", both, lambda: delegation.parse_bundle(both)),
        (envelope, "MAX_ENVELOPE", receipt(), receipt),
    )
    for module, name, text, make in texts:
        for limit, fits in ((len(text), True), (len(text) - 1, False)):
            with monkeypatch.context() as changed:
                changed.setattr(module, name, limit)
                if fits:
                    make()
                else:
                    with pytest.raises(errors.TokenParseError) as refusal:
                        make()
                    assert refusal.value.slug == ("parse" if name == "MAX_TOKEN" else "too_large")


def receipt() -> str:
    return make_envelope(
        granted("deploy"), AGENT, action="deploy", target="t", args_sha256=bytes(32), result="ok",
        facts={}, metadata={}, stream=bytes(16), seq=0, prev=bytes(32), now=NOW, nonce=bytes(16),
    )  # fmt: skip


def test_a_verifier_with_an_endless_name_refuses_a_pop_like_any_other() -> None:
    token = pop(
        granted("deploy"), AGENT, action="deploy", args_sha256=hashlib.sha256(b"").digest(), audience="",
        now=NOW, nonce=bytes(16),
    )  # fmt: skip
    for size in (65535, 65536, 70000):
        with pytest.raises(errors.SignatureInvalid):
            ask(token, "deploy", audience="a" * size, once=lambda *_: True)
        with pytest.raises(errors.SignatureInvalid):
            ask(token, "a" * size, once=lambda *_: True)
    for odd in ("é", "\ud800", "a\0b", "\U0001f600"):
        with pytest.raises(errors.SignatureInvalid):
            ask(token, "deploy", audience=odd, once=lambda *_: True)
        with pytest.raises(errors.SignatureInvalid):
            ask(token, odd, once=lambda *_: True)


def test_as_many_scopes_as_there_may_be() -> None:
    scopes = [f"s{number:02}" for number in range(MAX_SCOPES)]
    assert parse_scopes(scopes) == tuple(scopes)
    assert granted(*scopes).scopes == tuple(scopes)


# ---------------------------------------------------------------------------------------- exchange


def test_what_an_oidc_token_is_for_is_spelled_one_way() -> None:
    for url in ("https://a.exampleX", "https://a.exampleX/", "https://a.exampleX//"):
        assert exchange.exchange_audience(url, AGENT.did) == f"https://a.exampleX:{AGENT.did}"
        assert exchange.root_key_audience(url) == "https://a.exampleX:root-key"
    assert exchange.root_key_audience("/a") == "/a:root-key"


def test_what_an_exchange_refuses_it_says_in_words() -> None:
    with pytest.raises(errors.TokenParseError) as refusal:
        exchange.exchange_message("é", ["deploy"], 60)
    assert refusal.value.facts == {"detail": "an OIDC token that is not ASCII"}
    message = exchange.exchange_message("e", ["deploy"], 60)
    exchange.check_possession(AGENT.public, AGENT.sign(message), message)
    with pytest.raises(errors.HolderUnproven) as unproven:
        exchange.check_possession(AGENT.public, CHILD.sign(message), message)
    detail = (
        "`possession` is no signature of this public key over this token, these scopes and this TTL"
    )
    assert unproven.value.facts == {"detail": detail}
