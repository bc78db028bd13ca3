"""Version 1 from the outside: what we write, the real published verifiers take; what they write, we read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth
from kanoniv_auth.api.verification import checked
from kanoniv_auth.core.errors import AuthError, TokenParseError, UsageError
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.store.home import Home
from tests.advisories.attacker import unb64
from tests.advisories.forge_v1 import text_of
from tests.support.published import Published

ACCEPTED = "accepted"
ISSUE = """
import json, sys
import kanoniv_auth
asked = json.load(sys.stdin)
root = kanoniv_auth.init_root()
first = kanoniv_auth.delegate(scopes=["deploy", "read.logs"], ttl="1h")
named = kanoniv_auth.delegate(scopes=["deploy.staging"], ttl=90.5, name="claude-code")
forever = kanoniv_auth.delegate(scopes=["deploy"])
keyless = kanoniv_auth.delegate(scopes=["deploy"], ttl="1h", to=root.did)
below = kanoniv_auth.delegate(scopes=["deploy.staging"], parent_token=first)
json.dump({"root": root.did, "first": first, "named": named, "forever": forever, "keyless": keyless,
           "below": below}, sys.stdout)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def word(*arguments: Any, **options: Any) -> str:
    try:
        kanoniv_auth.verify(*arguments, **options)
    except AuthError as error:
        return error.slug
    return ACCEPTED


def decoded(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unb64(token))
    return found


def chain_of(depth: int, **options: Any) -> tuple[Any, list[str]]:
    """A root, and tokens of each depth up to this one."""
    root = kanoniv_auth.generate_keys()
    kanoniv_auth.init_root()
    tokens = [kanoniv_auth.delegate_v1(["deploy"], root=root, **options)]
    for _ in range(depth - 1):
        tokens.append(kanoniv_auth.delegate_v1(["deploy.staging"], root=root, parent=tokens[-1]))
    return root, tokens


def test_the_published_python_verifier_takes_what_we_write(published: Published) -> None:
    root, tokens = chain_of(3)
    for token in tokens:
        answer = published.verify(token, "deploy.staging", root.did)
        assert answer == (ACCEPTED, decoded(token)["agent_did"])
        assert published.verify(token, "release", root.did).word == "ScopeViolation"
        assert published.verify(token, "deploy.staging", "did:agent:" + "0" * 32).word != ACCEPTED


def test_its_command_line_does_and_delegates_further(published: Published) -> None:
    root, tokens = chain_of(2)
    said = published.command("verify", "-s", "deploy.staging", "-t", tokens[1])
    assert said.startswith("VERIFIED")
    assert root.did in said
    # and what it makes below ours has no parent hash, so it is theirs alone
    below = published.command("delegate", "-s", "deploy.staging.eu", "--parent", tokens[1])
    assert published.verify(below, "deploy.staging.eu", root.did).word == ACCEPTED
    assert word("deploy.staging.eu", below, root_did=root.did) == "bad_signature"


def test_the_published_rust_verifier_takes_what_we_write(published_rust: Published) -> None:
    """Scopes are compared word for word there, in every link, so a child is only useful with its parent's names."""
    root = kanoniv_auth.generate_keys()
    token = None
    for _ in range(3):
        token = kanoniv_auth.delegate_v1(["deploy"], root=root, parent=token)
        fields = decoded(token)
        answer = published_rust.invoke(
            fields["chain"][-1], "deploy", seed=unb64(fields["agent_private_key"]), root=root.public
        )
        assert answer == (ACCEPTED, fields["agent_did"])
        refused = published_rust.invoke(
            fields["chain"][-1],
            "release",
            seed=unb64(fields["agent_private_key"]),
            root=root.public,
        )
        assert refused.word == "ValueError"


def test_what_we_write_is_what_we_read() -> None:
    root, tokens = chain_of(3, ttl="1h")
    for depth, token in enumerate(tokens, 1):
        found = kanoniv_auth.verify("deploy.staging", token, root_did=root.did)
        assert (found.chain_depth, found.root_did, found.name) == (depth, root.did, None)
        assert found.agent_did == decoded(token)["agent_did"]
        assert found.ttl_remaining is not None
        assert 3590 <= found.ttl_remaining <= 3600
    assert word("deploy.prod", tokens[0], root_did=root.did) == ACCEPTED
    assert word("deploy.prod", tokens[2], root_did=root.did) == "scope"


def test_the_form_of_what_we_write() -> None:
    _, tokens = chain_of(3)
    fields = decoded(tokens[2])
    chain = fields["chain"]
    payloads = [link["proof"]["payload"] for link in chain]
    assert [payload["typ"] for payload in payloads] == ["delegation/v1"] * 3
    assert payloads[0]["parent_hash"] is None
    assert all(len(payload["parent_hash"]) == 64 for payload in payloads[1:])
    assert [link["parent_proof"] is None for link in chain] == [True, True, False]
    inside = chain[2]["parent_proof"]
    assert {**inside, "parent_proof": None} == chain[1]
    assert inside["parent_proof"] == chain[0]
    assert "agent_name" not in fields
    assert fields["expires_at"] == pytest.approx(time.time() + 4 * 3600, abs=5)


