"""A1: a decision from a field that nobody signed.

The attacker holds a valid token and edits what stands around the signed bytes. The published product kept scopes and
expiry in an unsigned outer object and believed them. Here there is no outside: every byte of the text is covered.
"""

from __future__ import annotations

import json

import pytest

from tests.advisories.attacker import ALICE, BOB, NOW, ROOT, Links, b64, honest, unb64
from tests.advisories.verifier import ACCEPTED, run, verdict

TOKEN = honest().sealed()


def test_the_honest_chain_is_accepted() -> None:
    assert verdict(TOKEN) == ACCEPTED
    found = run(TOKEN)
    assert (found.agent_did, found.root_did) == (BOB.did, ROOT.did)
    assert (found.scopes, found.expires_at, found.chain_depth) == (
        ("deploy.staging",),
        NOW + 3600,
        2,
    )


def expected(at: int) -> set[str]:
    """The words a change of one character may be refused with: what it is part of decides."""
    if at < len("kd2."):
        return {"unknown_version"}
    if TOKEN[at] == "~":
        return {"holder_unproven"}
    # the payload of link 0 is read as far as the root's name before its signature is checked
    in_link_0 = at < TOKEN.index(".", 4)
    return {"bad_signature", "parse", "untrusted_root"} if in_link_0 else {"bad_signature", "parse"}


def test_any_changed_character_is_refused() -> None:
    for at, letter in enumerate(TOKEN):
        changed = TOKEN[:at] + ("B" if letter == "A" else "A") + TOKEN[at + 1 :]
        assert verdict(changed, after=[TOKEN]) in expected(at), (at, changed)


def test_any_missing_character_is_refused() -> None:
    for at in range(len(TOKEN)):
        assert verdict(TOKEN[:at] + TOKEN[at + 1 :], after=[TOKEN]) in expected(at), at


@pytest.mark.parametrize("link", [0, 1])
@pytest.mark.parametrize(
    ("field", "value"),
    [("scp", ["deploy", "release"]), ("exp", NOW + 10**6), ("nam", "ceo"), ("iat", 1)],
)
def test_an_edited_payload_is_not_what_was_signed(link: int, field: str, value: object) -> None:
    chain = honest()
    raw = unb64(chain.texts[link])
    edited = {**json.loads(raw[64:]), field: value}
    payload = json.dumps(edited, sort_keys=True, separators=(",", ":")).encode()
    forged = chain.with_text(link, b64(raw[:64] + payload))
    assert verdict(forged.sealed(), after=[TOKEN]) == "bad_signature"


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN}~",
        f"{TOKEN}.",
        f"{TOKEN} ",
        f"{TOKEN}\n",
        f"{TOKEN}&scopes=deploy",
        f"{TOKEN}~{TOKEN.rpartition('~')[2]}",
        TOKEN.replace("~", "~~"),
        TOKEN.replace("~", ".~"),
    ],
)
def test_nothing_can_be_added_outside_the_signed_bytes(text: str) -> None:
    assert verdict(text, after=[TOKEN]) == "parse"


@pytest.mark.parametrize(
    "text", [f" {TOKEN}", f"\n{TOKEN}", f"\ufeff{TOKEN}", json.dumps({"token": TOKEN})]
)
def test_nothing_can_stand_before_it(text: str) -> None:
    assert verdict(text, after=[TOKEN]) == "unknown_version"


def test_the_label_in_a_link_decides_nothing() -> None:
    named = Links().grow(ALICE, scp=["deploy.staging"], nam="root").sealed()
    assert run(named).agent_did == ALICE.did
    assert verdict(named, "deploy.prod") == "scope"
