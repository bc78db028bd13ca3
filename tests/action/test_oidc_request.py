"""The runner's token endpoint: not there, there but broken, or an answer that is not what was asked for."""

from __future__ import annotations

import json

import pytest

from tests.action.standin import (
    REQUEST_TOKEN,
    Heard,
    Reply,
    Scene,
    audience_of,
    exchanges,
    grant,
    jwt,
    token_for,
    tokens,
)
from tests.action.step import ROOT

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"


def test_the_permission_is_missing(keyless: Scene) -> None:
    """The exact lines to add, and that they take the place of all others."""
    del keyless.job.environ[URL], keyless.job.environ[TOKEN]
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-004"])
    assert "permissions: { contents: read, id-token: write }" in refused.lines[0]
    assert "resets all others" in refused.lines[0]
    block = "```yaml\npermissions:\n  contents: read\n  id-token: write # an OIDC token for this job\n```"
    assert block in refused.summary
    assert keyless.server.heard == []
    keyless.nothing_left(refused)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({TOKEN: ""}, f"{TOKEN} is not set"),
        ({URL: ""}, f"{URL} is not set"),
        ({URL: "http://token.example/?api-version=2.0"}, f"{URL} is malformed"),
        ({URL: "https://user@token.example/"}, f"{URL} is malformed"),
        ({URL: "https://token.example/?a b"}, f"{URL} is malformed"),
        ({URL: "https://token.example/?a=1#b"}, f"{URL} is malformed"),
        ({URL: "file:///etc/passwd"}, f"{URL} is malformed"),
        ({TOKEN: "one\r\nX-Injected: two"}, f"{TOKEN} is malformed"),
    ],
)
def test_half_there(keyless: Scene, changes: dict[str, str], detail: str) -> None:
    keyless.job.environ |= changes
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-005"])
    assert detail in refused.lines[0]
    assert keyless.server.heard == []


BROKEN = {
    "html": Reply(body=b"<html>sign in</html>"),
    "no value": Reply(body=b'{"count": 1}'),
    "null": Reply(body=b"null"),
    "not text": Reply(body=b'{"value": 7}'),
    "no jwt": Reply(body=b'{"value": "token"}'),
    "a command": Reply(body=json.dumps({"value": "a.b.c\n::set-output name=x::y"}).encode()),
    "payload is no object": Reply(body=json.dumps({"value": jwt(b"[1, 2]")}).encode()),
    "payload is no json": Reply(body=json.dumps({"value": jwt(b"\xff\xfe-")}).encode()),
    "too long": Reply(body=json.dumps({"value": jwt({"x": "y" * 20000})}).encode()),
    "huge": Reply(body=b"{" + b" " * 10_000_000 + b"}"),
    "forbidden": Reply(403, b"{}"),
    "dead": Reply(500, b"{}"),
    "redirect": Reply(302, headers={"Location": "https://elsewhere.example/"}),
    "deep": Reply(body=b"[" * 60000),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken(keyless: Scene, how: str) -> None:
    keyless.endpoint = lambda _: BROKEN[how]
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-005"])
    assert exchanges(keyless.server.heard) == []
    assert len(keyless.server.heard) == 1
    assert "set-output" not in "\n".join(refused.lines)
    keyless.nothing_left(refused)


@pytest.mark.parametrize("aud", ["https://github.com/octo-org", ["list"], None, 5, "::error::x"])
def test_a_token_for_somebody_else_is_sent_nowhere(keyless: Scene, aud: object) -> None:
    def other(heard: Heard) -> Reply:
        return Reply(body=json.dumps({"value": token_for(audience_of(heard), aud=aud)}).encode())

    keyless.endpoint = other
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-006"])
    assert exchanges(keyless.server.heard) == []
    keyless.nothing_left(refused)


def test_the_endpoints_redirect_gets_no_credentials(keyless: Scene) -> None:
    keyless.endpoint = lambda _: Reply(
        307, headers={"Location": f"{keyless.server.url}/token?stolen"}
    )
    keyless.mint()
    assert [one.path.partition("?")[2][:3] for one in keyless.server.heard] == ["api"]


def test_it_recovers(keyless: Scene) -> None:
    """What may pass by itself is tried again, the token endpoint included."""
    failures = iter([503, 429])
    well = keyless.endpoint

    def flaky(heard: Heard) -> Reply:
        status = next(failures, 200)
        return well(heard) if status == 200 else Reply(status, headers={"Retry-After": "0"})

    keyless.endpoint = flaky
    assert keyless.mint(max_attempts="3").exit == 0
    assert len(tokens(keyless.server.heard)) == 3


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("?api-version=2.0", "/token?api-version=2.0&audience="),
        ("?a=1&audience=other&b=%2F", "/token?a=1&b=%2F&audience="),
        ("?", "/token?audience="),
    ],
)
def test_the_audience_joins_the_query(keyless: Scene, query: str, sent: str) -> None:
    keyless.job.environ[URL] = f"{keyless.server.url}/token{query}"
    minted = keyless.mint(audience="https://a.example/x?y&z={did}")
    assert minted.exit == 0
    path = keyless.server.heard[0].path
    assert path.startswith(sent)
    assert path.count("audience=") == 1
    assert audience_of(keyless.server.heard[0]).startswith("https://a.example/x?y&z=did:agent:")


def test_masks_come_first_on_raw_stdout(keyless: Scene) -> None:
    """No runner masks here: what stands before its own ::add-mask:: would be seen by everybody."""
    keyless.service = grant
    minted = keyless.mint(debug_claims="true", api_key="kas_" + "q" * 43)
    secrets = {
        REQUEST_TOKEN,
        "kas_" + "q" * 43,
        minted.outputs["token"],
        *[one.json["oidc_token"] for one in exchanges(keyless.server.heard)],
    }
    for secret in secrets:
        head, mark, _ = minted.stdout.partition(f"::add-mask::{secret}\n")
        assert mark
        assert secret not in head
        assert all(secret not in line for line in minted.lines)
        assert secret not in minted.summary
    assert minted.stdout.splitlines()[0].startswith("::add-mask::")


@pytest.mark.parametrize("name", ["bootstrap.sh", "bootstrap.ps1"])
def test_installers_do_not_get_the_request_token(name: str) -> None:
    """Whoever has it gets OIDC tokens of this job; the mint step alone needs it."""
    text = (ROOT / "scripts" / name).read_text(encoding="utf-8")
    (taken,) = [line for line in text.splitlines() if "INPUT_PARENT_TOKEN" in line]
    assert TOKEN in taken
