"""A child reads the home it was given, and takes what its parent left there.

Alice delegates to an agent that runs as the same user with a home of its own. From that home the agent tries to act as
Alice: it has her link, which is part of its own token, and looks for her key, her proof and her other tokens. (An agent
that can read Alice's own home is no attacker but Alice: without a sandbox the same user is no boundary.)
"""

from __future__ import annotations

from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.core.errors import AuthError
from tests.advisories.verifier import ACCEPTED, word_for


@pytest.fixture
def child(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The child's token; from here on this process has the child's home, and the root it may check against."""
    root = kanoniv_auth.init_root()
    parent = kanoniv_auth.delegate(["deploy"], "1h", name="coordinator")
    token = kanoniv_auth.delegate(
        ["deploy.staging"], "10m", parent=parent, home=home.parent / "child"
    )
    monkeypatch.setenv("KANONIV_HOME", str(home.parent / "child"))
    monkeypatch.setenv("KANONIV_ROOT_DID", root.did)
    monkeypatch.setattr("kanoniv_auth.api.roots._memory.root", None)
    return token


def parents_grant(token: str) -> str:
    return token.partition("~")[0].rpartition(".")[0]


def test_the_child_can_do_its_own_work(child: str) -> None:
    assert kanoniv_auth.verify("deploy.staging", child).chain_depth == 2
    assert kanoniv_auth.sign("deploy.staging", child).startswith("kde2.")
    assert word_for(lambda: kanoniv_auth.delegate(["deploy.staging.web"], parent=child)) == ACCEPTED


def test_its_home_holds_one_key_one_token_and_no_name(child: str, home: Path) -> None:
    files = sorted(
        p.relative_to(home.parent / "child").parts[0]
        for p in (home.parent / "child").rglob("*")
        if p.is_file()
    )
    assert [name for name in files if name != "lock"] == ["keys", "tokens", "tokens"]
    saved = {p.read_text() for p in (home.parent / "child" / "tokens").iterdir()}
    assert saved == {child}


def test_the_parents_part_of_the_token_is_no_token(child: str) -> None:
    grant = parents_grant(child)
    assert word_for(lambda: kanoniv_auth.verify("deploy", grant)) == "holder_unproven"
    proof = child.partition("~")[2]
    assert word_for(lambda: kanoniv_auth.verify("deploy", f"{grant}~{proof}")) == "bad_signature"


@pytest.mark.parametrize("proof", ["none", "its own"])
def test_nothing_can_be_signed_or_handed_on_as_the_parent(
    child: str, home: Path, proof: str
) -> None:
    grant = parents_grant(child)
    text = grant if proof == "none" else f"{grant}~{child.partition('~')[2]}"
    assert word_for(lambda: kanoniv_auth.sign("deploy.prod", text)) == "holder_unproven"
    assert word_for(lambda: kanoniv_auth.delegate(["deploy"], parent=text)) == "holder_unproven"
    assert not (home.parent / "child" / "receipts").exists()


def test_there_is_no_root_to_issue_from(child: str) -> None:
    with pytest.raises(AuthError) as caught:
        kanoniv_auth.delegate(["deploy"])
    assert caught.value.slug == "no_root_key"


@pytest.mark.parametrize("action", ["deploy", "deploy.prod", "release"])
def test_its_own_token_grants_no_more(child: str, action: str) -> None:
    assert word_for(lambda: kanoniv_auth.verify(action, child)) == "scope"
    assert word_for(lambda: kanoniv_auth.sign(action, child)) == "scope"
    wider = word_for(lambda: kanoniv_auth.delegate([action], parent=child))
    assert wider == "widened"
