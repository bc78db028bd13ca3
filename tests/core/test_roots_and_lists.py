"""What a verifier is configured with: pins and revocation lists, refused when they could match nothing."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.core.authority import AGENT, NOW, ROOT, ask, granted

TOKEN = seal(granted("deploy"), AGENT, now=NOW)


@pytest.mark.parametrize(
    "entry", [AGENT.public[:31], AGENT.public + b"\0", AGENT.public.hex(), b""]
)
def test_an_entry_that_could_match_nothing_is_no_entry(entry: object) -> None:
    for lists in ({ROOT.public: [entry]}, {entry: [AGENT.public]}):
        with pytest.raises((TypeError, AuthError)):
            Revocations(lists)  # type: ignore[arg-type]


def test_lists_are_read_once() -> None:
    entries = [AGENT.public]
    lists = Revocations({ROOT.public: iter(entries)})
    for _ in range(2):
        with pytest.raises(AuthError) as refusal:
            ask(TOKEN, "deploy", revoked=lists)
        assert refusal.value.facts == {"what": AGENT.public.hex()}


def test_pins_are_read_once() -> None:
    roots = TrustedRoots(iter([ROOT.public]), iter([]), retired={})
    for _ in range(2):
        assert ask(TOKEN, "deploy", roots=roots).root_did == ROOT.did
    with pytest.raises(AuthError) as refusal:
        ask(TOKEN, "deploy", roots=TrustedRoots([AGENT.public], ["did:agent:x"]))
    assert refusal.value.facts["root_did"] == ROOT.did
    assert refusal.value.facts["trusted"] == ("did:agent:x", AGENT.public.hex())


def test_an_access_without_facts_has_none() -> None:
    bare = Access("deploy")
    assert (dict(bare.context), bare.resource, bare.cost) == ({}, None, None)
    assert bare == Access("deploy")
