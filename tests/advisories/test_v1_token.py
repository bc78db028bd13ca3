"""A version 1 token at the doors of the product: what is read, by whom, and what is never done for it.

Whoever holds a child cuts off its last link; a reader that looks for the leaf's key "somewhere" finds the parent's on
the machine where both were made, and takes it for proof. Here the key must come with the token: whatever lies in the
keystore counts for nothing, and nothing but verifying is done with such a token.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.api.delegation import accept
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from tests.advisories.attacker import ALICE, BOB, NOW, OTHER_ROOT, ROOT, b64
from tests.advisories.forge_v1 import EARLIER, LATER, caveats_of, content_hash, link, token
from tests.advisories.terminal import Terminal
from tests.advisories.verifier import ACCEPTED, parent_verdict, verdict, word_for
from tests.advisories.verifier_v1 import read

PARENT = link(ROOT, ALICE, "deploy")
CHILD = link(ALICE, BOB, "deploy.staging", after=PARENT)
LOOSE = link(ALICE, BOB, "deploy.staging")
TOKENS = {
    "whole": (token(BOB, PARENT, CHILD), ACCEPTED),
    "whole, as the published product writes it": (token(BOB, PARENT, LOOSE), "bad_signature"),
    "cut back": (token(ALICE, PARENT, agent_private_key=None), "holder_unproven"),
    "cut back, with the child's key": (token(ALICE, PARENT, key=BOB), "holder_unproven"),
    "cut back, and the child still its holder": (token(BOB, PARENT), "holder_unproven"),
    "says version 2": (token(BOB, PARENT, CHILD, version=2), "unknown_version"),
}
every = pytest.mark.parametrize(("text", "word"), TOKENS.values(), ids=list(TOKENS))


@pytest.fixture
def keystore(home: Path) -> Path:
    """A home with the keys of everybody in the chain, the root's too."""
    (home / "keys").mkdir(parents=True, mode=0o700)
    for key, path in ((ROOT, home / "root.key"), (ALICE, None), (BOB, None)):
        place = path or home / "keys" / f"{key.did.rpartition(':')[2]}.key"
        place.write_text(json.dumps({"private_key": key.seed.hex()}), encoding="ascii")
        place.chmod(0o600)
    return home


@every
def test_the_verifier_of_the_current_version_reads_none(text: str, word: str) -> None:
    assert verdict(text, "deploy") == "unknown_version"
    assert parent_verdict(text) == "unknown_version"
    assert verdict(f"kd2.{text}", "deploy") == "holder_unproven"
    assert verdict(f"kd2.{text}~s{text}", "deploy") == "parse"


@every
def test_whatever_is_in_the_keystore(keystore: Path, text: str, word: str) -> None:
    assert word_for(lambda: kanoniv_auth.verify("deploy.staging", text)) == word
    assert word_for(lambda: kanoniv_auth.verify("deploy.staging", text, root_did=ROOT.did)) == word
    assert word_for(lambda: kanoniv_auth.verify("deploy", text)) != ACCEPTED


@every
def test_nothing_else_is_done_with_it(keystore: Path, text: str, word: str) -> None:
    for call in (
        partial(kanoniv_auth.sign, "deploy.staging", text),
        partial(kanoniv_auth.delegate, ["deploy.staging"], parent=text),
        partial(accept, text),
    ):
        assert word_for(call) == "unknown_version"
    assert sorted(path.name for path in (keystore / "keys").iterdir()) == sorted(
        f"{key.did.rpartition(':')[2]}.key" for key in (ALICE, BOB)
    )
    assert not (keystore / "tokens").exists()
    assert not (keystore / "receipts").exists()


def test_nor_by_the_command_line(keystore: Path, terminal: Terminal) -> None:
    """Not even with the one key that would make it true; and the key inside is shown nowhere."""
    text, here = token(ALICE, PARENT), str(keystore)
    said = terminal.run("verify", "-s", "deploy", "-t", text, KANONIV_HOME=here)
    assert said.status == 0
    for words in (
        ("exec", "-s", "deploy", "-t", text, "--", "touch", "ran"),
        ("sign", "-a", "deploy", "-t", text),
        ("delegate", "-s", "deploy", "--parent", text),
        ("accept", text),
    ):
        said = terminal.run(*words, KANONIV_HOME=here)
        assert said.status == 2, (words, said)
        assert b64(ALICE.seed) not in said.err + said.out
        assert text not in said.err + said.out
    assert not (terminal.place / "ran").exists()
    said = terminal.run("exec", "-s", "deploy", "-t", text, "--", "true", KANONIV_HOME=here)
    assert said.slug == "unknown_version"
    assert "kanoniv-auth delegate -s" in said.err


