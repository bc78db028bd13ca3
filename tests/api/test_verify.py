"""`verify` and `sign`: where token, root and audience come from, and what comes back."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api.auditing import audit
from kanoniv_auth.core.envelope import envelope_view
from kanoniv_auth.core.errors import UsageError


@pytest.fixture
def token(home: Path) -> str:
    ka.init_root()
    return ka.delegate(["deploy.staging", "build"], "1h", name="bot")


def test_the_result_reads_like_the_published_one(token: str) -> None:
    result = ka.verify("deploy.staging", token)
    assert {name: result[name] for name in result.keys()} == {  # noqa: SIM118
        "valid": True,
        "agent_did": ka.resolve_name("bot"),
        "root_did": ka.load_root().did,
        "scopes": ("build", "deploy.staging"),
        "expires_at": result.expires_at,
        "ttl_remaining": result.ttl_remaining,
        "chain_depth": 1,
        "name": "bot",
        "audience": "",
    }
    assert type(result.expires_at) is int
    assert result.ttl_remaining is not None
    assert 3590 <= result.ttl_remaining <= 3600
    assert dict(result)["valid"] is True
    with pytest.raises(KeyError):
        result["nope"]
    with pytest.raises(AttributeError):
        result.valid = False


def test_where_the_token_comes_from(
    token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert ka.verify("build")
    monkeypatch.setenv("KANONIV_TOKEN", token + "\n")
    assert ka.verify("build")
    monkeypatch.setenv("KANONIV_TOKEN", "kd2.x~sy")
    with pytest.raises(ka.TokenParseError):
        ka.verify("build")
    # empty is not absent: it must not mean the token that lies in the home
    monkeypatch.setenv("KANONIV_TOKEN", "")
    with pytest.raises(UsageError):
        ka.verify("build")
    (tmp_path / "t").write_text(token)
    assert ka.load_token(tmp_path / "t") == token
    with pytest.raises(UsageError):
        ka.load_token(tmp_path / "missing")


@pytest.mark.parametrize("action", ["", "deploy/staging", "deploy.", "é", "a" * 201])
def test_an_action_outside_the_grammar_is_a_typing_error(token: str, action: str) -> None:
    with pytest.raises(UsageError):
        ka.verify(action, token)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "kd2.",
        "kd2.~s",
        "eyJhIjoxfQ",
        "kdb2.AAAA.BBBB",
        "kd2." + "A" * 20000,
        "kd2.é~sx",
        "\ud800",
    ],
)
def test_a_malformed_token_is_a_parse_error(token: str, text: str) -> None:
    with pytest.raises(ka.TokenParseError) as caught:
        ka.verify("build", text)
    assert text == "" or text not in str(caught.value)


def test_audience(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ka.init_root()
    token = ka.delegate("build", audience="svc")
    assert ka.verify("build", token, audience="svc").audience == "svc"
    for audience in (None, "other"):
        with pytest.raises(ka.AudienceMismatch):
            ka.verify("build", token, audience=audience)
    monkeypatch.setenv("KANONIV_AUDIENCE", "svc")
    assert ka.verify("build", token)
    with pytest.raises(ka.AudienceMismatch):
        ka.verify("build", ka.delegate("build"))
    monkeypatch.setenv("KANONIV_AUDIENCE", "")
    with pytest.raises(UsageError):
        ka.verify("build", token)


def test_root_and_root_did_are_one(token: str) -> None:
    with pytest.raises(TypeError):
        ka.verify("build", token, root=ka.load_root(), root_did=ka.load_root().did)


def test_expiry(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ka.init_root()
    token = ka.delegate("build", 60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    with pytest.raises(ka.TokenExpired):
        ka.verify("build", token)
    with pytest.raises(ka.TokenExpired):
        ka.sign("build", token)
    with pytest.raises(ka.TokenExpired):
        ka.delegate("build", parent=token)
    assert [row["expired"] for row in ka.list_tokens()] == [True]


def test_sign_makes_a_receipt_that_audit_proves(token: str, home: Path) -> None:
    first = ka.sign("build", token, target="x", metadata={"run": 42, "ok": True})
    second = ka.sign("deploy.staging.eu", token, result="failure: ünusual \n text")
    found = audit([second, first])
    assert [(row.action, row.target, row.result, row.seq) for row in found] == [
        ("build", "x", "success", found[0].seq),
        ("deploy.staging.eu", "", "failure: ünusual \n text", found[0].seq + 1),
    ]
    assert found[0].metadata == {"run": 42, "ok": True}
    assert len(list((home / "receipts").iterdir())) >= 2


def test_sign_only_what_is_granted(token: str, home: Path) -> None:
    with pytest.raises(ka.ScopeViolation):
        ka.sign("deploy.prod", token)
    wrong: list[dict[str, Any]] = [{"a": 1.5}, {"a": None}, {"a": {}}, {"a": "\ud800"}]
    for metadata in wrong:
        with pytest.raises(UsageError):
            ka.sign("build", token, metadata=metadata)
    assert not (home / "receipts").exists() or not any((home / "receipts").iterdir())


def test_sign_needs_the_holders_key(token: str, home: Path) -> None:
    for path in (home / "keys").iterdir():
        path.unlink()
    assert ka.verify("build", token)
    with pytest.raises(ka.HolderUnproven):
        ka.sign("build", token)


def test_the_json_form_is_compared_as_json(token: str) -> None:
    envelope = ka.sign("build", token, metadata={"ok": True})
    shown = envelope_view(audit([envelope])[0])
    assert audit([json.dumps(shown)])
    assert audit([json.dumps({"envelope": envelope})])
    wrong: list[dict[str, Any]] = [
        {"metadata": {"ok": 1}}, {"timestamp": str(shown["timestamp"])}, {"extra": 1}, {"chain_depth": True},
        {"envelope": None},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(ka.SignatureInvalid):
            audit([json.dumps({**shown, **change})])
    for text in ("{", "{}x", '{"envelope":"x","envelope":"y"}', '{"a":' + "[" * 100000):
        with pytest.raises(ka.TokenParseError):
            audit([text])


def test_a_gap_in_a_stream_is_found(token: str) -> None:
    envelopes = [ka.sign("build", token) for _ in range(3)]
    audit(envelopes)
    with pytest.raises(ka.SignatureInvalid):
        audit([envelopes[0], envelopes[2]])
    assert len(audit([envelopes[0], envelopes[1], envelopes[1]])) == 2
