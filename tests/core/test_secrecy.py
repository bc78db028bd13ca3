"""A seed is never shown, a value never changes, and an error survives its journey between processes (A33)."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable

import pytest

from kanoniv_auth.core import errors
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.delegation import bundle, parse_bundle
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import REASONS, AuthError, KeyInvalid, ServiceRefused, TokenParseError
from kanoniv_auth.core.keys import KeyPair, parse_public, parse_secret
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.token import fingerprint
from kanoniv_auth.core.value import Value
from tests.core.authority import AGENT, NOW, PARENT, ROOT, ask, granted, warm

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AuthError)
]
FACTS: dict[str, object] = {
    "detail": "d", "size": 2, "limit": 1, "root_did": "did:agent:x", "where": "seal", "link": 1, "scope": "a",
    "have": ("b",), "depth": 3, "what": "x", "at": 1, "now": 2, "want": "a", "got": "b", "need": "c", "caveat": "[]",
    "name": "x", "path": "p", "mode": 0o644, "trusted": (), "fix": None,
    "endpoint": "https://service.example",
}  # fmt: skip


def forms(pair: KeyPair) -> list[str]:
    """The seed as it could be printed."""
    return [pair.seed.hex(), b64u(pair.seed), pair.secret_text(), repr(pair.seed)[2:-1]]


def test_a_key_shows_its_name_alone() -> None:
    for shown in (repr(AGENT), str(AGENT), f"{AGENT}", repr([AGENT]), ascii(AGENT)):
        assert AGENT.did in shown
        assert not [form for form in forms(AGENT) if form in shown]
    assert "seed=<hidden>" in repr(AGENT)


def test_a_token_holds_no_seed() -> None:
    token = seal(granted("deploy"), AGENT, now=NOW)
    cache = warm(seal(granted("deploy.staging"), AGENT, now=NOW))
    shown = [token, repr(ask(token)), repr(granted("deploy")), repr(cache)]
    for pair in (ROOT, AGENT):
        assert not [form for form in forms(pair) for text in shown if form in text]
    assert isinstance(cache, Cache)


def test_a_bundle_holds_one_and_says_so_by_its_prefix() -> None:
    text = bundle(AGENT.seed, granted("deploy"))
    assert text.startswith("kdb2.")
    assert b64u(AGENT.seed) in text
    pair, grant = parse_bundle(text)
    assert (pair, grant) == (AGENT, granted("deploy").text)
    with pytest.raises(KeyInvalid):
        bundle(PARENT.seed, granted("deploy"))
    with pytest.raises(TokenParseError) as refusal:
        ask(text)
    assert b64u(AGENT.seed) not in str(refusal.value) + repr(refusal.value.facts)


@pytest.mark.parametrize("change", [
    lambda text: text[:-1], lambda text: text + "=", lambda text: text[:-1] + "!", lambda text: "{" + text,
    lambda text: f'{{"private_key": "{text[:-2]}"}}', lambda text: "-----BEGIN PRIVATE KEY-----\n" + text,
    lambda text: text * 2, lambda text: text * 999, lambda text: text.replace("=", "\n\n") + "\u00e9",
])  # fmt: skip
def test_a_damaged_key_is_never_echoed(change: Callable[[str], str]) -> None:
    for text in (AGENT.secret_text(), AGENT.seed.hex()):
        for reader in (parse_secret, parse_public):
            changed = change(text)
            try:
                read = reader(changed)
            except AuthError as refusal:
                said = "".join(traceback.format_exception(refusal)) + repr(refusal.facts)
            else:
                # white space and padding are the two things that are forgiven
                said = repr(read) if isinstance(read, KeyPair) else ""
            assert text[:20] not in said
            assert text[10:30] not in said


def test_a_token_in_a_log_is_its_fingerprint() -> None:
    token = seal(granted("deploy"), AGENT, now=NOW)
    name = fingerprint(token)
    assert len(name) == 16
    assert name not in token
    assert fingerprint(token + "\ud800") != name


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_says_itself_and_survives_pickling(kind: type[AuthError]) -> None:
    for slug in kind.slugs:
        error = kind(slug, **FACTS)
        assert str(error)
        assert "{" not in str(error)
        assert (error.reason.slug, error.reason.exit) == (slug, REASONS[slug].exit)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (type(again), again.slug, again.facts) == (kind, slug, FACTS)
        assert str(copy.deepcopy(error)) == str(error)


def test_every_reason_belongs_to_one_error() -> None:
    # what a service refuses is refused under its slug, whichever that is
    slugs = [slug for kind in KINDS if kind is not ServiceRefused for slug in kind.slugs]
    slugs.append("service")
    assert sorted(slugs) == sorted(REASONS)
    for kind in KINDS:
        with pytest.raises(ValueError, match="has no reason"):
            kind("no_such_reason")


def test_a_value_never_changes() -> None:
    for value in (AGENT, granted("deploy"), granted("deploy").links[0], REASONS["parse"]):
        assert isinstance(value, Value)
        name = value.__slots__[0]
        with pytest.raises(AttributeError):
            setattr(value, name, None)
        with pytest.raises(AttributeError):
            delattr(value, name)
        with pytest.raises(AttributeError):
            value.anything = 1
        assert value != name
    assert granted("deploy") == granted("deploy")
    assert hash(granted("deploy")) == hash(granted("deploy"))
    assert granted("deploy") != granted("test")