def test_the_token_is_not_echoed_where_it_does_not_belong(terminal: Terminal) -> None:
    text = token(ALICE, PARENT)
    for words in (
        ("verify", "-s", text),
        ("audit", text),
        ("delegate", "-s", text),
        ("tokens", text),
    ):
        said = terminal.run(*words)
        assert said.status != 0
        assert text[:40] not in said.err + said.out
        assert b64(ALICE.seed) not in said.err + said.out


# ------------------------------------------------------------------- what can change between two calls


@pytest.mark.parametrize(
    "entry",
    [
        bytes.fromhex(content_hash(PARENT["proof"])), bytes.fromhex(content_hash(CHILD["proof"])),
        ROOT.public, ALICE.public, BOB.public,
    ],
    ids=["the first link", "the last link", "the root", "a holder between", "the holder"],
)  # fmt: skip
def test_a_revoked_link_or_key(entry: bytes) -> None:
    text = token(BOB, PARENT, CHILD)
    mine, foreign = Revocations({ROOT.public: [entry]}), Revocations({OTHER_ROOT.public: [entry]})
    assert word_for(lambda: read(text, revoked=mine)) == "revoked"
    assert word_for(lambda: read(text, revoked=foreign)) == ACCEPTED


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (4070908799, ACCEPTED), (4070908800, "expired"), (1767225600 - 30, ACCEPTED),
        (1767225600 - 31, "not_yet_valid"),
    ],
)  # fmt: skip
def test_time(now: int, word: str) -> None:
    assert word_for(lambda: read(token(BOB, PARENT, CHILD), now=now)) == word


def test_a_link_that_ended_before_it_was_signed() -> None:
    ends_first = link(ROOT, BOB, until="2025-12-31T23:59:59.999Z")
    assert word_for(lambda: read(token(BOB, ends_first), "deploy")) == "bad_bounds"


def test_the_audience() -> None:
    text = token(BOB, PARENT, CHILD)
    assert word_for(lambda: read(text, audience="deploy-service")) == "audience"


def test_a_root_that_is_retired_or_was_never_pinned() -> None:
    text = token(BOB, PARENT, CHILD)
    retired = TrustedRoots(keys=[ROOT.public], retired={ROOT.did: NOW})
    assert word_for(lambda: read(text, roots=retired)) == "untrusted_root"
    assert word_for(lambda: read(text, roots=TrustedRoots())) == "no_trusted_root"


def test_a_caveat_holds_for_the_fact_it_names() -> None:
    more = [
        {"type": "resource", "value": "web/*"},
        {"type": "context", "value": {"key": "env", "value": "staging"}},
    ]
    text = token(BOB, link(ROOT, BOB, caveats=[*caveats_of(["deploy"], LATER), *more]))

    def word(env: str, resource: str | None) -> str:
        access = Access("deploy", context={"env": env}, resource=resource)
        return word_for(lambda: read(text, access=access))

    assert word("staging", "web/1") == ACCEPTED
    assert word("staging", "web/../db") == "caveat"
    assert word("staging", "db/1") == "caveat"
    assert word("staging", None) == "caveat"
    assert word("prod", "web/1") == "caveat"


def test_a_parent_that_ended_takes_its_child_along() -> None:
    parent = link(ROOT, ALICE, "deploy", until=EARLIER)
    child = link(ALICE, BOB, "deploy.staging", after=parent, until=EARLIER)
    assert word_for(lambda: read(token(BOB, parent, child, expires_at=None))) == "expired"


def test_what_is_proven_shows_no_key() -> None:
    found = read(token(BOB, PARENT, CHILD))
    assert b64(BOB.seed) not in repr(found)
    assert BOB.seed.hex() not in repr(found)