def test_the_key_is_in_the_token_and_nowhere_else(place: Path) -> None:
    kanoniv_auth.init_root()
    token = kanoniv_auth.delegate_v1(["deploy"])
    assert not (place / "keys").exists()
    assert not (place / "tokens/latest").exists()
    (saved,) = place.glob("tokens/*.token")
    assert (saved.read_text(), saved.stat().st_mode & 0o777) == (token, 0o600)
    (row,) = kanoniv_auth.list_tokens()
    assert (row.agent_did, row.scopes, row.chain_depth) == (
        decoded(token)["agent_did"],
        ("deploy",),
        1,
    )


def test_a_child_is_narrowed_when_it_is_made() -> None:
    root = kanoniv_auth.generate_keys()
    parent = kanoniv_auth.delegate_v1(["deploy"], "2m", root=root)
    with pytest.raises(AuthError) as refusal:
        kanoniv_auth.delegate_v1(["release"], root=root, parent=parent)
    assert refusal.value.slug == "widened"
    for ttl in ("never", "1h"):
        child = kanoniv_auth.delegate_v1(["deploy"], ttl, root=root, parent=parent)
        assert decoded(child)["expires_at"] == decoded(parent)["expires_at"]


def test_a7b_a_tampered_parent_is_not_delegated_from() -> None:
    root = kanoniv_auth.generate_keys()
    fields = decoded(kanoniv_auth.delegate_v1(["deploy.staging"], root=root))
    for changes in (
        {"scopes": ["deploy"]},
        {"agent_private_key": fields["agent_private_key"][::-1]},
    ):
        with pytest.raises(AuthError):
            kanoniv_auth.delegate_v1(
                ["deploy.staging"], root=root, parent=text_of({**fields, **changes})
            )


def test_versions_are_not_mixed() -> None:
    kanoniv_auth.init_root()
    current, old = kanoniv_auth.delegate(["deploy"]), kanoniv_auth.delegate_v1(["deploy"])
    with pytest.raises(UsageError, match="version 1"):
        kanoniv_auth.delegate_v1(["deploy"], parent=current)
    with pytest.raises(TokenParseError, match="version 1"):
        kanoniv_auth.delegate(["deploy"], parent=old)


def test_we_read_what_the_published_product_writes(published: Published) -> None:
    issued = published.run(ISSUE, {})
    root = issued["root"]
    found = kanoniv_auth.verify("deploy.staging", issued["first"], root_did=root)
    assert (found.root_did, found.scopes, found.chain_depth) == (root, ("deploy", "read.logs"), 1)
    assert (found.agent_did, found.name) == (decoded(issued["first"])["agent_did"], None)
    words = {
        name: word("deploy.staging", token, root_did=root)
        for name, token in issued.items()
        if name != "root"
    }
    assert words == {
        "first": ACCEPTED,
        "named": ACCEPTED,
        "forever": ACCEPTED,
        "keyless": "holder_unproven",
        "below": "bad_signature",  # its chain is not held together by anything
    }
    assert word("deploy", issued["named"], root_did=root) == "scope"
    assert word("deploy", issued["first"], root_did="did:agent:" + "0" * 32) == "untrusted_root"
    assert word("deploy", issued["first"]) == "no_trusted_root"


def test_a_verifier_that_has_a_name_is_not_meant() -> None:
    root = kanoniv_auth.generate_keys()
    token = kanoniv_auth.delegate_v1(["deploy"], root=root)
    assert word("deploy", token, root_did=root.did, audience="deploy-service") == "audience"


def test_revoked_it_is_refused_and_so_is_its_child() -> None:
    kanoniv_auth.init_root()
    parent = kanoniv_auth.delegate_v1(["deploy"])
    child = kanoniv_auth.delegate_v1(["deploy.staging"], parent=parent)
    assert word("deploy.staging", child) == ACCEPTED
    kanoniv_auth.revoke(parent)
    assert [word("deploy.staging", token) for token in (parent, child)] == ["revoked"] * 2
    with pytest.raises(AuthError) as refusal:
        kanoniv_auth.delegate_v1(["deploy"], parent=parent)
    assert refusal.value.slug == "revoked"


def test_only_verify_asks_for_version_1(place: Path) -> None:
    """The function behind the git hook does not."""
    kanoniv_auth.init_root()
    token = kanoniv_auth.delegate_v1(["deploy"])
    roots = TrustedRoots(keys=[kanoniv_auth.load_root().public])
    found = checked("deploy", token, Home(str(place)), roots=roots, audience=None, version_1=True)
    assert found.chain_depth == 1
    with pytest.raises(TokenParseError, match="version 1"):
        checked("deploy", token, Home(str(place)), roots=roots, audience=None)
